package guard_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/shared"
)

// stranger is an attempt of a caller about whose number nothing is known.
func stranger(call, caller, customer string) session.Attempt {
	return session.Attempt{
		Call: call, Line: "retail", Customer: customer, Caller: caller, Method: event.MethodPIN, Anonymous: true,
	}
}

func TestAnonymousCallersOfALineShareABudget(t *testing.T) {
	t.Parallel()
	const accounts = 250
	for name, caller := range map[string]func(i int) string{
		"withheld, without a number":    func(int) string { return "" },
		"withheld, each another number": func(i int) string { return fmt.Sprintf("withheld +1555%07d", i) },
		"forged, each another number":   func(i int) string { return fmt.Sprintf("forged +1555%07d", i) },
		"each an unknown number":        func(i int) string { return fmt.Sprintf("+1555%07d", i) },
		"a few unknown numbers in turn": func(i int) string { return fmt.Sprintf("+1555%07d", i%70) },
		"no numbers and unknown numbers": func(i int) string {
			return map[bool]string{true: fmt.Sprintf("+1555%07d", i)}[i%2 == 0]
		},
		"numbers that nobody can call up": func(i int) string { return fmt.Sprintf("+999%09d", i) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: c.Now})
			checked := 0
			for i := range accounts {
				a := stranger(fmt.Sprint("call-", i), caller(i), fmt.Sprint("C-", i))
				if g.Anonymous(t.Context(), "retail").Locked {
					continue // is not asked
				}
				if !g.Try(t.Context(), a).Locked {
					checked++
					g.Wrong(t.Context(), a)
				}
			}
			assert.Equal(t, 30, checked)
			assert.False(t, g.Anonymous(t.Context(), "other").Locked)
			known := stranger("known", "+15550001", "C-1")
			known.Anonymous = false
			assert.False(t, g.Try(t.Context(), known).Locked, "callers whose number is known have no part in it")
			c.pass(time.Hour)
			assert.False(t, g.Anonymous(t.Context(), "retail").Locked)
		})
	}
}

func TestTheBudgetGrowsWithCustomersWhoAreVerified(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: c.Now})
	checked := 0
	for i := range 400 { // a busy hour: one in ten is wrong, nobody is turned away
		a := stranger(fmt.Sprint("call-", i), "", fmt.Sprint("C-", i))
		require.False(t, g.Anonymous(t.Context(), "retail").Locked, i)
		require.False(t, g.Try(t.Context(), a).Locked, i)
		if i%10 == 0 {
			g.Wrong(t.Context(), a)
			continue
		}
		g.Right(t.Context(), a)
		g.Verified(t.Context(), a)
	}
	for i := range 1000 {
		a := stranger(fmt.Sprint("guess-", i), "", fmt.Sprint("V-", i))
		own := stranger(fmt.Sprint("own-", i), fmt.Sprintf("+1555%07d", i), "C-1") // an account of the attacker's own
		if !g.Try(t.Context(), own).Locked {
			g.Right(t.Context(), own)
			g.Verified(t.Context(), own)
		}
		if !g.Try(t.Context(), a).Locked {
			checked++
			g.Wrong(t.Context(), a)
		}
	}
	assert.Equal(t, 30+360/4-40, checked, "30 and a quarter of 360 customers, 40 of which honest callers used")
}

func TestUnknownIdentifiersUseTheBudget(t *testing.T) {
	t.Parallel()
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: newClock().Now})
	given := 0
	for i := range 100 {
		if !g.Unknown(t.Context(), stranger(fmt.Sprint(i), "", "")).Locked {
			given++
		}
	}
	assert.Equal(t, 30, given)
	assert.False(t, g.Unknown(t.Context(), session.Attempt{Call: "known", Line: "retail"}).Locked)
}

func TestAttemptsThatAreCheckedAtOnceShareTheBudget(t *testing.T) {
	t.Parallel()
	g := newGuard(t, guard.Options{Store: shared.NewMemory()})
	var checked, right atomic.Int32
	storm := func(n int, each func(a session.Attempt)) {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				a := stranger(fmt.Sprint("call-", i), "", fmt.Sprint("C-", i))
				if !g.Try(context.Background(), a).Locked {
					each(a)
				}
			})
		}
		all.Wait()
	}
	storm(300, func(a session.Attempt) { right.Add(1); g.Right(context.Background(), a) })
	assert.EqualValues(t, 300, right.Load(), "honest callers only wait for each other")
	storm(300, func(a session.Attempt) { checked.Add(1); g.Wrong(context.Background(), a) })
	assert.EqualValues(t, 30, checked.Load())
}

