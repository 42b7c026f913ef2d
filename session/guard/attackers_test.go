package guard_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/shared"
)

func TestOneAccountAndManyPINsFromTwoMachinesAtOnceGetsTenTries(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	var allowed atomic.Int32
	calls := 0
	storm := func() {
		var all sync.WaitGroup
		for i := range 20 {
			calls++
			a := attempt(fmt.Sprint("call-", calls), "100042")
			all.Go(func() {
				if !nodes[i%2].Try(context.Background(), a).Locked {
					allowed.Add(1)
				}
			})
		}
		all.Wait()
	}
	// A storm may refuse a try that the rule allows, so it is repeated until the lock is there.
	untilLocked := func() {
		locked := func() bool { storm(); return nodes[0].Customer(t.Context(), "100042").Locked }
		require.Eventually(t, locked, patience, time.Millisecond)
	}
	want := []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}
	for i, lock := range want {
		untilLocked()
		assert.EqualValues(t, 5+i, allowed.Load())
		for _, n := range nodes {
			st := n.Customer(t.Context(), "100042")
			assert.True(t, st.Locked)
			assert.Equal(t, c.Now().Add(lock), st.Until)
		}
		c.pass(lock - time.Second)
		storm()
		assert.EqualValues(t, 5+i, allowed.Load(), "a second too early")
		c.pass(time.Second)
	}
	untilLocked()
	for range 3 {
		c.pass(300 * 24 * time.Hour)
		storm()
	}
	assert.EqualValues(t, 10, allowed.Load())
	for _, n := range nodes {
		st := n.Customer(t.Context(), "100042")
		assert.True(t, st.Locked)
		assert.Zero(t, st.Until, "only a person ends it")
	}

	was, err := nodes[1].Unlock(t.Context(), "100042")
	require.NoError(t, err)
	assert.True(t, was)
	assert.False(t, nodes[0].Try(t.Context(), attempt("after", "100042")).Locked)
}

func TestTheChanceOfGuessingAFourDigitPINIsWithinPolicy(t *testing.T) {
	t.Parallel()
	const accounts, pins = 5_000, 10_000
	c := newClock()
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: c.Now})
	random := rand.New(rand.NewPCG(1, 2))
	guessed, tries := 0, 0
	for i := range accounts {
		customer, pin := fmt.Sprint(i), random.IntN(pins)
		for guess := 0; ; {
			st := g.Try(t.Context(), attempt(fmt.Sprint(guess), customer))
			if st.Locked && st.Until.IsZero() {
				break
			}
			if st.Locked {
				c.set(st.Until)
				continue
			}
			tries++
			if guess == pin {
				guessed++
				break
			}
			guess++
		}
	}
	t.Logf("%d accounts, %d tries, %d guessed: %.4f %%", accounts, tries, guessed, 100*float64(guessed)/accounts)
	assert.LessOrEqual(t, tries, 10*accounts)
	assert.Greater(t, tries, 9*accounts)
	// 0.1 % of 5,000 is 5, standard deviation 2.2.
	assert.LessOrEqual(t, guessed, 5+4*2)
}

func TestOnePINAndManyAccountsFromOneNumberEndsAfterFour(t *testing.T) {
	t.Parallel()
	for name, launder := range map[string]bool{"plainly": false, "with an account of their own in between": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			nodes := twoNodes(t, c)
			const number = "+4930666"
			tried := 0
			for i := range 40 {
				g, call := nodes[i%2], fmt.Sprint("call-", i)
				if g.Caller(t.Context(), number).Locked {
					break
				}
				a := attempt(call, fmt.Sprint(200+i))
				a.Caller = number
				if launder && i%2 == 1 {
					a.Customer = "own"
				}
				g.Named(t.Context(), a, "account", a.Customer)
				require.False(t, g.Try(t.Context(), a).Locked)
				if a.Customer == "own" {
					g.Right(t.Context(), a)
					g.Verified(t.Context(), a)
				} else {
					tried++ // and hangs up before the step has failed
				}
				c.pass(time.Minute)
			}
			assert.LessOrEqual(t, tried, 4)
			for _, g := range nodes {
				assert.True(t, g.Caller(t.Context(), number).Locked)
			}
			c.pass(24 * time.Hour)
			assert.False(t, nodes[0].Caller(t.Context(), number).Locked)
		})
	}
}

