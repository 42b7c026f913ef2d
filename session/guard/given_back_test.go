package guard_test

import (
	"context"
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

// back connects the machine to a store, and waits until the machine has put back what it knows.
func (m *machine) back(store shared.Store) {
	m.t.Helper()
	before := m.log.count("available again")
	m.link.down.Store(true)
	m.Customer(m.t.Context(), "nobody") // notices it
	m.link.lead(store)
	m.link.down.Store(false)
	require.Eventually(m.t, func() bool { return m.log.count("available again") > before }, patience, time.Millisecond)
}

func (m *machine) failures(customer string) int {
	m.t.Helper()
	a, err := m.Attempts(m.t.Context(), customer)
	require.NoError(m.t, err)
	return a.Failures
}

// answersWrong gives n wrong answers, which all must be checked.
func (m *machine) answersWrong(customer string, n int) {
	m.t.Helper()
	for i := range n {
		a := by(event.MethodPIN, fmt.Sprint("wrong-", i), customer)
		require.False(m.t, m.Try(m.t.Context(), a).Locked)
		m.Wrong(m.t.Context(), a)
	}
}

func TestAnAttemptThatWasGivenBackComesBackFromNoCopy(t *testing.T) {
	t.Parallel()
	pin := by(event.MethodPIN, "call", "C-1")
	for what, end := range map[string]func(*guard.Guard, context.Context, session.Attempt){
		"given back": (*guard.Guard).GiveBack, "right": (*guard.Guard).Right,
	} {
		for name, story := range map[string]func(t *testing.T, one, two *machine){
			"the store comes back empty, to the machine that was not told": func(t *testing.T, one, two *machine) {
				require.Equal(t, 1, two.failures("C-1"))
				end(one.Guard, t.Context(), pin)
				one.link.lead(shared.NewMemory())
				two.back(one.link.to())
			},
			"to that one first": func(t *testing.T, one, two *machine) {
				end(one.Guard, t.Context(), pin)
				empty := shared.NewMemory()
				two.back(empty)
				one.back(empty)
			},
			"to the other one first": func(t *testing.T, one, two *machine) {
				end(one.Guard, t.Context(), pin)
				empty := shared.NewMemory()
				one.back(empty)
				two.back(empty)
			},
			"the record has expired, and the machine is restarted": func(t *testing.T, one, two *machine) {
				end(one.Guard, t.Context(), pin)
				expired := shared.NewMemory()
				one.link.lead(expired)
				two.link.lead(expired)
				two.restart()
				two.back(expired)
			},
			"the machine counted here alone, and was restarted": func(t *testing.T, one, two *machine) {
				two.link.down.Store(true)
				two.Try(t.Context(), by(event.MethodTOTP, "wrong", "C-1"))
				end(one.Guard, t.Context(), pin)
				two.restart()
				two.back(one.link.to())
				require.Equal(t, 1, two.failures("C-1"), "by totp")
				_, err := two.Unlock(t.Context(), "C-1")
				require.NoError(t, err)
			},
			"given back while the store was away, before a restart": func(t *testing.T, one, _ *machine) {
				one.link.down.Store(true)
				end(one.Guard, t.Context(), pin)
				one.restart()
				one.back(one.link.to())
			},
		} {
			t.Run(what+", "+name, func(t *testing.T) {
				t.Parallel()
				c, store := newClock(), shared.NewMemory()
				one, two := newMachine(t, c, store), newMachine(t, c, store)
				require.False(t, one.Try(t.Context(), pin).Locked)
				two.Customer(t.Context(), "C-1") // two has a copy now
				story(t, one, two)
				assert.Zero(t, one.failures("C-1"))
				assert.Zero(t, two.failures("C-1"))
			})
		}
	}
}

func TestFailuresThatARightAnswerForgotComeBackFromNoCopy(t *testing.T) {
	t.Parallel()
	for name, toldFirst := range map[string]bool{"who was told comes first": true, "who was not comes first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, store := newClock(), shared.NewMemory()
			one, two := newMachine(t, c, store), newMachine(t, c, store)
			wrong, right := by(event.MethodPIN, "wrong", "C-1"), by(event.MethodPIN, "right", "C-1")
			one.Try(t.Context(), wrong)
			one.Wrong(t.Context(), wrong)
			two.wrong("C-1", 1)
			one.Try(t.Context(), right)
			one.Right(t.Context(), right)
			empty, order := shared.NewMemory(), []*machine{two, one}
			if toldFirst {
				order = []*machine{one, two}
			}
			for _, m := range order {
				m.back(empty)
			}
			assert.Zero(t, one.failures("C-1"))
		})
	}
}

func TestWrongAnswersThatAMachineHasSeenArePutBackByIt(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]bool{"given while the store was there": false, "and while it was away": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, store := newClock(), shared.NewMemory()
			one, two := newMachine(t, c, store), newMachine(t, c, store)
			one.answersWrong("C-1", 1)
			one.link.down.Store(away)
			one.answersWrong("C-1", 4)
			if away {
				one.back(store)
			}
			one.stop() // it has written everything
			one.stop = func() {}
			require.True(t, two.Customer(t.Context(), "C-1").Locked)
			two.restart()
			two.back(shared.NewMemory())
			assert.Equal(t, 5, two.failures("C-1"))
			assert.True(t, two.Customer(t.Context(), "C-1").Locked)
		})
	}
}

func TestAStoreThatComesBackOlderGetsWhatItLacksOfARecord(t *testing.T) {
	t.Parallel()
	ctx, c, store, older := t.Context(), newClock(), shared.NewMemory(), shared.NewMemory()
	m := newMachine(t, c, store)
	m.back(store) // what it does at its start is done
	m.wrong("C-1", 2)
	records, err := store.All(ctx, "customer")
	require.NoError(t, err)
	for key, value := range records {
		_, err := older.Create(ctx, key, value, shared.Forever)
		require.NoError(t, err)
	}
	m.wrong("C-1", 3)
	m.back(older)
	assert.Equal(t, 5, m.failures("C-1"))
	assert.True(t, m.Customer(ctx, "C-1").Locked)
}

func TestACopyDoesNotBringBackWhatWasForgottenWithTime(t *testing.T) {
	t.Parallel()
	ctx, c, store := t.Context(), newClock(), shared.NewMemory()
	one, two := newMachine(t, c, store), newMachine(t, c, store)
	two.answersWrong("C-1", 4)
	two.stop()
	two.stop = func() {}
	c.pass(31 * 24 * time.Hour)
	one.wrong("C-1", 1)
	two.start()
	two.wrong("C-2", 1)
	two.back(store)
	assert.Equal(t, 1, one.failures("C-1"))
	assert.False(t, one.Customer(ctx, "C-1").Locked)
}

func TestAttemptsThatWereGivenBackLockNobodyOnceTheRecordHasExpired(t *testing.T) {
	t.Parallel()
	ctx, c, store := t.Context(), newClock(), shared.NewMemory()
	one, two := newMachine(t, c, store), newMachine(t, c, store)
	call := func(n int) session.Attempt { return by(event.MethodPIN, fmt.Sprint("call-", n), "C-1") }
	for n := range 5 {
		require.False(t, one.Try(ctx, call(n)).Locked)
	}
	require.True(t, two.Customer(ctx, "C-1").Locked)
	for n := range 5 {
		one.GiveBack(ctx, call(n))
	}
	two.link.lead(shared.NewMemory())
	assert.False(t, two.Customer(ctx, "C-1").Locked)
}
