package bus_test

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
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
)

// ownServer runs a NATS that is not ours.
func ownServer(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	o.JetStream, o.StoreDir = true, t.TempDir()
	o.TLSTimeout, o.AuthTimeout = 60, 60 // seconds
	s, err := server.NewServer(o)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(patience))
	return s
}

func TestAnExternalNATSWithUserAndPassword(t *testing.T) {
	t.Parallel()
	s := ownServer(t, &server.Options{Username: "countersign", Password: "s3cret-word"})

	box := newOutbox(calls(t, "a", 20)...)
	good, err := bus.External(bus.ExternalOptions{URL: s.ClientURL(), User: "countersign", Password: "s3cret-word"})
	require.NoError(t, err)
	r := bus.NewRelay(box, good, bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)
	assert.Equal(t, box.ids(), inStream(t, on(t, good)))

	lines := &logLines{}
	bad, err := bus.External(bus.ExternalOptions{URL: s.ClientURL(), User: "countersign", Password: "wr0ng-word"})
	require.NoError(t, err)
	refused := bus.NewRelay(newOutbox(), bad, bus.RelayConfig{}, slog.New(lines))
	start(t, refused)
	require.Eventually(t, func() bool { return strings.Contains(refused.Status().LastError, "Authorization Violation") },
		patience, time.Millisecond)
	assert.False(t, refused.Status().Connected)
	assert.NotContains(t, lines.all(), "wr0ng")
}

func TestAnExternalNATSThatForbidsPublishingSaysSo(t *testing.T) {
	t.Parallel()
	s := ownServer(t, &server.Options{Users: []*server.User{{Username: "reader", Password: "x",
		Permissions: &server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"$JS.API.>"}}}}}})
	e, err := bus.External(bus.ExternalOptions{URL: s.ClientURL(), User: "reader", Password: "x"})
	require.NoError(t, err)
	r := bus.NewRelay(newOutbox(calls(t, "a", 3)...), e, bus.RelayConfig{}, discard())
	start(t, r)
	require.Eventually(t, func() bool { return strings.Contains(r.Status().LastError, "Permissions Violation") }, patience,
		time.Millisecond)
}

func TestAnExternalNATSWithTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := newCA(t, dir)
	serverCert, serverKey := ca.issue(t, dir, "server")
	clientCert, clientKey := ca.issue(t, dir, "client")
	pair, err := tls.LoadX509KeyPair(serverCert, serverKey)
	require.NoError(t, err)
	s := ownServer(t, &server.Options{TLS: true, TLSVerify: true, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12,
		Certificates: []tls.Certificate{pair}, ClientCAs: ca.pool(), ClientAuth: tls.RequireAndVerifyClientCert}})

	e, err := bus.External(bus.ExternalOptions{URL: s.ClientURL(), CAFile: ca.file, CertFile: clientCert,
		KeyFile: clientKey})
	require.NoError(t, err)
	box := newOutbox(calls(t, "a", 20)...)
	r := bus.NewRelay(box, e, bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)
	assert.Equal(t, box.ids(), inStream(t, on(t, e)))

	untrusting := bus.NewRelay(newOutbox(), external(t, s.ClientURL()), bus.RelayConfig{}, discard())
	start(t, untrusting)
	require.Eventually(t, func() bool { return strings.Contains(untrusting.Status().LastError, "certificate") }, patience,
		time.Millisecond)
}

func TestWrongOptionsForAnExternalNATSAreSaidInASentence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk")
	require.NoError(t, os.WriteFile(junk, []byte("junk"), 0o600))
	missing := filepath.Join(dir, "missing")
	cert, _ := newCA(t, dir).issue(t, dir, "client")
	const url = "nats://nats.example:4222"
	for name, test := range map[string]struct {
		options bus.ExternalOptions
		says    []string
	}{
		"no url":             {bus.ExternalOptions{}, []string{"nats url", "nats://host:4222"}},
		"a url that is none": {bus.ExternalOptions{URL: "nats://u:s3cret-word@a b"}, []string{"nats url: server 1"}},
		"a scheme of others": {bus.ExternalOptions{URL: url + ",https://u:s3cret-word@nats.example"},
			[]string{"https://nats.example", "use nats://"}},
		"credentials file missing": {bus.ExternalOptions{URL: url, CredentialsFile: missing},
			[]string{"credentials file", missing, "nsc generate creds"}},
		"credentials file is junk": {bus.ExternalOptions{URL: url, CredentialsFile: junk},
			[]string{junk, "not a .creds file"}},
		"two ways to log in": {bus.ExternalOptions{URL: url, User: "u", Password: "s3cret-word", Token: "s3cret-word"},
			[]string{"more than one way"}},
		"a password without a user": {bus.ExternalOptions{URL: url, Password: "s3cret-word"}, []string{"without a user"}},
		"ca file missing":           {bus.ExternalOptions{URL: url, CAFile: missing}, []string{"ca file", missing}},
		"ca file is junk":           {bus.ExternalOptions{URL: url, CAFile: junk}, []string{junk, "no PEM certificate"}},
		"certificate without key": {bus.ExternalOptions{URL: url, CertFile: cert},
			[]string{"both its certificate file and its key file"}},
		"certificate and wrong key": {bus.ExternalOptions{URL: url, CertFile: cert, KeyFile: junk},
			[]string{"belong together"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := bus.External(test.options)
			require.Error(t, err)
			for _, part := range test.says {
				assert.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
}

func TestAnEndpointShowsNoPassword(t *testing.T) {
	t.Parallel()
	e := external(t, "nats://u:s3cret-word@nats.example:4222,other.example")
	assert.Equal(t, "nats://nats.example:4222,nats://other.example", e.String())
}

func TestConnectSucceedsWhileNATSIsAwayAndFindsItLater(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	conn, err := external(t, "nats://"+address).Connect("test", discard())
	require.NoError(t, err)
	defer closeAndWait(conn)
	assert.ErrorIs(t, conn.Publish("x", nil), nats.ErrReconnectBufExceeded)

	embeddedIn(t, t.TempDir(), address)
	require.Eventually(t, conn.IsConnected, patience, time.Millisecond)
}

// authority is a certificate authority of the test's own.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newCA(t *testing.T, dir string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	a := &authority{cert: cert, key: key, file: filepath.Join(dir, "ca.pem")}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) issue(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	writePEM(t, certFile, "CERTIFICATE", der)
	writePEM(t, keyFile, "EC PRIVATE KEY", keyDER)
	return certFile, keyFile
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}
