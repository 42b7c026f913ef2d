package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"countersign/internal/mailserver"
)

// Mail is the mail server.
type Mail mailserver.Server

// Password is the server's.
type Password = mailserver.Password

// Encryption of the connection to the server.
const (
	StartTLS    = mailserver.StartTLS
	ImplicitTLS = mailserver.ImplicitTLS
	NoTLS       = mailserver.NoTLS
)

// mailWithin bounds each step: connect, log in, hand over the mail.
const mailWithin = 2 * time.Minute

// send sends the mail once per address, so that one refused address affects no other. The addresses in sent have it,
// even with an error.
func (m Mail) send(ctx context.Context, l letter) (sent []string, err error) {
	if m.User != "" && m.Password == "" {
		return nil, errors.New("reports.mail has a user and no password: set COUNTERSIGN_SMTP_PASSWORD")
	}
	conn, err := mailserver.Server(m).Connect(ctx, mailWithin)
	if err != nil {
		return nil, fmt.Errorf("mail through reports.mail.server %s: %w", m.Server, err)
	}
	defer conn.Close()
	var errs []error
	for _, to := range l.to {
		msg, err := m.write(l, to)
		accepted := false
		if err == nil {
			accepted, err = conn.Send(ctx, msg)
		}
		// Once the server has accepted it, no later error may cause it to be sent again.
		if accepted {
			sent = append(sent, to)
			continue
		}
		errs = append(errs, fmt.Errorf("mail to %s through %s: %w", to, m.Server, err))
		if conn.Reset() != nil { // it hung up
			break
		}
	}
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
