package guard_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/shared"
)

// noting is a Store that compares for how long each value is kept with what KeepOlder would say.
type noting struct {
	*shared.Memory
	t       *testing.T
	keep    func(key string, value []byte) time.Duration
	written map[time.Duration]int
}

func (n *noting) note(key string, value []byte, keep time.Duration) {
	assert.Equal(n.t, keep, n.keep(key, value), "%s: %s", key, value)
	n.written[keep]++
}

func (n *noting) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	n.note(key, value, keep)
	return n.Memory.Create(ctx, key, value, keep)
}

func (n *noting) Update(ctx context.Context, key string, value []byte, rev uint64, keep time.Duration) (uint64, error) {
	n.note(key, value, keep)
	return n.Memory.Update(ctx, key, value, rev, keep)
}

func TestValuesWithoutATimeAreKeptAsLongAsNewOnes(t *testing.T) {
	t.Parallel()
	ctx, c, rules := t.Context(), newClock(), guard.Rules{Total: 6, Forget: 40 * 24 * time.Hour}
	store := &noting{Memory: shared.NewMemory(), t: t, keep: guard.KeepOlder(rules), written: map[time.Duration]int{}}
	g := newGuard(t, guard.Options{Store: store, Now: c.Now, Rules: rules})
	for n := range 6 {
		a := by(event.MethodPIN, fmt.Sprint(n), "C-1")
		a.Caller = "+4930111"
		g.Named(ctx, a, "account", fmt.Sprint(n))
		g.Try(ctx, a)
		g.StepFailed(ctx, a.Caller)
		g.MaySend(ctx, a.Caller)
		c.set(maxTime(c.Now().Add(time.Minute), g.Customer(ctx, "C-1").Until))
	}
	require.True(t, g.Customer(ctx, "C-1").Locked)
	_, err := g.Unlock(ctx, "C-1")
	require.NoError(t, err)
	back := by(event.MethodPIN, "back", "C-2")
	g.Try(ctx, back)
	g.GiveBack(ctx, back)
	verified := attempt("verified", "C-3")
	verified.Caller, verified.Anonymous = "+4930222", true
	g.Verified(ctx, verified)
	for keep, kind := range map[time.Duration]string{
		shared.Forever: "locked", rules.Forget: "tried", time.Minute: "empty", 24 * time.Hour: "a number",
		30 * 24 * time.Hour: "known",
	} {
		assert.NotZero(t, store.written[keep], kind)
	}

	for key, value := range map[string]string{
		"token.a": "sealed", "once.a": `{"until":"2026-01-02T03:04:05Z"}`, "customer.damaged": "{", "minutes.a": "{}",
		"customer": `{"failures"`, "": "",
	} {
		assert.Equal(t, shared.ByDefault, store.keep(key, []byte(value)), key)
	}
}
