package session_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
)

var (
	bob   = session.Customer{ID: "C-2", Name: "Bob"}
	carol = session.Customer{ID: "C-3", Name: "Carol"}
)

func TestAnIdentifierThatFitsSeveralNarrowsTheNext(t *testing.T) {
	t.Parallel()
	var before, after []session.Customer
	undecided := []bool{}
	look := func(all *[]session.Customer) session.Step {
		return step{"looks", func(_ context.Context, s *session.Session) (session.Outcome, error) {
			*all = s.Among([]session.Customer{carol, bob, ada})
			undecided = append(undecided, s.Undecided())
			return session.Skipped(""), nil
		}}
	}
	ch := &sessiontest.Channel{}
	j := run(t, line(func(l *session.Line) {
		l.Identify = []session.Step{
			look(&before), gives("policy", session.OneOf([]session.Customer{ada, bob})), look(&after),
			gives("phone", session.IdentifiedAs(bob, event.MethodPhone)),
		}
	}), ch)
	assert.Equal(t, []session.Customer{carol, bob, ada}, before)
	assert.Equal(t, []session.Customer{bob, ada}, after)
	assert.Equal(t, []bool{false, true}, undecided)
	named := sessiontest.Find[event.Identified](j)
	require.Len(t, named, 1)
	assert.Equal(t, "C-2", named[0].Customer)
}

// What is keyed says nothing about the telephone: a caller does not leave the anonymous ones by keying what several
// customers have. A telephone that several share does.
func TestWhoKeysWhatSeveralHaveStaysAnonymous(t *testing.T) {
	t.Parallel()
	several := gives("policy", session.OneOf([]session.Customer{ada, bob}))
	for anonymous, first := range map[bool]session.Step{
		true: several, false: gives("ani", session.Skipped(event.ReasonSeveral)),
	} {
		g := &guard{}
		run(t, line(func(l *session.Line) {
			l.Identify = []session.Step{first, gives("phone", session.IdentifiedAs(ada, event.MethodPhone))}
			l.Verify = []session.Question{judges("pin", event.MethodPIN, true, session.Knowledge)}
		}), &sessiontest.Channel{}, guarded(g))
		require.Len(t, g.attempts, 1)
		assert.Equal(t, anonymous, g.attempts[0].Anonymous)
	}
}
