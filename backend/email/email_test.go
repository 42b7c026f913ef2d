package email_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/email"
	"countersign/internal/mailserver"
	"countersign/reports/deliver/delivertest"
	"countersign/session"
)

const (
	canaryCode = "805127"
	address    = "ada@example.org"
)

// through are settings that mail through the server.
func through(p *delivertest.Post, encryption string) email.Settings {
	return email.Settings{Server: mailserver.Server{
		Server: p.Address, From: "Example Bank <no-reply@bank.example>", TLS: encryption, CA: p.CA,
	}}
}

func loggedIn(s email.Settings) email.Settings {
	s.User, s.Password = delivertest.User, delivertest.Password
	return s
}

func message(language string) session.Message {
	return session.Message{
		To: address, Language: language, Line: "retail", Code: session.NewSecret([]byte(canaryCode)),
		Lifetime: 5 * time.Minute,
	}
}

func send(t *testing.T, s email.Settings, m session.Message) error {
	t.Helper()
	sender, err := email.New(s)
	require.NoError(t, err)
	return sender.Send(t.Context(), m)
}

func TestACodeIsMailedInTheLanguageOfTheCall(t *testing.T) {
	t.Parallel()
	for _, encryption := range []string{mailserver.StartTLS, mailserver.ImplicitTLS, mailserver.NoTLS} {
		p := delivertest.New(t, encryption, true)
		s := loggedIn(through(p, encryption))
		s.Texts = map[string]email.Text{"FR": {Subject: "Votre code", Body: "{brand}: {code}, {minutes} min, {code}\n"}}
		for _, c := range []struct{ language, subject, text string }{
			{"en", "Your code for your call with Example Bank", "Your code is 805127\n"},
			{"de-AT", "Ihr Code für Ihren Anruf bei Example Bank", "Ihr Code: 805127\n"},
			{"fr", "Votre code", "Example Bank: 805127, 5 min, 805127\n"},
			{"nl", "Your code for your call with Example Bank", "valid for 5 minutes"},
		} {
			m := message(c.language)
			require.NoError(t, send(t, s, m), encryption)
			got := p.Got()[len(p.Got())-1]
			subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
			require.NoError(t, err)
			assert.Equal(t, c.subject, subject)
			assert.Contains(t, got.Text, c.text)
			assert.NotContains(t, got.Text, "http", "nothing to click")
			assert.NotContains(t, got.Text, "{")
			assert.Equal(t, []string{address}, got.To)
			assert.Equal(t, "no-reply@bank.example", got.From)
			assert.True(t, got.LoggedIn)
			assert.Equal(t, "auto-generated", got.Header.Get("Auto-Submitted"))
			assert.NotContains(t, subject, canaryCode)
			for name, values := range got.Header {
				assert.NotContains(t, strings.Join(values, "\n"), canaryCode, name)
			}
			assert.Regexp(t, `^<[A-Z0-9]+@bank\.example>$`, got.Header.Get("Message-Id"))
			assert.Equal(t, canaryCode, string(m.Code.Reveal()), "the code is its owner's")
		}
	}
}

func TestAMailNamesTheCompanyAndHowLongTheCodeIsValid(t *testing.T) {
	t.Parallel()
	p := delivertest.New(t, mailserver.NoTLS, false)
	for _, c := range []struct {
		from, brand string
		valid       time.Duration
		text        string
	}{
		{"Example Bank <no-reply@bank.example>", "The Bank", 5 * time.Minute, "The Bank, 5"},
		{"Example Bank <no-reply@bank.example>", "", 90 * time.Second, "Example Bank, 1"},
		{"no-reply@bank.example", "", 30 * time.Second, "bank.example, 1"},
	} {
		s := through(p, mailserver.NoTLS)
		s.From, s.Brand = c.from, c.brand
		s.Texts = map[string]email.Text{"en": {Subject: "Code", Body: "{brand}, {minutes}, {code}\n"}}
		m := message("en")
		m.Lifetime = c.valid
		require.NoError(t, send(t, s, m))
		assert.Contains(t, p.Got()[len(p.Got())-1].Text, c.text+", "+canaryCode)
	}
}

