// Package mailserver connects to a mail server by SMTP. It writes no mail and chooses no recipient.
package mailserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Server is a mail server and how to log in to it.
type Server struct {
	// Server is HOST:PORT.
	Server string `yaml:"server"`
	// From is the sender's address, with or without a name.
	From     string   `yaml:"from"`
	User     string   `yaml:"user"`
	Password Password `yaml:"password"`
	// TLS is StartTLS, ImplicitTLS or NoTLS; CA a PEM file with the authority to trust in place of the system's.
	TLS string `yaml:"tls"`
	CA  string `yaml:"ca"`
}

// Encryption of the connection to the server.
const (
	StartTLS    = "starttls"
	ImplicitTLS = "implicit"
	NoTLS       = "none"
)

// Password is redacted in logs and errors.
type Password string

// Format prints the same for every verb.
func (Password) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// LogValue keeps it out of slog.
func (Password) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Check returns everything that is wrong; each error begins with the setting's name. Without a Server only TLS is
// checked.
func (s Server) Check() (errs []error) {
	say := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if !slices.Contains([]string{StartTLS, ImplicitTLS, NoTLS}, s.TLS) {
		say("tls is %q: it can be %s, %s or %s", s.TLS, StartTLS, ImplicitTLS, NoTLS)
	}
	if s.Server == "" {
		return errs
	}
	host, port, err := net.SplitHostPort(s.Server)
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil || host == "" {
		say("server is %q: it must be HOST:PORT, such as smtp.example:587", s.Server)
	}
	if _, err := netmail.ParseAddress(s.From); err != nil {
		say("from is %q: it must be an address, such as countersign@bank.example", s.From)
	}
	if s.Password != "" && s.User == "" {
		say("user is missing, but there is a password")
	}
	if s.TLS == NoTLS && s.Password != "" && !s.IsHere() {
		say("tls is %s: the password for %s would cross the network unencrypted; set %s or %s", NoTLS, host,
			StartTLS, ImplicitTLS)
	}
	return errs
}

// IsHere says that the server is on this machine. The library has the same list of names.
func (s Server) IsHere() bool {
	host, _, _ := net.SplitHostPort(s.Server)
	return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host)
}

// Conn is a connection to the server. It is not safe for concurrent use.
type Conn struct {
	client *mail.Client
	conn   *smtp.Client
	hangUp func()
}

// Connect connects and logs in. within bounds each exchange with the server; the connection also ends with ctx. An
// error about a setting begins with its name. Close the Conn.
func (s Server) Connect(ctx context.Context, within time.Duration) (*Conn, error) {
	dial, hangUp := s.dialer(ctx)
	client, err := s.client(dial, within)
	if err != nil {
		return nil, err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		hangUp()
		return nil, because(ctx, err)
	}
	return &Conn{client, conn, hangUp}, nil
}

// Send hands over one message. When accepted is true the server has it, whatever the error says: it must not be sent
// again.
func (c *Conn) Send(ctx context.Context, m *mail.Msg) (accepted bool, err error) {
	err = c.client.SendWithSMTPClient(c.conn, m)
	return err == nil || m.IsDelivered(), because(ctx, err)
}

// Reset makes the connection ready for another message after an error; an error says that the server hung up.
func (c *Conn) Reset() error { return c.client.ResetWithSMTPClient(c.conn) }

// Close says goodbye and ends the connection.
func (c *Conn) Close() {
	_ = c.client.CloseWithSMTPClient(c.conn)
	c.hangUp()
}

// because is the cause of ctx's end, if it has ended, in place of what that did to the connection.
func because(ctx context.Context, err error) error {
	if why := context.Cause(ctx); err != nil && why != nil {
		return why
	}
	return err
}

// Refusal is what the server said in one code such as "550 5.1.1", without its text, which may have the address or
// the mail in it. It is empty if the server refused nothing.
func Refusal(err error) string {
	var refused *mail.SendError
	if !errors.As(err, &refused) || refused.ErrorCode() == 0 {
		return ""
	}
	code := strconv.Itoa(refused.ErrorCode())
	if e := refused.EnhancedStatusCode(); e != "" {
		code += " " + e
	}
	return code
}

// dialer connects. The connection ends with ctx, which the library only checks at the start, and with hangUp, since the
// library leaves it open after a failed login.
func (s Server) dialer(ctx context.Context) (dial mail.DialContextFunc, hangUp func()) {
	end := func() {}
	return func(dialing context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if s.TLS == ImplicitTLS {
			config, wrong := s.tls()
			if wrong != nil {
				return nil, wrong
			}
			conn, err = (&tls.Dialer{Config: config}).DialContext(dialing, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(dialing, network, address)
		}
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		end = func() { stop(); _ = conn.Close() }
		return conn, nil
	}, func() { end() }
}

func (s Server) client(dial mail.DialContextFunc, within time.Duration) (*mail.Client, error) {
	host, port, err := net.SplitHostPort(s.Server)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("server: %q is not a port", port)
	}
	config, err := s.tls()
	if err != nil {
		return nil, err
	}
	options := []mail.Option{
		mail.WithPort(number), mail.WithTimeout(within), mail.WithDialContextFunc(dial), mail.WithTLSConfig(config),
		mail.WithTLSPolicy(mail.TLSMandatory),
	}
	switch s.TLS {
	case ImplicitTLS:
		options = append(options, mail.WithSSL())
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if s.User != "" {
		// The last two refuse to log in without encryption, except to a server on this machine.
		options = append(options, mail.WithUsername(s.User), mail.WithPassword(string(s.Password)),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthCramMD5,
				mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return mail.NewClient(host, options...)
}

func (s Server) tls() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(s.Server)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if s.CA == "" {
		return config, nil
	}
	text, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca: %s holds no certificate in PEM", s.CA)
	}
	return config, nil
}
