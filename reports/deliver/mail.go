package deliver

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
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// Mail is the mail server.
type Mail struct {
	Server   string   `yaml:"server"`
	From     string   `yaml:"from"`
	User     string   `yaml:"user"`
	Password Password `yaml:"password"`
	TLS      string   `yaml:"tls"`
	CA       string   `yaml:"ca"`
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

// mailWithin bounds each step: connect, log in, hand over the mail.
const mailWithin = 2 * time.Minute

// send sends the mail once per address, so that one refused address affects no other. The addresses in sent have it,
// even with an error.
func (m Mail) send(ctx context.Context, l letter) (sent []string, err error) {
	dialer, hangUp := m.dialer(ctx)
	defer hangUp()
	client, err := m.client(dialer)
	if err != nil {
		return nil, err
	}
	because := func(err error) error {
		if why := context.Cause(ctx); why != nil {
			return why
		}
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("mail through %s: %w", m.Server, because(err))
	}
	var errs []error
	for _, to := range l.to {
		msg, err := m.write(l, to)
		if err == nil {
			err = client.SendWithSMTPClient(conn, msg)
		}
		// Once the server has accepted it, no later error may cause it to be sent again.
		if err == nil || msg != nil && msg.IsDelivered() {
			sent = append(sent, to)
			continue
		}
		errs = append(errs, fmt.Errorf("mail to %s through %s: %w", to, m.Server, because(err)))
		if client.ResetWithSMTPClient(conn) != nil { // it hung up
			break
		}
	}
	_ = client.CloseWithSMTPClient(conn)
	return sent, errors.Join(errs...)
}

// write writes the letter to one address.
func (m Mail) write(l letter, to string) (*mail.Msg, error) {
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sender, err := netmail.ParseAddress(m.From)
	if err != nil {
		return nil, fmt.Errorf("reports.mail.from: %w", err)
	}
	msg := mail.NewMsg()
	msg.FromMailAddress(sender)
	if err := msg.To(to); err != nil {
		return nil, fmt.Errorf("mail.to: %w", err)
	}
	msg.SetMessageIDWithValue(l.id + sender.Address[strings.LastIndexByte(sender.Address, '@'):])
	msg.SetDate()
	msg.SetBulk() // no out-of-office replies
	msg.Subject(l.subject)
	msg.SetBodyString(mail.TypeTextPlain, l.text)
	msg.AttachReadSeeker(l.name, l.file)
	return msg, nil
}

// dialer connects. The connection ends with ctx, which the library only checks at the start, and with hangUp, since the
// library leaves it open after a failed login.
func (m Mail) dialer(ctx context.Context) (dial mail.DialContextFunc, hangUp func()) {
	end := func() {}
	return func(dialing context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if m.TLS == ImplicitTLS {
			config, wrong := m.tls()
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

func (m Mail) client(dial mail.DialContextFunc) (*mail.Client, error) {
	host, port, err := net.SplitHostPort(m.Server)
	if err != nil {
		return nil, fmt.Errorf("reports.mail.server: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("reports.mail.server: %q is not a port", port)
	}
	config, err := m.tls()
	if err != nil {
		return nil, err
	}
	options := []mail.Option{
		mail.WithPort(number), mail.WithTimeout(mailWithin), mail.WithDialContextFunc(dial), mail.WithTLSConfig(config),
		mail.WithTLSPolicy(mail.TLSMandatory),
	}
	switch m.TLS {
	case ImplicitTLS:
		options = append(options, mail.WithSSL())
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if m.User != "" {
		if m.Password == "" {
			return nil, errors.New("reports.mail has a user and no password: set COUNTERSIGN_SMTP_PASSWORD")
		}
		// The last two refuse to log in without encryption, except to a server on this machine.
		options = append(options, mail.WithUsername(m.User), mail.WithPassword(string(m.Password)),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthCramMD5,
				mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("reports.mail: %w", err)
	}
	return client, nil
}

func (m Mail) tls() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(m.Server)
	if err != nil {
		return nil, fmt.Errorf("reports.mail.server: %w", err)
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if m.CA == "" {
		return config, nil
	}
	text, err := os.ReadFile(m.CA)
	if err != nil {
		return nil, fmt.Errorf("reports.mail.ca: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reports.mail.ca: %s holds no certificate in PEM", m.CA)
	}
	return config, nil
}
