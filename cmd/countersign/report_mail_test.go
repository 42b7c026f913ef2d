package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	mailUser   = "reports"
	mailSecret = "correct-horse-battery"
)

// post is an SMTP server on loopback that keeps what it gets.
type post struct {
	address, ca string
	server      *smtp.Server
	auth        bool

	mu     sync.Mutex
	refuse error
	// refuseOnly is the address whose letters are refused; "" refuses all.
	refuseOnly string
	strange    string // an address that nobody has
	letters    []received
}

// received is a letter, taken apart.
type received struct {
	from     string
	to       []string
	header   netmail.Header
	text     string
	name     string
	file     []byte
	loggedIn bool
}

// newPost starts a server that encrypts as a setting of ours says.
func newPost(t *testing.T, encryption string, auth bool) *post {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return startPost(t, l, encryption, auth)
}

func startPost(t *testing.T, l net.Listener, encryption string, auth bool) *post {
	t.Helper()
	p := &post{address: l.Addr().String(), auth: auth}
	p.server = smtp.NewServer(p)
	p.server.Domain, p.server.ReadTimeout, p.server.WriteTimeout = "localhost", time.Minute, time.Minute
	p.server.ErrorLog = log.New(io.Discard, "", 0)
	certificate, ca := certificates(t)
	p.ca = ca
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	switch encryption {
	case mailStartTLS:
		p.server.TLSConfig = config
	case mailImplicit:
		l = tls.NewListener(l, config)
	default:
		p.server.AllowInsecureAuth = true
	}
	done := make(chan error, 1)
	go func() { done <- p.server.Serve(l) }()
	t.Cleanup(func() {
		_ = p.server.Close()
		<-done
	})
	return p
}

// certificates are one for 127.0.0.1, and the file with the authority that signed it.
func certificates(t *testing.T) (leaf tls.Certificate, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: authority.NotBefore, NotAfter: authority.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, authority, authority, key.Public(), key)
	require.NoError(t, err)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600))
	signed, err = x509.CreateCertificate(rand.Reader, server, authority, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, ca
}

// refuses makes the server answer letters so; nil lets it take them again.
func (p *post) refuses(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = err
}

func (p *post) got() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]received{}, p.letters...)
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return &posting{post: p}, nil }

// posting is one connection.
type posting struct {
	post *post
	now  received
}

func (s *posting) AuthMechanisms() []string {
	if !s.post.auth {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *posting) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != mailUser || password != mailSecret {
			return errors.New("no such user or password")
		}
		s.now.loggedIn = true
		return nil
	}), nil
}

func (s *posting) Mail(from string, _ *smtp.MailOptions) error {
	if s.post.auth && !s.now.loggedIn {
		return smtp.ErrAuthRequired
	}
	s.now.from = from
	return nil
}

func (s *posting) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	if to == s.post.strange {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	s.now.to = append(s.now.to, to)
	return nil
}

func (s *posting) Data(r io.Reader) error {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	if s.post.refuse != nil && (s.post.refuseOnly == "" || s.now.to[0] == s.post.refuseOnly) {
		return s.post.refuse
	}
	if err := s.now.read(r); err != nil {
		return err
	}
	s.post.letters = append(s.post.letters, s.now)
	return nil
}

func (s *posting) Reset()        { s.now = received{loggedIn: s.now.loggedIn} }
func (s *posting) Logout() error { return nil }

func (l *received) read(r io.Reader) error {
	msg, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	l.header = msg.Header
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FileName() == "" {
			text, err := io.ReadAll(quotedprintable.NewReader(part))
			if err != nil {
				return err
			}
			l.text = strings.ReplaceAll(string(text), "\r\n", "\n")
			continue
		}
		l.name = part.FileName()
		if l.file, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, part)); err != nil {
			return err
		}
	}
}

func (p *post) settings(encryption string) mailSettings {
	m := mailSettings{Server: p.address, From: "Countersign <countersign@bank.example>", TLS: encryption, CA: p.ca}
	if p.auth {
		m.User, m.Password = mailUser, mailSecret
	}
	return m
}

func aLetter() letter {
	return letter{id: "daily.1", to: []string{"ops@bank.example", "Anna <anna@bank.example>"}, subject: "Gestern: 5 Anrufe", text: "Calls: 5\nGrüße\n",
		name: "daily-2026-11-21.csv", file: strings.NewReader("a,b\r\n1,2\r\n")}
}