func TestMachinesLearnOfEachOthersBudget(t *testing.T) {
	t.Parallel()
	store, c := shared.NewMemory(), newClock()
	node := func() *guard.Guard {
		g := newGuard(t, guard.Options{Store: store, Now: c.Now, Every: time.Millisecond})
		running(t, g)
		return g
	}
	one, two := node(), node()
	wrong := func(g *guard.Guard, n int) {
		for i := range n {
			a := stranger(fmt.Sprint(i), "", fmt.Sprint("C-", i))
			require.False(t, g.Try(t.Context(), a).Locked)
			g.Wrong(t.Context(), a)
		}
	}
	wrong(one, 18)
	wrong(two, 12)
	for _, g := range []*guard.Guard{one, two} {
		require.Eventually(t, func() bool { return g.Anonymous(t.Context(), "retail").Locked }, patience, time.Millisecond)
	}
}

func TestANumberWithWhichSomebodyWasVerifiedIsKnown(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	for number, want := range map[string]bool{"+15550001": true, "withheld +15550002": false, "forged +15550003": false} {
		a := stranger("call "+number, number, "C-1")
		require.False(t, nodes[0].Try(t.Context(), a).Locked)
		nodes[0].Right(t.Context(), a)
		nodes[0].Verified(t.Context(), a)
		assert.Equal(t, want, nodes[1].Caller(t.Context(), number).Known, number)
	}
	c.pass(30 * 24 * time.Hour)
	assert.False(t, nodes[1].Caller(t.Context(), "+15550001").Known)
}

func TestWhoeverWaitsForOthersHasTheirTurnInOrder(t *testing.T) {
	t.Parallel()
	g := newGuard(t, guard.Options{Store: shared.NewMemory()})
	attempts := make([]session.Attempt, 300)
	for i := range attempts {
		attempts[i] = stranger(fmt.Sprint("call-", i), "", fmt.Sprint("C-", i))
	}
	for _, a := range attempts[:30] { // as many as could be wrong
		require.False(t, g.Try(t.Context(), a).Locked)
	}
	var mu sync.Mutex
	var order []string
	var all sync.WaitGroup
	for i, a := range attempts[30:] {
		all.Go(func() {
			locked := g.Try(t.Context(), a).Locked
			mu.Lock()
			defer mu.Unlock()
			assert.False(t, locked, a.Call)
			order = append(order, a.Call)
		})
		require.Eventually(t, func() bool { return guard.Waiting(g, "retail") == i+1 }, patience, time.Millisecond)
	}
	for i := range attempts[30:] { // one at a time is right
		g.Right(t.Context(), attempts[i])
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(order) == i+1 && order[i] == attempts[30+i].Call
		}, patience, time.Millisecond)
	}
	all.Wait()
}

func TestWhoeverHangsUpWhileOthersAreCheckedLeavesTheQueue(t *testing.T) {
	t.Parallel()
	g := newGuard(t, guard.Options{Store: shared.NewMemory()})
	for i := range 30 {
		require.False(t, g.Try(t.Context(), stranger(fmt.Sprint("call-", i), "", "")).Locked)
	}
	gone, hangUp := context.WithCancel(t.Context())
	left := make(chan bool)
	go func() { left <- g.Try(gone, stranger("gone", "", "")).Locked }()
	require.Eventually(t, func() bool { return guard.Waiting(g, "retail") == 1 }, patience, time.Millisecond)
	hangUp()
	assert.True(t, <-left)
	assert.Zero(t, guard.Waiting(g, "retail"))
	stays := make(chan bool)
	go func() { stays <- g.Try(t.Context(), stranger("stays", "", "")).Locked }()
	require.Eventually(t, func() bool { return guard.Waiting(g, "retail") == 1 }, patience, time.Millisecond)
	for i := range 30 { // and once all that were checked were wrong, nobody waits any more
		g.Wrong(t.Context(), stranger(fmt.Sprint("call-", i), "", ""))
	}
	assert.True(t, <-stays)
}
