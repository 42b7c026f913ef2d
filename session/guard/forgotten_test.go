package guard_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/guard"
	"countersign/session/shared"
)

func TestALockThatAPersonMustEndDoesNotExpire(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: c.Now})
	for n := range 10 {
		require.False(t, g.Try(t.Context(), attempt(fmt.Sprint(n), "100042")).Locked)
		c.set(maxTime(c.Now(), g.Customer(t.Context(), "100042").Until))
	}
	c.pass(400 * 24 * time.Hour)
	assert.True(t, g.Customer(t.Context(), "100042").Locked)
	got, err := g.Attempts(t.Context(), "100042")
	require.NoError(t, err)
	assert.True(t, got.Locked)
	assert.Zero(t, got.Until)
	assert.Equal(t, 10, got.Failures)
	assert.True(t, g.Try(t.Context(), attempt("later", "100042")).Locked)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func TestFailuresAreForgottenAfterThirtyDays(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: c.Now})
	require.False(t, g.Try(t.Context(), attempt("one", "100042")).Locked)
	failures := func() int {
		got, err := g.Attempts(t.Context(), "100042")
		require.NoError(t, err)
		return got.Failures
	}
	c.pass(30*24*time.Hour - time.Second)
	assert.Equal(t, 1, failures())
	c.pass(time.Second)
	assert.Zero(t, failures())
}

// Two calls from one switchboard at the same time: a success on one keeps the identifiers of the other.
func TestASuccessKeepsTheIdentifiersOfAnotherCall(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: c.Now})
	honest := attempt("honest", "own")
	try := func(call, customer string) {
		a := attempt(call, customer)
		g.Named(t.Context(), a, "account", customer)
		require.False(t, g.Try(t.Context(), a).Locked)
		c.pass(time.Second)
	}
	try("honest", "own")
	try("thief", "victim-1")
	try("thief", "victim-2")
	g.Right(t.Context(), honest)
	g.Verified(t.Context(), honest)
	try("thief", "victim-3")
	assert.False(t, g.Caller(t.Context(), honest.Caller).Locked, "three: the honest one was removed")
	try("thief", "victim-4")
	assert.True(t, g.Caller(t.Context(), honest.Caller).Locked, "four")
}

func TestForgetMustNotBeShorterThanLockMost(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	assert.NoError(t, guard.Rules{Forget: 2 * day, LockMost: 2 * day}.Validate())
	err := guard.Rules{Forget: 2*day - time.Second, LockMost: 2 * day}.Validate()
	assert.ErrorContains(t, err, "forget must not be shorter than lock_most")
}
