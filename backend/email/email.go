// Package email sends one-time codes by e-mail, through the company's mail server.
package email

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"countersign/internal/mailserver"
	"countersign/session"
)

// Settings say how a code is mailed. Without a server none is.
type Settings struct {
	mailserver.Server `yaml:",inline"`
	// Brand names the company. Default: the name in From.
	Brand string `yaml:"brand"`
	// Texts are the mails by language. A language without one uses that of its first part (de for de-AT), then English.
	// Default: en and de.
	Texts map[string]Text `yaml:"texts"`
}

// Text is a mail. {brand} is the company, {minutes} how long the code is valid. {code} is required in the Body and must
// not be in the Subject: mail servers log subjects, and locked telephones show them.
type Text struct {
	Subject string `yaml:"subject"`
	Body    string `yaml:"body"`
}

var defaultTexts = map[string]Text{
	"en": {
		Subject: "Your code for your call with {brand}",
		Body: `Your code is {code}

Key it on your telephone, in the call that you have with {brand} right now.
It is valid for {minutes} minutes and for that call alone.

Do not pass it on: nobody of {brand} asks for it in a conversation, a message or a mail.

If you are not on the telephone with {brand}, somebody else may be calling
in your name. They cannot go on without this code, and you need not do anything.
`,
	},
	"de": {
		Subject: "Ihr Code für Ihren Anruf bei {brand}",
		Body: `Ihr Code: {code}

Geben Sie ihn auf Ihrem Telefon ein, in dem Anruf, den Sie gerade mit
{brand} führen. Er gilt {minutes} Minuten und nur für diesen Anruf.

Geben Sie ihn nicht weiter: Niemand von {brand} fragt im Gespräch, in einer
Nachricht oder einer E-Mail danach.

Wenn Sie gerade nicht mit {brand} telefonieren, ruft vielleicht jemand in
Ihrem Namen an. Ohne diesen Code kommt er nicht weiter, und Sie müssen nichts
tun.
`,
	},
}

// within bounds a mail with connecting and logging in: a caller is waiting.
const within = 8 * time.Second

// maxTextLength bounds a mail.
const maxTextLength = 4000

// Check returns everything that is wrong; each error begins with the setting's name. The password is not required, as
// it may come from the environment.
func (s Settings) Check() (errs []error) {
	errs = s.Server.Check()
	if s.Server.Server == "" {
		return errs
	}
	if s.TLS == mailserver.NoTLS && !s.IsHere() {
		errs = append(errs, fmt.Errorf("tls is %s: the codes would cross the network readable; set %s or %s",
			mailserver.NoTLS, mailserver.StartTLS, mailserver.ImplicitTLS))
	}
	for _, language := range slices.Sorted(maps.Keys(s.Texts)) {
		t := s.Texts[language]
		say := func(format string, a ...any) {
			errs = append(errs, fmt.Errorf("texts."+language+"."+format, a...))
		}
		if !strings.Contains(t.Body, "{code}") || len(t.Body) > maxTextLength {
			say("body: it must have {code} in it and be no longer than %d bytes", maxTextLength)
		}
		if strings.Contains(t.Subject, "{code}") || t.Subject == "" || len(t.Subject) > 200 ||
			strings.ContainsFunc(t.Subject, func(r rune) bool { return r < ' ' }) {
			say("subject: it must be one line of up to 200 bytes, without {code}: subjects are logged")
		}
	}
	if len(s.Brand) > 60 || strings.ContainsFunc(s.Brand, func(r rune) bool { return r < ' ' }) {
		errs = append(errs, errors.New("brand: it must be one line of up to 60 bytes"))
	}
	return errs
}

// Sender is a steps.Sender. It is safe for use by several goroutines.
type Sender struct {
	settings Settings
	from     *mail.Address
	brand    string
}

// New checks the settings; it does not connect.
func New(s Settings) (*Sender, error) {
	errs := s.Check()
	if s.User != "" && s.Password == "" {
		errs = append(errs, errors.New("password is missing: set COUNTERSIGN_EMAIL_PASSWORD"))
	}
	from, err := mail.ParseAddress(s.From)
	if err != nil && len(errs) == 0 {
		errs = append(errs, errors.New("server is missing"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("email: %w", err)
	}
	texts := maps.Clone(defaultTexts)
	for language, t := range s.Texts {
		texts[strings.ToLower(language)] = t
	}
	s.Texts = texts
	brand := s.Brand
	if brand == "" {
		brand = from.Name
	}
	if brand == "" {
		_, brand, _ = strings.Cut(from.Address, "@")
	}
	return &Sender{settings: s, from: from, brand: brand}, nil
}

// Send implements steps.Sender. It neither keeps nor wipes the code. It gives up after 8 s. An error means that the
// server has not taken the mail as far as we know; it has neither the code nor the address.
func (s *Sender) Send(ctx context.Context, m session.Message) error {
	address, err := session.ReadEmail(m.To)
	if err != nil {
		return errors.New("send a mail: the address is not one")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("no answer within %s", within))
	defer cancel()
	failed := func(what string, err error) error {
		if code := mailserver.Refusal(err); code != "" {
			return fmt.Errorf("send a mail through %s: %s: refused with %s", s.settings.Server.Server, what, code)
		}
		return fmt.Errorf("send a mail through %s: %s: %w", s.settings.Server.Server, what, err)
	}
	conn, err := s.settings.Connect(ctx, within)
	if err != nil {
		return failed("connect", err)
	}
	defer conn.Close()
	msg, err := s.write(m, address)
	if err != nil {
		return err
	}
	if accepted, err := conn.Send(ctx, msg); !accepted {
		if mailserver.Refusal(err) == "" && context.Cause(ctx) == nil {
			err = errors.New("the connection broke") // its text may have the address
		}
		return failed("hand over", err)
	}
	return nil
}

// write writes the mail. Its text is a string, which cannot be wiped: the library keeps it until the mail is gone.
func (s *Sender) write(m session.Message, to string) (*gomail.Msg, error) {
	primary, _, _ := strings.Cut(strings.ToLower(m.Language), "-")
	text, ok := s.settings.Texts[strings.ToLower(m.Language)]
	if !ok {
		text, ok = s.settings.Texts[primary]
	}
	if !ok {
		text = s.settings.Texts["en"]
	}
	minutes := strconv.Itoa(max(1, int(m.Lifetime.Minutes())))
	fill := strings.NewReplacer("{brand}", s.brand, "{minutes}", minutes, "{code}", string(m.Code.Reveal()))
	msg := gomail.NewMsg()
	msg.FromMailAddress(s.from)
	if err := msg.To(to); err != nil {
		return nil, errors.New("send a mail: the address is not one")
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	msg.SetMessageIDWithValue(rand.Text() + "@" + domain) // the library's own would name this machine
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // no out-of-office replies
	msg.Subject(fill.Replace(text.Subject))
	msg.SetBodyString(gomail.TypeTextPlain, fill.Replace(text.Body))
	return msg, nil
}