func TestTenFailedStepsLockANumberForAnHour(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	const number = "+4930666"
	began := c.Now()
	for i := range 10 {
		require.False(t, nodes[0].Caller(t.Context(), number).Locked)
		nodes[i%2].StepFailed(t.Context(), number)
		c.pass(time.Minute)
	}
	st := nodes[0].Caller(t.Context(), number)
	assert.True(t, st.Locked)
	assert.Equal(t, began.Add(time.Hour), st.Until)
	c.set(st.Until)
	assert.False(t, nodes[1].Caller(t.Context(), number).Locked)
}

func TestASwitchboardWhoseCallersAreAllVerifiedIsNeverLocked(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	const number = "+4930222"
	for i := range 30 {
		g, a := nodes[i%2], attempt(fmt.Sprint("call-", i), fmt.Sprint(300+i))
		a.Caller = number
		require.False(t, g.Caller(t.Context(), number).Locked)
		g.Named(t.Context(), a, "account", "typing error "+a.Call)
		g.Named(t.Context(), a, "account", a.Customer)
		require.False(t, g.Try(t.Context(), a).Locked)
		g.Right(t.Context(), a)
		g.Verified(t.Context(), a)
		c.pass(time.Minute)
	}
}

func TestRotatingCallerNumbersRaiseTheLinesAlarmOnceOnTwoMachines(t *testing.T) {
	t.Parallel()
	c, raised := newClock(), &alarms{}
	nats := newNATS(t, t.TempDir(), "127.0.0.1:0")
	var nodes [2]*guard.Guard
	for i := range nodes {
		nodes[i] = newGuard(t, guard.Options{
			Store: bucket(t, nats.URL()), Now: c.Now, Within: slowMachine, Alarm: raised.raise, Every: 5 * time.Millisecond,
		})
	}
	stopOne, stopTwo := running(t, nodes[0]), running(t, nodes[1])
	spray := func() {
		for i := range 30 { // 15 on each: too few for one machine alone
			nodes[i%2].Ended("retail", i%3 > 0)
			nodes[i%2].Ended("quiet", false)
		}
	}
	for n := 1; n <= 3; n++ {
		spray()
		require.Eventually(t, func() bool { return len(raised.seen()) >= n }, patience, time.Millisecond)
		c.pass(6 * time.Minute)
	}
	stopOne()
	stopTwo()
	got := raised.seen()
	require.Len(t, got, 3, "one for each window")
	for _, a := range got {
		assert.Equal(t, event.AlarmFailureRate, a.Kind)
		assert.Equal(t, 300, a.Seconds)
		assert.GreaterOrEqual(t, a.Calls, 20)
		assert.LessOrEqual(t, a.Calls, 30)
	}
}

func TestMoreFailuresThanUsualAtThisHourRaiseAnAlarm(t *testing.T) {
	t.Parallel()
	c, raised := newClock(), &alarms{}
	store := shared.NewMemory()
	node := func() *guard.Guard {
		return newGuard(t, guard.Options{Store: store, Now: c.Now, Alarm: raised.raise, Every: time.Millisecond})
	}
	for range 3 { // a process a day, each with 12 failures in the hour: one in five minutes
		g := node()
		stop := running(t, g)
		for i := range 60 {
			g.Ended("retail", i%5 == 0)
		}
		stop()
		c.pass(24 * time.Hour)
	}
	require.Empty(t, raised.seen())
	g := node()
	for i := range 100 {
		g.Ended("retail", i%4 == 0)
	}
	stop := running(t, g)
	require.Eventually(t, func() bool { return len(raised.seen()) > 0 }, patience, time.Millisecond)
	stop()
	assert.Equal(t, []event.Alarm{{Kind: event.AlarmFailureCount, Calls: 100, Failures: 25, Seconds: 300}}, raised.seen())
}

func TestRightAnswersAtTheSameTimeAreNotPunished(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	answer := func(i int) (locked bool) {
		g, a := nodes[i%2], attempt(fmt.Sprint("call-", i), "100042")
		if g.Try(context.Background(), a).Locked {
			return true
		}
		g.GiveBack(context.Background(), a)
		return false
	}
	// Four at a time are too few for a lock, so all may answer.
	var turned atomic.Int32
	for round := range 10 {
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				if answer(4*round + i) {
					turned.Add(1)
				}
			})
		}
		all.Wait()
	}
	assert.Zero(t, turned.Load())
	// Of forty at a time some may be refused, but no failure remains.
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() { answer(1000 + i) })
	}
	all.Wait()
	for _, g := range nodes {
		assert.False(t, g.Customer(t.Context(), "100042").Locked)
		got, err := g.Attempts(t.Context(), "100042")
		require.NoError(t, err)
		assert.Zero(t, got.Failures)
	}
}

