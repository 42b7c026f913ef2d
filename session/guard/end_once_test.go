package guard_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/shared"
)

func TestTheEndOfAnAttemptWhoseConfirmationIsLostEndsNoOther(t *testing.T) {
	t.Parallel()
	ctx, pin := t.Context(), by(event.MethodPIN, "call", "C-1")
	giveBack, right := (*guard.Guard).GiveBack, (*guard.Guard).Right
	for name, c := range map[string]struct {
		end           func(*guard.Guard, context.Context, session.Attempt)
		before, after int // wrong answers by the same method in the same call
		want          int
	}{
		"given back after a wrong answer":     {giveBack, 1, 0, 1},
		"given back before a wrong answer":    {giveBack, 0, 1, 1},
		"given back between":                  {giveBack, 1, 2, 3},
		"right after a wrong answer":          {right, 1, 0, 0},
		"right before a wrong answer":         {right, 0, 1, 1},
		"right between, which forgets before": {right, 2, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, logged, clock := &broken{Memory: shared.NewMemory()}, &logLines{}, newClock()
			g := newGuard(t, guard.Options{Store: store, Now: clock.Now, Log: slog.New(logged)})
			wrong := func(n int) {
				for range n {
					require.False(t, g.Try(ctx, pin).Locked)
					g.Wrong(ctx, pin)
					clock.pass(time.Second)
				}
			}
			wrong(c.before)
			require.False(t, g.Try(ctx, pin).Locked)
			store.mute.Store(true)
			c.end(g, ctx, pin)
			store.mute.Store(false)
			clock.pass(time.Second)
			wrong(c.after)
			running(t, g)
			require.Eventually(t, func() bool { return logged.count("available again") == 1 }, patience, time.Millisecond)
			a, err := g.Attempts(ctx, "C-1")
			require.NoError(t, err)
			assert.Equal(t, c.want, a.Failures)
		})
	}
}

func TestASendWhoseConfirmationIsLostCountsOnce(t *testing.T) {
	t.Parallel()
	const number = "+49301234567"
	for name, c := range map[string]struct {
		lost  func(g *guard.Guard)
		again int // sends that are still allowed within ten minutes
	}{
		"sent":     {func(g *guard.Guard) { g.MaySend(t.Context(), number) }, 1},
		"not sent": {func(g *guard.Guard) { g.NotSent(t.Context(), number) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, logged, clock := &broken{Memory: shared.NewMemory()}, &logLines{}, newClock()
			g := newGuard(t, guard.Options{Store: store, Now: clock.Now, Log: slog.New(logged)})
			for range 2 {
				ok, _ := g.MaySend(t.Context(), number)
				require.True(t, ok)
				clock.pass(time.Minute)
				if name == "sent" {
					break
				}
			}
			store.mute.Store(true)
			c.lost(g)
			store.mute.Store(false)
			running(t, g)
			require.Eventually(t, func() bool { return logged.count("available again") == 1 }, patience, time.Millisecond)
			sent := 0
			for range 3 {
				clock.pass(time.Minute)
				if ok, _ := g.MaySend(t.Context(), number); ok {
					sent++
				}
			}
			assert.Equal(t, c.again, sent)
		})
	}
}

func TestOnlyASendOfThisProcessIsTakenBack(t *testing.T) {
	t.Parallel()
	const number = "+49301234567"
	clock, store := newClock(), shared.NewMemory()
	one := newGuard(t, guard.Options{Store: store, Now: clock.Now})
	two := newGuard(t, guard.Options{Store: store, Now: clock.Now})
	ok, _ := one.MaySend(t.Context(), number)
	require.True(t, ok)
	two.NotSent(t.Context(), number)
	ok, _ = two.MaySend(t.Context(), number)
	assert.False(t, ok)
	one.NotSent(t.Context(), number)
	one.NotSent(t.Context(), number)
	ok, _ = two.MaySend(t.Context(), number)
	assert.True(t, ok)
}
