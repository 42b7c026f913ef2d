package guard_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/shared"
	"countersign/store/attempts"
)

// link is a machine's way to the Store, which may be down.
type link struct {
	leads atomic.Pointer[shared.Store]
	down  atomic.Bool
}

func linkTo(s shared.Store) *link {
	l := &link{}
	l.lead(s)
	return l
}

// lead leads to another Store, such as one that came back empty.
func (l *link) lead(s shared.Store) { l.leads.Store(&s) }

func (l *link) to() shared.Store { return *l.leads.Load() }

var errDown = errors.New("no responders")

func (l *link) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if l.down.Load() {
		return nil, 0, errDown
	}
	return l.to().Get(ctx, key)
}

func (l *link) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	if l.down.Load() {
		return 0, errDown
	}
	return l.to().Create(ctx, key, value, keep)
}

func (l *link) Update(ctx context.Context, key string, value []byte, rev uint64, keep time.Duration) (uint64, error) {
	if l.down.Load() {
		return 0, errDown
	}
	return l.to().Update(ctx, key, value, rev, keep)
}

func (l *link) All(ctx context.Context, prefix string) (map[string][]byte, error) {
	if l.down.Load() {
		return nil, errDown
	}
	return l.to().All(ctx, prefix)
}

// machine is a Guard with a copy on disk, and restarts.
type machine struct {
	t     *testing.T
	clock *clock
	link  *link
	file  string
	stop  func()
	log   *logLines
	*guard.Guard
}

func newMachine(t *testing.T, c *clock, store shared.Store) *machine {
	m := &machine{
		t: t, clock: c, link: linkTo(store), file: filepath.Join(t.TempDir(), "attempts.db"),
		log: &logLines{},
	}
	m.start()
	return m
}

func (m *machine) start() {
	known, err := attempts.Open(m.t.Context(), m.file, attempts.Options{})
	require.NoError(m.t, err)
	m.Guard = newGuard(m.t, guard.Options{Store: m.link, Copy: known, Now: m.clock.Now, Log: slog.New(m.log)})
	end := running(m.t, m.Guard)
	m.stop = func() { end(); assert.NoError(m.t, known.Close()) }
	m.t.Cleanup(func() { m.stop() })
}

// restart ends the process and starts it again.
func (m *machine) restart() {
	m.stop()
	m.stop = func() {}
	m.start()
}

// wrong makes n wrong attempts at a customer and counts those that were checked.
func (m *machine) wrong(customer string, n int) (checked int) {
	for range n {
		if !m.Try(m.t.Context(), by(event.MethodPIN, fmt.Sprint("call-", m.clock.Now().UnixNano()), customer)).Locked {
			checked++
		}
		m.clock.pass(time.Second)
	}
	return checked
}

func TestARestartWhileTheStoreIsUnavailableGivesNoFreshAttempts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const number = "+4930111"
	for name, c := range map[string]struct {
		before func(m *machine) // the outage
		during func(m *machine)
		holds  func(m *machine) bool
	}{
		"a lock from before the outage": {
			func(m *machine) { m.wrong("C-1", 5) }, func(*machine) {},
			func(m *machine) bool { return m.Customer(ctx, "C-1").Locked && m.wrong("C-1", 1) == 0 },
		},
		"a lock until somebody unlocks": {
			func(m *machine) {
				for range 10 {
					m.wrong("C-1", 1)
					m.clock.set(maxTime(m.clock.Now(), m.Customer(ctx, "C-1").Until))
				}
			},
			func(m *machine) { m.clock.pass(300 * 24 * time.Hour) },
			func(m *machine) bool { st := m.Customer(ctx, "C-1"); return st.Locked && st.Until.IsZero() },
		},
		"attempts before and during the outage": {
			func(m *machine) { m.wrong("C-1", 3) }, func(m *machine) { m.wrong("C-1", 1); m.restart() },
			func(m *machine) bool { return m.wrong("C-1", 20) == 1 },
		},
		"attempts during the outage alone, with restarts between": {
			func(*machine) {},
			func(m *machine) {
				for range 5 {
					m.wrong("C-1", 1)
					m.restart()
				}
			},
			func(m *machine) bool { return m.wrong("C-1", 20) == 0 },
		},
		"attempts of callers whose number suggests the customer": {
			func(m *machine) {
				for i := range 5 {
					a := by(event.MethodPIN, fmt.Sprint("s", i), "C-1")
					a.Suggested = true
					m.Try(ctx, a)
				}
			}, func(*machine) {},
			func(m *machine) bool { return m.Customer(ctx, "C-1").Suggested },
		},
		"a number that gave many identifiers": {
			func(m *machine) {
				for i := range 4 {
					m.Named(ctx, attempt(fmt.Sprint("c", i), ""), "account", fmt.Sprint(i))
				}
			}, func(*machine) {},
			func(m *machine) bool { return m.Caller(ctx, number).Locked },
		},
		"a number that failed many steps": {
			func(m *machine) {
				for range 6 {
					m.StepFailed(ctx, number)
				}
			},
			func(m *machine) {
				for range 4 {
					m.StepFailed(ctx, number)
					m.clock.pass(time.Second)
				}
			},
			func(m *machine) bool { return m.Caller(ctx, number).Locked },
		},
		"codes sent": {
			func(m *machine) { m.MaySend(ctx, bySMS("C-1", number)) }, func(*machine) {},
			func(m *machine) bool { ok, _ := m.MaySend(ctx, bySMS("C-1", number)); return !ok },
		},
		"a right answer": {
			func(m *machine) { m.wrong("C-1", 4) },
			func(m *machine) {
				a := by(event.MethodPIN, "right", "C-1")
				m.Try(ctx, a)
				m.Right(ctx, a)
			},
			func(m *machine) bool { return m.wrong("C-1", 20) == 5 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, newClock(), shared.NewMemory())
			c.before(m)
			m.link.down.Store(true)
			c.during(m)
			m.restart()
			assert.True(t, c.holds(m))
		})
	}
}

