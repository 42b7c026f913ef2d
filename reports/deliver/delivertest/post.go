// Package delivertest is an SMTP server for tests of what is mailed.
package delivertest

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	netmail "net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// The one user.
const (
	User     = "reports"
	Password = "correct-horse-battery"
)

// Post is an SMTP server on loopback that keeps the mail it gets.
type Post struct {
	// Address is HOST:PORT, CA the file of the CA that signed its certificate.
	Address, CA string

	server *smtp.Server
	auth   bool

	mu     sync.Mutex
	refuse error
	// refuseOnly is the address whose mail is refused; "" refuses all.
	refuseOnly string
	strange    string // an unknown address
	letters    []Letter
}

// Letter is a mail, parsed.
type Letter struct {
	From     string
	To       []string
	Header   netmail.Header
	Text     string
	Name     string
	File     []byte
	LoggedIn bool
}

// New starts a server with the encryption of the setting reports.mail.tls; with auth it requires User and Password.
func New(t *testing.T, encryption string, auth bool) *Post {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return Start(t, l, encryption, auth)
}

// Start is New on a listener.
func Start(t *testing.T, l net.Listener, encryption string, auth bool) *Post {
	t.Helper()
	p := &Post{Address: l.Addr().String(), auth: auth}
	p.server = smtp.NewServer(p)
	p.server.Domain, p.server.ReadTimeout, p.server.WriteTimeout = "localhost", time.Minute, time.Minute
	p.server.ErrorLog = log.New(io.Discard, "", 0)
	certificate, ca := certificates(t)
	p.CA = ca
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	switch encryption {
	case "starttls":
		p.server.TLSConfig = config
	case "implicit":
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

// Refuse makes the server refuse mail with an error; nil accepts it again.
func (p *Post) Refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = err
}

// RefuseOnly is Refuse for mail to one address.
func (p *Post) RefuseOnly(address string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse, p.refuseOnly = err, address
}

// Strange sets the one address that the server does not know; "" knows all.
func (p *Post) Strange(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strange = address
}

// Got is the mail it accepted.
func (p *Post) Got() []Letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Letter{}, p.letters...)
}
