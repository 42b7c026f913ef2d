package guard_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/shared"
)

func by(m event.Method, call, customer string) session.Attempt {
	a := attempt(call, customer)
	a.Method, a.Caller = m, ""
	return a
}

func TestWhoKnowsOneSecretCannotGuessAnotherWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ knows, guesses event.Method }{
		{event.MethodPIN, event.MethodTOTP},
		{event.MethodPIN, event.MethodSMSCode},
		{event.MethodTOTP, event.MethodPIN},
		{event.MethodSMSCode, event.MethodPIN},
		{event.MethodBirthDate, event.MethodPIN},
		{event.MethodPIN, event.MethodPassphrase},
		{"postcode", event.MethodBirthDate},
	} {
		t.Run(fmt.Sprintf("%s by %s", c.guesses, c.knows), func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: clock.Now})
			checked := 0
			for i := range 60 {
				call := fmt.Sprint("call-", i)
				knows := by(c.knows, call, "100042")
				if !g.Try(t.Context(), knows).Locked {
					g.Right(t.Context(), knows)
					g.Verified(t.Context(), knows)
				}
				if !g.Try(t.Context(), by(c.guesses, call, "100042")).Locked {
					checked++
				}
				clock.set(maxTime(clock.Now().Add(time.Minute), g.Customer(t.Context(), "100042").Until))
			}
			assert.Equal(t, 10, checked)
			st := g.Customer(t.Context(), "100042")
			assert.True(t, st.Locked)
			assert.Zero(t, st.Until)
		})
	}
}

func TestASuccessForgetsTheFailuresOfItsOwnMethodAlone(t *testing.T) {
	t.Parallel()
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: newClock().Now})
	for i, m := range []event.Method{event.MethodPIN, event.MethodTOTP, event.MethodPIN, event.MethodTOTP} {
		require.False(t, g.Try(t.Context(), by(m, fmt.Sprint(i), "100042")).Locked)
	}
	right := by(event.MethodPIN, "right", "100042")
	require.False(t, g.Try(t.Context(), right).Locked)
	g.Right(t.Context(), right)
	a, err := g.Attempts(t.Context(), "100042")
	require.NoError(t, err)
	assert.Equal(t, 2, a.Failures, "by totp")
}

// Records of versions that did not know methods.
func TestRecordsOfEarlierVersionsAreRead(t *testing.T) {
	t.Parallel()
	store, c := shared.NewMemory(), newClock()
	g := newGuard(t, guard.Options{Store: store, Now: c.Now})
	require.False(t, g.Try(t.Context(), by("", "old", "100042")).Locked)
	records, err := store.All(t.Context(), "customer")
	require.NoError(t, err)
	require.Len(t, records, 1)
	for key := range records {
		var failures []map[string]any
		for i := range 4 {
			failures = append(failures, map[string]any{"at": c.Now().Add(-time.Minute), "id": fmt.Sprint("earlier-", i)})
		}
		value, err := json.Marshal(map[string]any{"failures": failures})
		require.NoError(t, err)
		_, revision, err := store.Get(t.Context(), key)
		require.NoError(t, err)
		_, err = store.Update(t.Context(), key, value, revision, shared.Forever)
		require.NoError(t, err)
	}
	failures := func() int {
		a, err := g.Attempts(t.Context(), "100042")
		require.NoError(t, err)
		return a.Failures
	}
	assert.Equal(t, 4, failures())
	require.False(t, g.Try(t.Context(), by(event.MethodTOTP, "fifth", "100042")).Locked)
	assert.True(t, g.Customer(t.Context(), "100042").Locked, "all count together")
	c.set(g.Customer(t.Context(), "100042").Until)
	right := by(event.MethodPIN, "right", "100042")
	require.False(t, g.Try(t.Context(), right).Locked)
	g.Right(t.Context(), right)
	assert.Equal(t, 1, failures(), "a success forgets those whose method is unknown, and its own")
}

func TestCallersWhoseNumberSuggestsACustomerDoNotLockThemOutElsewhere(t *testing.T) {
	t.Parallel()
	suggested := func(call string) session.Attempt {
		a := by(event.MethodPIN, call, "100042")
		a.Suggested = true
		return a
	}
	c := newClock()
	nodes := twoNodes(t, c)
	checked := 0
	for i := range 20 {
		g := nodes[i%2]
		st := g.Try(t.Context(), suggested(fmt.Sprint("suggested-", i)))
		if !st.Locked {
			checked++
		} else {
			assert.True(t, st.Suggested)
		}
		assert.False(t, g.Customer(t.Context(), "100042").Locked)
		c.pass(time.Hour)
	}
	assert.Equal(t, 5, checked)
	assert.True(t, nodes[0].Customer(t.Context(), "100042").Suggested, "who only has the number is not asked any more")

	// The sum of guesses stays that of docs/policy.md.
	for i := range 20 {
		if !nodes[i%2].Try(t.Context(), by(event.MethodPIN, fmt.Sprint("named-", i), "100042")).Locked {
			checked++
		}
		c.set(maxTime(c.Now(), nodes[0].Customer(t.Context(), "100042").Until))
	}
	assert.Equal(t, 10, checked)
	assert.True(t, nodes[0].Customer(t.Context(), "100042").Locked)

	_, err := nodes[0].Unlock(t.Context(), "100042")
	require.NoError(t, err)
	owner := by(event.MethodPIN, "owner", "100042")
	require.False(t, nodes[1].Try(t.Context(), owner).Locked)
	nodes[1].Right(t.Context(), owner)
	assert.False(t, nodes[1].Customer(t.Context(), "100042").Suggested, "a right answer forgets those too")
}