func TestALetterGoesThroughEveryKindOfServer(t *testing.T) {
	t.Parallel()
	for _, encryption := range []string{mailStartTLS, mailImplicit, mailNone} {
		for _, auth := range []bool{true, false} {
			p := newPost(t, encryption, auth)
			sent, err := p.settings(encryption).send(t.Context(), aLetter())
			require.NoError(t, err, encryption)
			assert.Equal(t, aLetter().to, sent)
			got := p.got()
			require.Len(t, got, 2)
			for i, to := range []string{"ops@bank.example", "anna@bank.example"} {
				assert.Equal(t, auth, got[i].loggedIn)
				assert.Equal(t, "countersign@bank.example", got[i].from)
				assert.Equal(t, []string{to}, got[i].to)
				assert.Equal(t, "Gestern: 5 Anrufe", got[i].header.Get("Subject"))
				assert.Equal(t, "<daily.1@bank.example>", got[i].header.Get("Message-Id"))
				assert.Equal(t, "Calls: 5\nGrüße\n", strings.TrimSuffix(got[i].text, "\n")+"\n")
				assert.Equal(t, "daily-2026-11-21.csv", got[i].name)
				assert.Equal(t, "a,b\r\n1,2\r\n", string(got[i].file))
			}
		}
	}
}

func TestAnAddressThatIsRefusedKeepsALetterFromNobodyElse(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(*post){
		"the address":                func(p *post) { p.strange = "bob@bank.example" },
		"the letter for the address": func(p *post) { p.refuse, p.refuseOnly = errors.New("he is on holiday"), "bob@bank.example" },
	} {
		p := newPost(t, mailNone, false)
		refuse(p)
		l := aLetter()
		l.to = []string{"ops@bank.example", "Bob <bob@bank.example>", "Anna <anna@bank.example>"}
		sent, err := p.settings(mailNone).send(t.Context(), l)
		require.ErrorContains(t, err, "mail to Bob <bob@bank.example>", name)
		assert.NotContains(t, err.Error(), "anna", name)
		assert.Equal(t, []string{"ops@bank.example", "Anna <anna@bank.example>"}, sent, name)
		got := p.got()
		require.Len(t, got, 2, name)
		assert.Equal(t, []string{"ops@bank.example"}, got[0].to, name)
		assert.Equal(t, []string{"anna@bank.example"}, got[1].to, name)
		assert.Equal(t, got[0].file, got[1].file, name)
	}
}

func TestALetterDoesNotGoWhereItShouldNot(t *testing.T) {
	t.Parallel()
	plain, encrypted, other := newPost(t, mailNone, false), newPost(t, mailStartTLS, true), newPost(t, mailImplicit, true)
	stranger, wrong, silent, nobody := encrypted.settings(mailStartTLS), encrypted.settings(mailStartTLS), encrypted.settings(mailStartTLS), plain.settings(mailNone)
	stranger.CA, wrong.Password, silent.Password, nobody.Server = other.ca, "battery-staple", "", "127.0.0.1:1"
	implicit := other.settings(mailImplicit)
	implicit.CA = ""
	full := newPost(t, mailNone, false)
	full.refuses(&smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"})
	for name, c := range map[string]struct {
		m    mailSettings
		word string
	}{
		"a server without encryption":        {plain.settings(mailStartTLS), "STARTTLS"},
		"a server of another authority":      {stranger, "certificate"},
		"a server of no authority":           {implicit, "certificate"},
		"a wrong password":                   {wrong, "no such user or password"},
		"no password":                        {silent, "COUNTERSIGN_SMTP_PASSWORD"},
		"nobody there":                       {nobody, "refused"},
		"a server that does not take it":     {full.settings(mailNone), "mailbox full"},
		"a file that holds no certificate":   {mailSettings{Server: "127.0.0.1:1", From: "a@b", TLS: mailImplicit, CA: "report_mail_test.go"}, "no certificate"},
		"a file with an authority not there": {mailSettings{Server: "127.0.0.1:1", From: "a@b", TLS: mailStartTLS, CA: "/none"}, "/none"},
	} {
		sent, err := c.m.send(t.Context(), aLetter())
		require.ErrorContains(t, err, c.word, name)
		assert.Empty(t, sent, name)
		for _, secret := range []string{mailSecret, "battery-staple", base64.StdEncoding.EncodeToString([]byte("\x00" + mailUser + "\x00battery-staple"))} {
			assert.NotContains(t, err.Error(), secret, name)
		}
	}
	for _, p := range []*post{plain, encrypted, other, full} {
		assert.Empty(t, p.got())
	}
}

func TestASendingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // which never says a word
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		if nc, err := l.Accept(); err == nil {
			cancel(errors.New("countersign is stopping"))
			_, _ = io.Copy(io.Discard, nc)
			_ = nc.Close()
		}
	}()
	_, err = mailSettings{Server: l.Addr().String(), From: "a@b.example", TLS: mailStartTLS}.send(ctx, aLetter())
	require.ErrorContains(t, err, "is stopping")
}

func TestAPasswordForMailShowsItselfNowhere(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	m := mailSettings{Password: mailSecret}
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x", m, m, m, m, m.Password, m)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "mail", m, "password", m.Password)
	assert.NotContains(t, out.String(), "correct")
	assert.NotContains(t, out.String(), "636f7272")
	assert.Contains(t, out.String(), "[redacted]")
}
