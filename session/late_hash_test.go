package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/sessiontest"
)

// entries is a Channel whose Collect returns these entries in turn.
type entries struct {
	sessiontest.Channel
	all   []session.Entry
	asked []session.Collect
}

func (e *entries) Collect(_ context.Context, c session.Collect) (session.Entry, error) {
	next := e.all[0]
	e.all, e.asked = e.all[1:], append(e.asked, c)
	return next, nil
}

func list(all ...session.Entry) []session.Entry { return all }

// FreeSWITCH ends an entry at the last possible digit. A hash key that the caller still presses ends the next prompt,
// and is not its answer.
func TestOnlyAHashKeyThatIsDueRepeatsThePrompt(t *testing.T) {
	t.Parallel()
	input := func(digits string, hash bool) session.Entry {
		secret := session.NewSecret([]byte(digits))
		return session.Entry{Class: session.Input, Keyed: len(digits), Terminated: hash, Digits: secret}
	}
	lone := session.Entry{Class: session.NoMatch, Terminated: true}
	other := session.Entry{Class: session.NoMatch}
	short := session.Entry{Class: session.NoMatch, Keyed: 2, Terminated: true}
	pin, silence, optOut := input("2468", true), session.Entry{}, session.Entry{Class: session.OptedOut}
	const hash, listens = true, true
	for name, c := range map[string]struct {
		first  session.Entry
		listen bool
		then   []session.Entry
		want   session.Entry
		asked  int
	}{
		"a hash key behind the most digits":          {input("123456", !hash), !listens, list(lone, pin), pin, 2},
		"two of them: the second is an answer":       {input("123456", !hash), !listens, list(lone, lone, pin), lone, 2},
		"the most digits were ended by the hash key": {input("123456", hash), !listens, list(lone, pin), lone, 1},
		"fewer digits":                            {input("12345", !hash), !listens, list(lone, pin), lone, 1},
		"too few digits and the hash key":         {input("123456", !hash), !listens, list(short, pin), short, 1},
		"a key that nobody named ended the entry": {input("123456", !hash), !listens, list(other, pin), other, 1},
		"an answer at once":                       {input("123456", !hash), !listens, list(pin, lone), pin, 1},
		"silence":                                 {input("123456", !hash), !listens, list(silence, pin), silence, 1},
		"the opt-out key":                         {input("123456", !hash), !listens, list(optOut, pin), optOut, 1},
		"it went to a passphrase in between":      {input("123456", !hash), listens, list(lone, pin), lone, 1},
	} {
		ch := &entries{all: append(list(c.first), c.then...)}
		var got session.Entry
		asksTwice := step{"twice", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
			_, err := s.Ask(ctx, session.Ask{Prompts: []string{"account"}, Min: 2, Max: 6})
			require.NoError(t, err)
			if c.listen {
				_, err = s.Hear(ctx, session.Hear{Prompts: []string{"passphrase"}})
				require.NoError(t, err)
			}
			got, err = s.Ask(ctx, session.Ask{Prompts: []string{"pin"}, Min: 4, Max: 6})
			require.NoError(t, err)
			return session.Passed(), nil
		}}
		call := session.Call{ID: "call-1", Channel: "u-1", Started: time.Now()}
		l := line(func(l *session.Line) { l.Identify = []session.Step{asksTwice} })
		o := session.Options{
			Journal: &sessiontest.Journal{}, Prompts: sessiontest.Prompts{}, Line: func(session.Call) *session.Line { return l },
		}
		session.NewRunner(o).Run(ch.Start(t.Context()), call, ch)
		ch.End(nil)
		assert.Equal(t, c.want, got, name)
		require.Len(t, ch.asked, 1+c.asked, name)
		for _, again := range ch.asked[1:] {
			assert.Equal(t, []string{"pin"}, again.Files, name)
		}
	}
}
