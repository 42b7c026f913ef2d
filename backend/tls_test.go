package backend_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/endpoint"
	"countersign/backend/stub"
)

// authority signs certificates and knows where they are.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
	file string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der := a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign},
		&a.key.PublicKey)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.file = a.write("ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) sign(c *x509.Certificate, key *ecdsa.PublicKey) []byte {
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: "test"}
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	c.NotBefore = time.Now().Add(-2 * time.Hour)
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key, a.key)
	require.NoError(a.t, err)
	return der
}

func (a *authority) write(name, kind string, der []byte) string {
	path := filepath.Join(a.dir, name)
	require.NoError(a.t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

// leaf writes a certificate and its key.
func (a *authority) leaf(name string, c x509.Certificate) (cert, key string) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	der, err := x509.MarshalECPrivateKey(k)
	require.NoError(a.t, err)
	return a.write(name+".pem", "CERTIFICATE", a.sign(&c, &k.PublicKey)), a.write(name+"-key.pem", "EC PRIVATE KEY", der)
}

func (a *authority) server(crm *stub.CRM, c x509.Certificate, clients bool) string {
	cert, key := a.leaf("server", c)
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(a.t, err)
	s := httptest.NewUnstartedServer(crm)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: x509.NewCertPool()}
	s.TLS.ClientCAs.AddCert(a.cert)
	if clients {
		s.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	}
	s.EnableHTTP2 = true
	s.StartTLS()
	a.t.Cleanup(s.Close)
	return s.URL
}

var onLoopback = x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}

// In TLS 1.3 a server may refuse our certificate when we have sent the request already, and its word may be lost.
const refused = "it refused the TLS connection|the connection was reset|closed in mid-answer"

func TestMutualTLS(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t), newAuthority(t)
	client := x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	cert, key := ours.leaf("client", client)
	strange, strangeKey := other.leaf("client", client)
	expired, elsewhere := onLoopback, onLoopback
	expired.NotAfter = time.Now().Add(-time.Hour)
	elsewhere.IPAddresses, elsewhere.DNSNames = nil, []string{"crm.example"}
	for name, c := range map[string]struct {
		server x509.Certificate
		tls    endpoint.TLS
		says   string // empty: success
	}{
		"both know each other":            {onLoopback, endpoint.TLS{CA: ours.file, Cert: cert, Key: key}, ""},
		"we have no certificate":          {onLoopback, endpoint.TLS{CA: ours.file}, refused},
		"ours is signed by somebody else": {onLoopback, endpoint.TLS{CA: ours.file, Cert: strange, Key: strangeKey}, refused},
		"theirs is signed by nobody": {onLoopback, endpoint.TLS{Cert: cert, Key: key},
			"not signed by an authority that we trust"},
		"theirs is signed by another": {onLoopback, endpoint.TLS{CA: other.file, Cert: cert, Key: key},
			"not signed by an authority that we trust"},
		"theirs has expired":         {expired, endpoint.TLS{CA: ours.file, Cert: cert, Key: key}, "not valid"},
		"theirs is for another host": {elsewhere, endpoint.TLS{CA: ours.file, Cert: cert, Key: key}, "for another host"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crm := stub.NewCRM(canaryToken, []stub.Customer{ada})
			a := *ours
			a.t, a.dir = t, t.TempDir()
			s := crmSettings(t, a.server(crm, c.server, true))
			s.TLS = c.tls
			ok, err := directory(t, s, local(t), nil).Check(deadline(t), "C-1001", "pin", secret(canaryPIN))
			assert.Equal(t, c.says == "", ok)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, endpoint.ErrUnavailable)
			assert.Regexp(t, c.says, err.Error())
			assert.Zero(t, crm.Asked())
		})
	}
}

func TestFaultsOverTLS(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	for name, f := range everyFault {
		if f.fault == (stub.Fault{}) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crm := stub.NewCRM(canaryToken, []stub.Customer{ada})
			a := *ours
			a.t, a.dir = t, t.TempDir()
			s := crmSettings(t, a.server(crm, onLoopback, false))
			s.TLS.CA = ours.file
			d := directory(t, s, local(t), nil)
			_, err := d.ByPhone(deadline(t), "+4930123456")
			require.NoError(t, err)
			if f.says == tooLate {
				s.Timeout = time.Second
				d = directory(t, s, local(t), nil)
			}
			crm.Break(f.fault)
			began := time.Now()
			all, err := d.ByPhone(deadline(t), "+4930123456")
			require.ErrorContains(t, err, f.says)
			assert.Empty(t, all)
			assert.Less(t, time.Since(began), 2*s.Timeout+busy)
		})
	}
}

func TestARenewedCertificateIsUsed(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t), newAuthority(t)
	usage := x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	cert, key := ours.leaf("client", usage)
	strange, strangeKey := other.leaf("client", usage)
	copyOver := func(from, to string) {
		b, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to, b, 0o600))
	}
	mine, mineKey := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	copyOver(strange, mine)
	copyOver(strangeKey, mineKey)
	s := crmSettings(t, ours.server(stub.NewCRM(canaryToken, []stub.Customer{ada}), onLoopback, true))
	s.TLS = endpoint.TLS{CA: ours.file, Cert: mine, Key: mineKey}
	d := directory(t, s, local(t), nil)
	require.Error(t, d.Reach(deadline(t)))
	copyOver(cert, mine)
	copyOver(key, mineKey)
	require.NoError(t, d.Reach(deadline(t)))
}
