package session_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
)

// speaking is a line in two languages that records the language of the call when it is handed on.
func speaking(language *string, change func(*session.Line)) *session.Line {
	return line(func(l *session.Line) {
		l.Languages = []string{"en", "de"}
		note := step{"note", func(_ context.Context, s *session.Session) (session.Outcome, error) {
			*language = s.Language()
			return session.Passed(), nil
		}}
		l.Confirmation, l.Failure = note, note
		if change != nil {
			change(l)
		}
	})
}

func TestTheLanguageOfTheEarlierLegIsUsedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, earlier, customer, want string }{
		{"without a language of the customer", "de", "", "de"},
		{"although the customer's is another", "de", "en", "de"},
		{"also the line's first, against the customer's", "en", "de", "en"},
		{"none: the customer's", "", "de", "de"},
		{"neither: the line's first", "", "", "en"},
	} {
		known := session.Known{Call: "call-1", First: "call-1", Channel: "u-1", Proven: session.Proven{
			Customer: "C-1", Methods: []event.Method{event.MethodANI}, Language: c.earlier,
			Proofs: []session.Proof{{Factor: session.Knowledge, Method: event.MethodPIN}},
		}}
		m := &memory{known: map[string]session.Known{"call-1": known}}
		var spoken string
		again(t, speaking(&spoken, nil), &sessiontest.Channel{}, session.Call{Channel: "u-1", Earlier: "call-1"},
			func(o *session.Options) { o.Calls = m }, customers(session.Customer{ID: "C-1", Language: c.customer}))
		assert.Equal(t, c.want, spoken, c.name)
	}
}

func TestTheLanguageIsRemembered(t *testing.T) {
	t.Parallel()
	m := &memory{known: map[string]session.Known{}}
	remembering := func(o *session.Options) { o.Calls = m }
	var spoken string
	l := speaking(&spoken, func(l *session.Line) {
		l.ANI, l.Identify = nil, []session.Step{identifies}
		l.LanguageMenu = step{"language", func(_ context.Context, s *session.Session) (session.Outcome, error) {
			s.Choose("de")
			return session.Passed(), nil
		}}
	})
	run(t, l, &sessiontest.Channel{}, remembering, customers(ada))
	assert.Equal(t, "de", spoken)
	assert.Equal(t, "de", m.known["call-1"].Language)

	spoken = ""
	back := session.Call{Channel: "u-1", Earlier: "call-1"}
	j := again(t, l, &sessiontest.Channel{}, back, remembering, customers(ada))
	assert.Equal(t, "de", spoken)
	assert.NotContains(t, steps(j), "language", "the language is not asked again")
}