func TestAnErrorOfAMailHasNeitherTheCodeNorTheAddress(t *testing.T) {
	t.Parallel()
	refusing := delivertest.New(t, mailserver.NoTLS, false)
	refusing.Refuse(&smtp.SMTPError{
		Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "mailbox of " + address + " is full: " + canaryCode,
	})
	strange := delivertest.New(t, mailserver.NoTLS, false)
	strange.Strange(address)
	plain := delivertest.New(t, mailserver.NoTLS, false)
	locked := loggedIn(through(delivertest.New(t, mailserver.StartTLS, true), mailserver.StartTLS))
	locked.Password = "battery-staple"
	nobody := through(plain, mailserver.NoTLS)
	nobody.Server.Server = "127.0.0.1:1"
	broken := through(plain, mailserver.NoTLS)
	broken.Server.Server = breaksAt(t, "RCPT")
	for name, c := range map[string]struct {
		s    email.Settings
		says string
	}{
		"a connection that breaks":    {broken, "hand over: the connection broke"},
		"a full mailbox":              {through(refusing, mailserver.NoTLS), "hand over: refused with 552 5.2.2"},
		"an unknown address":          {through(strange, mailserver.NoTLS), "hand over: refused with 550 5.1.1"},
		"a server without encryption": {through(plain, mailserver.StartTLS), "connect: "},
		"a wrong password":            {locked, "connect: "},
		"nobody there":                {nobody, "refused"},
	} {
		err := send(t, c.s, message("en"))
		require.ErrorContains(t, err, c.says, name)
		for _, secret := range []string{canaryCode, address, "battery-staple", delivertest.Password} {
			assert.NotContains(t, err.Error(), secret, name)
		}
	}
	m := message("en")
	m.To = "Ada <ada@example.org>"
	require.Error(t, send(t, through(plain, mailserver.NoTLS), m))
	assert.Empty(t, plain.Got())
}

// breaksAt is a mail server that hangs up when it is told a command.
func breaksAt(t *testing.T, command string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		_, _ = io.WriteString(nc, "220 here\r\n")
		for lines := bufio.NewScanner(nc); lines.Scan() && !strings.HasPrefix(lines.Text(), command); {
			_, _ = io.WriteString(nc, "250 ok\r\n")
		}
	}()
	return l.Addr().String()
}

func TestAMailEndsWithTheCall(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // which never says a word
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		if nc, err := l.Accept(); err == nil {
			cancel(errors.New("the caller hung up"))
			_, _ = io.Copy(io.Discard, nc)
			_ = nc.Close()
		}
	}()
	sender, err := email.New(email.Settings{Server: mailserver.Server{
		Server: l.Addr().String(), From: "a@b.example", TLS: mailserver.StartTLS,
	}})
	require.NoError(t, err)
	require.ErrorContains(t, sender.Send(ctx, message("en")), "the caller hung up")
}

func TestWhatIsWrongWithTheSettingsIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	good := email.Settings{Server: mailserver.Server{
		Server: "smtp.example:587", From: "no-reply@bank.example", TLS: mailserver.StartTLS,
	}}
	for want, change := range map[string]func(*email.Settings){
		"server is":                        func(s *email.Settings) { s.Server.Server = "smtp.example" },
		"from is":                          func(s *email.Settings) { s.From = "nobody" },
		`tls is "maybe"`:                   func(s *email.Settings) { s.TLS = "maybe" },
		"would cross the network readable": func(s *email.Settings) { s.TLS = mailserver.NoTLS },
		"COUNTERSIGN_EMAIL_PASSWORD":       func(s *email.Settings) { s.User = "u" },
		"brand: it must be one line":       func(s *email.Settings) { s.Brand = "a\nb" },
		"texts.en.body: it must have {code}": func(s *email.Settings) {
			s.Texts = map[string]email.Text{"en": {Subject: "x", Body: "y"}}
		},
		"texts.en.subject: it must be one line": func(s *email.Settings) {
			s.Texts = map[string]email.Text{"en": {Subject: "{code}", Body: "{code}"}}
		},
		"texts.de.subject: it must be one line": func(s *email.Settings) {
			s.Texts = map[string]email.Text{"de": {Body: "{code}"}}
		},
		"no longer than 4000 bytes": func(s *email.Settings) {
			s.Texts = map[string]email.Text{"en": {Subject: "x", Body: "{code}" + strings.Repeat("x", 4000)}}
		},
	} {
		s := good
		change(&s)
		_, err := email.New(s)
		assert.ErrorContains(t, err, want)
	}
	_, err := email.New(good)
	assert.NoError(t, err)
	assert.Empty(t, email.Settings{Server: mailserver.Server{TLS: mailserver.StartTLS}}.Check(), "none is configured")
}