func TestWhoGoesToAPersonWithoutAWrongAnswerHasNotGuessed(t *testing.T) {
	t.Parallel()
	const number = "+4930999"
	from := func(call, customer string) session.Attempt {
		a := attempt(call, customer)
		a.Caller = number
		return a
	}
	c := newClock()
	nodes := twoNodes(t, c)
	for i := range 12 {
		a := from(fmt.Sprint("staff-", i), fmt.Sprint("C-", i))
		require.False(t, nodes[0].Caller(t.Context(), number).Locked)
		nodes[0].Named(t.Context(), a, "account", a.Customer)
		nodes[0].NotGuessed(t.Context(), a)
		c.pass(time.Minute)
	}
	// A wrong answer on one call is not taken back on the next, nor on one beside it.
	for i := range 4 {
		guess, excuse := from(fmt.Sprint("guess-", i), fmt.Sprint("C-", i)),
			from(fmt.Sprint("excuse-", i), fmt.Sprint("C-", i))
		require.False(t, nodes[0].Caller(t.Context(), number).Locked, i)
		for _, a := range []session.Attempt{guess, excuse} {
			nodes[0].Named(t.Context(), a, "account", a.Customer)
		}
		require.False(t, nodes[0].Try(t.Context(), guess).Locked)
		nodes[0].NotGuessed(t.Context(), excuse)
		c.pass(time.Minute)
	}
	for _, g := range nodes {
		assert.True(t, g.Caller(t.Context(), number).Locked)
	}
}

func TestASharedNumberHasLimitsOfItsOwn(t *testing.T) {
	t.Parallel()
	const company, other = "+12125559000", "+12125559001"
	rules := guard.Rules{SharedNumbers: []guard.SharedNumber{{Number: company, CallerNames: 7, CallerSteps: 30}}}
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: newClock().Now, Rules: rules})
	names := func(number string) (n int) {
		for ; !g.Caller(t.Context(), number).Locked; n++ {
			a := attempt(fmt.Sprint(number, n), "C")
			a.Caller = number
			g.Named(t.Context(), a, "account", fmt.Sprint(n))
		}
		return n
	}
	steps := func(number string) (n int) {
		for ; !g.Caller(t.Context(), number).Locked; n++ {
			g.StepFailed(t.Context(), number)
		}
		return n
	}
	assert.Equal(t, 7, names(company))
	assert.Equal(t, 4, names(other))
	_, err := g.UnlockCaller(t.Context(), company)
	require.NoError(t, err)
	_, err = g.UnlockCaller(t.Context(), other)
	require.NoError(t, err)
	assert.Equal(t, 30, steps(company))
	assert.Equal(t, 10, steps(other))

	err = guard.Rules{SharedNumbers: []guard.SharedNumber{{Number: "2125559000"}, {Number: company, CallerNames: 5000}}}.
		Validate()
	assert.ErrorContains(t, err, `shared_numbers[0].number is "2125559000"`)
	assert.ErrorContains(t, err, "shared_numbers[1].caller_names is 5000")
}

// Two calls at once: what the second one proves has cleared the attempt that the first one would take back.
func TestARightPINTakesNoWrongCodeOfItsCallBack(t *testing.T) {
	t.Parallel()
	m := newMachine(t, newClock(), shared.NewMemory())
	ctx := t.Context()
	for n := range 30 {
		call, other := fmt.Sprint("call-", n), fmt.Sprint("other-", n)
		if m.Try(ctx, by(event.MethodSMSCode, call, "C-1")).Locked {
			break
		}
		pin := by(event.MethodPIN, call, "C-1")
		m.Try(ctx, pin)
		right := by(event.MethodPIN, other, "C-1")
		m.Try(ctx, right)
		m.Right(ctx, right)
		m.Right(ctx, pin)
		m.clock.pass(time.Second)
	}
	assert.True(t, m.Customer(ctx, "C-1").Locked, "wrong codes end somewhere")
}
