package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
)

// crowded is a guard with which an attempt waits for those of others.
type crowded struct {
	*guard
	wait func(context.Context) session.Standing
}

func (c crowded) Try(ctx context.Context, _ session.Attempt) session.Standing { return c.wait(ctx) }

// called runs the call of a stranger with a right answer, whose attempt waits, and returns what they heard and got.
func called(
	t *testing.T, wait func(context.Context) session.Standing, ch *sessiontest.Channel,
) (heard []string, v map[string]string) {
	t.Helper()
	run(t, line(func(l *session.Line) {
		l.Identify = []session.Step{gives("account", session.IdentifiedAs(ada, event.MethodAccount))}
		l.Verify = []session.Question{judges("pin", event.MethodPIN, true, session.Knowledge)}
	}), ch, guarded(crowded{&guard{}, wait}))
	_, v = routedTo(ch)
	return ch.Heard(), v
}

func TestWhoeverWaitsForOthersHearsSoAndIsVerified(t *testing.T) {
	t.Parallel()
	ch := &sessiontest.Channel{}
	heard, v := called(t, func(context.Context) session.Standing {
		assert.Eventually(t, func() bool { return len(ch.Heard()) > 0 }, time.Minute, time.Millisecond)
		return session.Standing{}
	}, ch)
	assert.Equal(t, []string{"one-moment", "confirmation"}, heard)
	assert.Equal(t, "verified", v["cs_status"])
}

func TestAPanicInTheGuardVerifiesNobody(t *testing.T) {
	t.Parallel()
	_, v := called(t, func(context.Context) session.Standing { panic("a bug") }, &sessiontest.Channel{})
	assert.Equal(t, "identified", v["cs_status"])
	assert.Equal(t, "unavailable", v["cs_reason"])
}

func TestWhoeverHangsUpWhileOthersAreCheckedTakesNoAttempt(t *testing.T) {
	t.Parallel()
	ch := &sessiontest.Channel{}
	heard, v := called(t, func(ctx context.Context) session.Standing {
		ch.End(&session.HangupError{})
		<-ctx.Done()
		return session.Standing{Locked: true, Caller: true}
	}, ch)
	assert.Empty(t, heard)
	assert.Nil(t, v)
}
