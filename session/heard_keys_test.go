package session_test

import (
	"context"
	"errors"
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
		lost  error  // of the hand-over
		want  string // nothing is counted if it is empty
	}{
		"a key":                  {[]sessiontest.Move{keyed}, 1, nil, "keyed=true silent=false"},
		"silence":                {[]sessiontest.Move{noInput, noInput}, 2, nil, "keyed=false silent=true"},
		"silence and then a key": {[]sessiontest.Move{noInput, keyed}, 2, nil, "keyed=true silent=false"},
		"not asked":              {nil, 0, nil, "keyed=false silent=false"},
		"spoken":                 {[]sessiontest.Move{{Says: "one"}}, 1, nil, "keyed=false silent=false"},
		"hung up":                {[]sessiontest.Move{{Hangup: true}}, 1, nil, "keyed=false silent=false"},
		"broken":                 {[]sessiontest.Move{noInput}, 1, errors.New("broken"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told toldTrunks
			asking := step{"pin", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
				for range c.asks {
					a := session.Ask{Min: 1, Max: 1, Speech: &session.Speech{Engine: sessiontest.Engine}}
					if _, err := s.Ask(ctx, a); err != nil {
						return session.Outcome{}, err
					}
				}
				return session.Failed(event.ReasonNoInput), nil
			}}
			l := line(func(l *session.Line) { l.Verify = asks(session.Knowledge, asking) })
			ch := &sessiontest.Channel{Moves: c.moves, TransferError: c.lost}
			again(t, l, ch, session.Call{Trunk: "carrier-a"}, func(o *session.Options) { o.Trunks = &told })
			if c.want == "" {
				assert.Empty(t, told)
				return
			}
			assert.Equal(t, toldTrunks{"carrier-a default " + c.want}, told)
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
