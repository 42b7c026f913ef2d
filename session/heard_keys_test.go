package session_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
)

// toldTrunks writes down what it is told.
type toldTrunks []string

func (t *toldTrunks) Ended(trunk, line string, keyed, silent bool) {
	*t = append(*t, fmt.Sprintf("%s %s keyed=%t silent=%t", trunk, line, keyed, silent))
}

func TestEachCallSaysWhetherItsTrunkBroughtAKey(t *testing.T) {
	t.Parallel()
	noInput, keyed := sessiontest.Move{}, sessiontest.Move{Keys: "1"}
	for name, c := range map[string]struct {
		moves []sessiontest.Move
		asks  int
		want  string
	}{
		"a key":                  {[]sessiontest.Move{keyed}, 1, "keyed=true silent=false"},
		"silence":                {[]sessiontest.Move{noInput, noInput}, 2, "keyed=false silent=true"},
		"silence and then a key": {[]sessiontest.Move{noInput, keyed}, 2, "keyed=true silent=false"},
		"not asked":              {nil, 0, "keyed=false silent=false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told toldTrunks
			asking := step{"pin", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
				for range c.asks {
					if _, err := s.Ask(ctx, session.Ask{Min: 1, Max: 1}); err != nil {
						return session.Outcome{}, err
					}
				}
				return session.Failed(event.ReasonNoInput), nil
			}}
			l := line(func(l *session.Line) { l.Verify = asks(session.Knowledge, asking) })
			run(t, l, &sessiontest.Channel{Moves: c.moves}, func(o *session.Options) { o.Trunks = &told })
			assert.Equal(t, toldTrunks{" default " + c.want}, told)
		})
	}
}

// TestTheAnswersOfQuestionsAreSecretAndIdentifiersAreNot is what recordings are masked by.
func TestTheAnswersOfQuestionsAreSecretAndIdentifiersAreNot(t *testing.T) {
	t.Parallel()
	asking := func(name string, o session.Outcome) step {
		return step{name, func(ctx context.Context, s *session.Session) (session.Outcome, error) {
			_, err := s.Ask(ctx, session.Ask{Prompts: []string{name}, Min: 1, Max: 1})
			return o, err
		}}
	}
	hearing := step{"passphrase", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
		_, err := s.Hear(ctx, session.Hear{Prompts: []string{"passphrase"}})
		return session.VerifiedBy(session.Possession, event.MethodPassphrase), err
	}}
	l := line(func(l *session.Line) {
		l.Level = session.Strong
		l.Identify = []session.Step{asking("account", session.IdentifiedAs(ada, event.MethodAccount))}
		l.LanguageMenu = asking("language", session.Passed())
		l.Verify = append(asks(session.Knowledge, asking("pin", session.VerifiedBy(session.Knowledge, event.MethodPIN))),
			asks(session.Possession, hearing)...)
		l.Enrol = asking("remember", session.Passed())
	})
	ch := &sessiontest.Channel{Moves: []sessiontest.Move{{Keys: "1"}, {Keys: "1"}, {Keys: "1"}, {Says: "x"}, {Keys: "1"}}}
	run(t, l, ch)
	var secret []bool
	for _, c := range ch.Collects() {
		secret = append(secret, c.Secret)
	}
	assert.Equal(t, []bool{false, false, true, false}, secret, "language, account, PIN, offer to remember the number")
	require.Len(t, ch.Listens(), 1)
	assert.True(t, ch.Listens()[0].Secret, "passphrase")
}
