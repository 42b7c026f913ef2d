package deliver

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/deliver/delivertest"
)

// through are settings that mail through the server.
func through(p *delivertest.Post, encryption string) Mail {
	return Mail{Server: p.Address, From: "Countersign <countersign@bank.example>", TLS: encryption, CA: p.CA}
}

func loggedIn(m Mail) Mail {
	m.User, m.Password = delivertest.User, delivertest.Password
	return m
}

// attachment is a file in memory.
type attachment struct{ io.ReadSeeker }

func (attachment) Close() error { return nil }

func aLetter() letter {
	return letter{
		id: "daily.1", to: []string{"ops@bank.example", "Anna <anna@bank.example>"}, subject: "Gestern: 5 Anrufe",
		text: "Calls: 5\nGrüße\n", name: "daily-2026-11-21.csv", file: attachment{strings.NewReader("a,b\r\n1,2\r\n")},
	}
}

func TestALetterGoesThroughEveryKindOfServer(t *testing.T) {
	t.Parallel()
	for _, encryption := range []string{StartTLS, ImplicitTLS, NoTLS} {
		for _, auth := range []bool{true, false} {
			p := delivertest.New(t, encryption, auth)
			m := through(p, encryption)
			if auth {
				m = loggedIn(m)
			}
			sent, err := m.send(t.Context(), aLetter())
			require.NoError(t, err, encryption)
			assert.Equal(t, aLetter().to, sent)
			got := p.Got()
			require.Len(t, got, 2)
			for i, to := range []string{"ops@bank.example", "anna@bank.example"} {
				assert.Equal(t, auth, got[i].LoggedIn)
				assert.Equal(t, "countersign@bank.example", got[i].From)
				assert.Equal(t, []string{to}, got[i].To)
				assert.Equal(t, "Gestern: 5 Anrufe", got[i].Header.Get("Subject"))
				assert.Equal(t, "<daily.1@bank.example>", got[i].Header.Get("Message-Id"))
				assert.Equal(t, "Calls: 5\nGrüße\n", strings.TrimSuffix(got[i].Text, "\n")+"\n")
				assert.Equal(t, "daily-2026-11-21.csv", got[i].Name)
				assert.Equal(t, "a,b\r\n1,2\r\n", string(got[i].File))
			}
		}
	}
}

func TestAnAddressThatIsRefusedKeepsALetterFromNobodyElse(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(*delivertest.Post){
		"the address": func(p *delivertest.Post) { p.Strange("bob@bank.example") },
		"the letter for the address": func(p *delivertest.Post) {
			p.RefuseOnly("bob@bank.example", errors.New("he is on holiday"))
		},
	} {
		p := delivertest.New(t, NoTLS, false)
		refuse(p)
		l := aLetter()
		l.to = []string{"ops@bank.example", "Bob <bob@bank.example>", "Anna <anna@bank.example>"}
		sent, err := through(p, NoTLS).send(t.Context(), l)
		require.ErrorContains(t, err, "mail to Bob <bob@bank.example>", name)
		assert.NotContains(t, err.Error(), "anna", name)
		assert.Equal(t, []string{"ops@bank.example", "Anna <anna@bank.example>"}, sent, name)
		got := p.Got()
		require.Len(t, got, 2, name)
		assert.Equal(t, []string{"ops@bank.example"}, got[0].To, name)
		assert.Equal(t, []string{"anna@bank.example"}, got[1].To, name)
		assert.Equal(t, got[0].File, got[1].File, name)
	}
}

func TestALetterDoesNotGoWhereItShouldNot(t *testing.T) {
	t.Parallel()
	plain := delivertest.New(t, NoTLS, false)
	encrypted, other := delivertest.New(t, StartTLS, true), delivertest.New(t, ImplicitTLS, true)
	known := loggedIn(through(encrypted, StartTLS))
	stranger, wrong, silent, nobody := known, known, known, through(plain, NoTLS)
	stranger.CA, wrong.Password, silent.Password, nobody.Server = other.CA, "battery-staple", "", "127.0.0.1:1"
	implicit := loggedIn(through(other, ImplicitTLS))
	implicit.CA = ""
	full := delivertest.New(t, NoTLS, false)
	full.Refuse(&smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"})
	for name, c := range map[string]struct {
		m    Mail
		word string
	}{
		"a server without encryption":    {through(plain, StartTLS), "STARTTLS"},
		"a server of another authority":  {stranger, "certificate"},
		"a server of no authority":       {implicit, "certificate"},
		"a wrong password":               {wrong, "no such user or password"},
		"no password":                    {silent, "COUNTERSIGN_SMTP_PASSWORD"},
		"nobody there":                   {nobody, "refused"},
		"a server that does not take it": {through(full, NoTLS), "mailbox full"},
		"a file that holds no certificate": {
			Mail{Server: "127.0.0.1:1", From: "a@b", TLS: ImplicitTLS, CA: "mail_test.go"}, "no certificate",
		},
		"a file with an authority not there": {
			Mail{Server: "127.0.0.1:1", From: "a@b", TLS: StartTLS, CA: "/none"}, "/none",
		},
	} {
		sent, err := c.m.send(t.Context(), aLetter())
		require.ErrorContains(t, err, c.word, name)
		assert.Empty(t, sent, name)
		encoded := base64.StdEncoding.EncodeToString([]byte("\x00" + delivertest.User + "\x00battery-staple"))
		for _, secret := range []string{delivertest.Password, "battery-staple", encoded} {
			assert.NotContains(t, err.Error(), secret, name)
		}
	}
	for _, p := range []*delivertest.Post{plain, encrypted, other, full} {
		assert.Empty(t, p.Got())
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
	_, err = Mail{Server: l.Addr().String(), From: "a@b.example", TLS: StartTLS}.send(ctx, aLetter())
	require.ErrorContains(t, err, "is stopping")
}

func TestAPasswordForMailShowsItselfNowhere(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	m := Mail{Password: delivertest.Password}
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x", m, m, m, m, m.Password, m)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "mail", m, "password", m.Password)
	assert.NotContains(t, out.String(), "correct")
	assert.NotContains(t, out.String(), "636f7272")
	assert.Contains(t, out.String(), "[redacted]")
}