func TestWhatAMachineCountedBeforeARestartIsMergedWhenTheStoreIsBack(t *testing.T) {
	t.Parallel()
	c, store := newClock(), shared.NewMemory()
	one, two := newMachine(t, c, store), newMachine(t, c, store)
	one.wrong("C-1", 1)
	one.link.down.Store(true)
	assert.Equal(t, 2, one.wrong("C-1", 2))
	assert.Equal(t, 1, two.wrong("C-1", 1))
	one.restart()
	one.link.down.Store(false)
	failures := func() int {
		a, err := two.Attempts(t.Context(), "C-1")
		require.NoError(t, err)
		return a.Failures
	}
	require.Eventually(t, func() bool { return failures() == 4 }, patience, time.Millisecond)
	one.restart()
	one.restart()
	assert.Equal(t, 4, failures(), "each counts once")
}

func TestAnOldCopyDoesNotBringBackWhatWasForgotten(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(m *machine){
		"a person unlocked the customer": func(m *machine) {
			was, err := m.Unlock(m.t.Context(), "C-1")
			require.NoError(m.t, err)
			require.True(m.t, was)
		},
		"a right answer": func(m *machine) {
			m.clock.set(m.Customer(m.t.Context(), "C-1").Until)
			a := by(event.MethodPIN, "right", "C-1")
			require.False(m.t, m.Try(m.t.Context(), a).Locked)
			m.Right(m.t.Context(), a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, store := newClock(), shared.NewMemory()
			one, two := newMachine(t, c, store), newMachine(t, c, store)
			one.link.down.Store(true)
			one.wrong("C-1", 2) // the Store has not heard of these
			one.link.down.Store(false)
			require.Eventually(t, func() bool { return one.log.count("available again") == 1 }, patience, time.Millisecond)
			one.wrong("C-1", 3)
			one.link.down.Store(true)
			one.restart()
			require.True(t, one.Customer(t.Context(), "C-1").Locked)
			forget(two)
			one.link.down.Store(false)
			require.Eventually(t, func() bool { return one.log.count("available again") == 2 }, patience, time.Millisecond)
			assert.False(t, one.Customer(t.Context(), "C-1").Locked)
			c.pass(time.Minute)
			assert.False(t, two.Customer(t.Context(), "C-1").Locked)
			assert.Equal(t, 5, one.wrong("C-1", 20))
		})
	}
}

func TestAStoreThatComesBackEmptyGetsBackWhatAMachineKnows(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := newMachine(t, c, shared.NewMemory())
	other := newMachine(t, c, m.link.to())
	m.wrong("C-1", 5)
	for range 10 {
		m.wrong("C-2", 1)
		c.set(maxTime(c.Now(), m.Customer(t.Context(), "C-2").Until))
	}
	m.link.down.Store(true)
	m.wrong("C-3", 1)
	empty := shared.NewMemory()
	m.link.lead(empty)
	other.link.lead(empty)
	m.link.down.Store(false)
	require.Eventually(t, func() bool {
		a, err := other.Attempts(t.Context(), "C-2")
		return err == nil && a.Failures == 10
	}, patience, time.Millisecond)
	assert.True(t, other.Customer(t.Context(), "C-2").Locked)
	assert.Zero(t, other.Customer(t.Context(), "C-2").Until)
}