func TestDuringAnOutageEachMachineKeepsTheLimitsAndAfterwardsAllAttemptsCount(t *testing.T) {
	t.Parallel()
	c := newClock()
	dir, address := t.TempDir(), freeAddress(t)
	nats := newNATS(t, dir, address)
	url := nats.URL()
	var nodes [2]*guard.Guard
	var logs [2]*logLines
	for i := range nodes {
		logs[i] = &logLines{}
		nodes[i] = newGuard(t, guard.Options{
			Store: bucket(t, url), Now: c.Now, Within: slowMachine, Log: slog.New(logs[i]),
		})
		running(t, nodes[i])
	}
	ctx := t.Context()
	require.False(t, nodes[0].Try(ctx, attempt("a1", "100042")).Locked)
	require.False(t, nodes[0].Try(ctx, attempt("a2", "100042")).Locked)
	require.False(t, nodes[1].Customer(ctx, "100042").Locked)
	require.False(t, nodes[0].Try(ctx, attempt("a3", "happy")).Locked)
	nats.Shutdown()

	for i, g := range nodes {
		allowed := 0
		for n := range 20 {
			if !g.Try(ctx, attempt(fmt.Sprint("b", i, n), "100042")).Locked {
				allowed++
			}
		}
		assert.Equal(t, 3, allowed, "two were seen before the outage")
		st := g.Customer(ctx, "100042")
		assert.True(t, st.Locked)
		assert.Equal(t, c.Now().Add(15*time.Minute), st.Until)
		began := time.Now()
		for range 1000 {
			g.Customer(ctx, "100042")
		}
		assert.Less(t, time.Since(began), promptly, "an unavailable store is not asked")
	}
	nodes[0].GiveBack(ctx, attempt("a3", "happy"))
	nodes[1].StepFailed(ctx, "+4930333")
	_, err := nodes[0].Unlock(ctx, "100042")
	require.ErrorContains(t, err, "away")
	_, err = nodes[0].Use(ctx, "a token", time.Minute)
	require.Error(t, err)

	newNATS(t, dir, address)
	for i, g := range nodes {
		require.Eventually(t, func() bool {
			got, err := g.Attempts(ctx, "100042")
			return err == nil && got.Failures == 8
		}, patience, 5*time.Millisecond)
		back := func() bool { return logs[i].count("WARN guard store available again") == 1 }
		require.Eventually(t, back, patience, time.Millisecond)
		got, err := g.Attempts(ctx, "happy")
		require.NoError(t, err)
		assert.Zero(t, got.Failures)
		assert.Equal(t, 1, logs[i].count("WARN guard store unavailable"))
		st := g.Customer(ctx, "100042")
		assert.True(t, st.Locked)
		assert.Equal(t, c.Now().Add(2*time.Hour), st.Until, "the eighth failure")
	}
}

func BenchmarkTryOnTheEmbeddedNATS(b *testing.B) {
	g := twoNodes(b, newClock())[0]
	for i := 0; b.Loop(); i++ {
		a := attempt("call", fmt.Sprint(i%1000))
		g.Try(b.Context(), a)
		g.GiveBack(b.Context(), a)
	}
}

func TestProvingAnOwnAccountDoesNotClearTheOthersTried(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := twoNodes(t, c)[0]
	const number = "+4930777"
	for i := range 2 {
		require.False(t, g.Caller(t.Context(), number).Locked)
		a := attempt(fmt.Sprint("call-", i), "own")
		a.Caller = number
		for j := range 3 {
			g.Named(t.Context(), a, "account", fmt.Sprint("foreign ", i, j))
		}
		g.Named(t.Context(), a, "account", "own")
		require.False(t, g.Try(t.Context(), a).Locked)
		g.Right(t.Context(), a)
		g.Verified(t.Context(), a)
		c.pass(time.Minute)
	}
	assert.True(t, g.Caller(t.Context(), number).Locked)
}

func TestCallsThatBeginTogetherShareTheNumbersLimit(t *testing.T) {
	t.Parallel()
	nodes := twoNodes(t, newClock())
	const number = "+4930888"
	judged := 0
	require.False(t, nodes[0].Caller(t.Context(), number).Locked, "all have begun and given no identifier yet")
	for i := range 60 {
		g, a := nodes[i%2], attempt(fmt.Sprint("call-", i), fmt.Sprint("victim-", i))
		a.Caller = number
		g.Named(t.Context(), a, "account", a.Customer)
		st := g.Try(t.Context(), a)
		if !st.Locked {
			judged++
			continue
		}
		assert.True(t, st.Caller, "the customers are not locked")
	}
	assert.Less(t, judged, 2*4)
}
