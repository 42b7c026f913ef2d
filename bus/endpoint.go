package bus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// connectWithin bounds one attempt to connect to one server.
const connectWithin = 5 * time.Second

// pingEvery is the interval of pings; a server counts as dead after three without an answer.
const pingEvery = 10 * time.Second

// Endpoint is the address of a NATS and how to log in. It holds no connection. Make one with External or
// Embedded.Endpoint.
type Endpoint struct {
	url      string
	display  string // the URL without a password
	embedded bool
	options  []nats.Option
	login    *atomic.Pointer[ExternalOptions] // of an external one: what it logs in with
}

// String names the servers, without a password.
func (e Endpoint) String() string {
	if e.embedded {
		return "embedded " + e.display
	}
	return e.display
}

// URL is where other programs find the servers, without a password.
func (e Endpoint) URL() string { return e.display }

// ExternalOptions says where an external NATS is and how to log in: with a credentials file, user and password, a
// token, a client certificate, or not at all. As NATS allows, passwords and tokens may also stand in the URL.
type ExternalOptions struct {
	// URL lists the servers of one cluster, separated by commas: nats://host:4222, tls://host:4222, wss://host.
	URL string
	// CredentialsFile is a .creds file (JWT and seed) or an nkey (seed). It is read again for each connection.
	CredentialsFile string
	User, Password  string
	Token           string
	// CAFile has the certificates to trust in place of the system's; CertFile and KeyFile are our own. All PEM.
	CAFile, CertFile, KeyFile string
}

// External checks the options and their files. It does not connect: it is no error if NATS is away.
func External(o ExternalOptions) (Endpoint, error) {
	display, err := checkURL(o.URL)
	if err != nil {
		return Endpoint{}, err
	}
	e := Endpoint{url: o.URL, display: display, login: &atomic.Pointer[ExternalOptions]{}}
	e.login.Store(&o)
	auth, err := o.auth(e.login)
	if err != nil {
		return Endpoint{}, err
	}
	if auth != nil {
		e.options = append(e.options, auth)
	}
	secure, err := o.tls()
	if err != nil {
		return Endpoint{}, err
	}
	if secure != nil {
		e.options = append(e.options, nats.Secure(secure))
	}
	return e, nil
}

// CheckLogin says what would be wrong with SetLogin.
func (e Endpoint) CheckLogin(o ExternalOptions) error {
	if e.login == nil {
		return nil
	}
	if _, err := o.auth(e.login); err != nil {
		return err
	}
	if now := e.login.Load(); now.way() != o.way() {
		return fmt.Errorf("nats: another way to log in (%s in place of %s) needs a restart", o.way(), now.way())
	}
	return nil
}

// SetLogin is for another user and password, or token, without a restart: each connection that is made from now on logs in
// with it. Running ones stay. Credentials files need no call: they are read for each connection. A different way to log in
// needs a restart (CheckLogin).
func (e Endpoint) SetLogin(o ExternalOptions) {
	if e.login != nil {
		e.login.Store(&o)
	}
}

// way is how it logs in.
func (o ExternalOptions) way() string {
	switch {
	case o.CredentialsFile != "":
		return "credentials file"
	case o.User != "":
		return "user and password"
	case o.Token != "":
		return "token"
	}
	return "nothing"
}

func checkURL(urls string) (display string, err error) {
	var shown []string
	for i, s := range strings.Split(urls, ",") {
		s = strings.TrimSpace(s)
		if !strings.Contains(s, "://") {
			s = "nats://" + s
		}
		// The error of url.Parse would show a password.
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return "", fmt.Errorf("nats url: server %d of the list is not a URL; write nats://host:4222", i+1)
		}
		switch u.Scheme {
		case "nats", "tls", "ws", "wss":
		default:
			return "", fmt.Errorf("nats url: NATS does not speak %s://%s; use nats://, tls://, ws:// or wss://",
				u.Scheme, u.Host)
		}
		shown = append(shown, u.Scheme+"://"+u.Host)
	}
	return strings.Join(shown, ","), nil
}

func (o ExternalOptions) auth(login *atomic.Pointer[ExternalOptions]) (nats.Option, error) {
	ways := 0
	for _, given := range []bool{o.CredentialsFile != "", o.User != "" || o.Password != "", o.Token != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return nil, errors.New("nats: more than one way to log in is given; " +
			"keep either the credentials file, or user and password, or the token")
	case o.CredentialsFile != "":
		content, err := os.ReadFile(o.CredentialsFile)
		if err != nil {
			return nil, fmt.Errorf("nats credentials file: %w; correct the path, or make one with `nsc generate creds`", err)
		}
		defer clear(content)
		if isNKey(content) && !strings.Contains(string(content), "NATS USER JWT") {
			return nats.NkeyOptionFromSeed(o.CredentialsFile)
		}
		if !strings.Contains(string(content), "NATS USER JWT") {
			return nil, fmt.Errorf("nats credentials file: %s is not a .creds file, nor an nkey; "+
				"make one with `nsc generate creds`",
				o.CredentialsFile)
		}
		return nats.UserCredentials(o.CredentialsFile), nil
	case o.User == "" && o.Password != "":
		return nil, errors.New("nats: a password is given without a user; give both, or a token alone")
	case o.User != "":
		return nats.UserInfoHandler(func() (string, string) { now := login.Load(); return now.User, now.Password }), nil
	case o.Token != "":
		return nats.TokenHandler(func() string { return login.Load().Token }), nil
	}
	return nil, nil
}

// tls returns nil when no file is named; a tls:// URL then trusts what the system trusts.
func (o ExternalOptions) tls() (*tls.Config, error) {
	if o.CAFile == "" && o.CertFile == "" && o.KeyFile == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("nats ca file: %w; correct the path, or leave it out to trust the system's certificates",
				err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("nats ca file: %s holds no PEM certificate", o.CAFile)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("nats: a client certificate needs both its certificate file and its key file")
	}
	if o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("nats client certificate: %w; both files must exist, be PEM and belong together", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// Connect opens a connection for everything but the relay and Watch, which manage their own. It reconnects for ever
// and does not buffer, so a request fails at once while NATS is away. Connect succeeds even then. The caller closes
// the connection.
func (e Endpoint) Connect(name string, log *slog.Logger) (*nats.Conn, error) {
	return e.connect(name, log, func() {})
}

// connect is Connect; it calls gone each time the connection is lost.
func (e Endpoint) connect(name string, log *slog.Logger, gone func()) (*nats.Conn, error) {
	log = log.With("server", e.String(), "as", name)
	return e.dial(context.Background(), name,
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.ReconnectBufSize(-1),
		nats.ReconnectWait(retryFirst), nats.ReconnectJitter(retryFirst, retryFirst),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			gone()
			if err != nil {
				log.Warn("nats away", "err", err)
			}
		}),
		nats.ConnectHandler(func(*nats.Conn) { log.Info("nats connected") }),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("nats connected") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("nats error", "err", err) }),
	)
}

// dial connects once. Ending ctx ends the attempt, not the connection.
func (e Endpoint) dial(ctx context.Context, name string, options ...nats.Option) (*nats.Conn, error) {
	all := append([]nats.Option{
		nats.Name(name), nats.Timeout(connectWithin), nats.PingInterval(pingEvery), nats.SetCustomDialer(dialer{ctx}),
	}, e.options...)
	return nats.Connect(e.url, append(all, options...)...)
}

// dialer lets a context end an attempt to connect.
type dialer struct{ ctx context.Context }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: connectWithin}).DialContext(d.ctx, network, address)
}
