package guard_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/guard"
	"countersign/session/shared"
)

// slowRule is the rule of docs/policy.md#lockout, written naively: it remembers every attempt and recalculates
// everything each time.
type slowRule struct{ failures []pastAttempt }

type pastAttempt struct {
	at   time.Time
	call int
}

func (m *slowRule) locked(now time.Time) (locked bool, until time.Time) {
	if len(m.failures) >= 10 {
		return true, time.Time{}
	}
	if n := len(m.failures); n > 0 && now.Sub(m.failures[n-1].at) >= 30*24*time.Hour {
		return false, time.Time{}
	}
	locks := 0
	for i, f := range m.failures {
		lately := 0
		for _, earlier := range m.failures[:i+1] {
			if f.at.Sub(earlier.at) < 24*time.Hour {
				lately++
			}
		}
		if lately < 5 && locks == 0 {
			continue
		}
		length := 15 * time.Minute
		for range locks {
			length *= 2
		}
		locks++
		if end := f.at.Add(min(length, 24*time.Hour)); end.After(until) {
			until = end
		}
	}
	return now.Before(until), until
}

func (m *slowRule) try(now time.Time, call int) (locked bool, until time.Time) {
	if locked, until = m.locked(now); locked {
		return locked, until
	}
	if n := len(m.failures); n > 0 && now.Sub(m.failures[n-1].at) >= 30*24*time.Hour {
		m.failures = nil
	}
	m.failures = append(m.failures, pastAttempt{now, call})
	return false, time.Time{}
}

func (m *slowRule) giveBack(call int) {
	for i, f := range slices.Backward(m.failures) {
		if f.call == call {
			m.failures = slices.Delete(m.failures, i, i+1)
			return
		}
	}
}

// play applies the same random actions, one a byte, to a Guard and to the slow rule, and compares.
func play(t *testing.T, story []byte) {
	c := newClock()
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: c.Now})
	m := &slowRule{}
	for i, b := range story {
		call := int(b>>3) % 4
		a := attempt(fmt.Sprint("call-", call), "100042")
		same := func(st session.Standing, locked bool, until time.Time) {
			t.Helper()
			if !locked {
				until = time.Time{}
			}
			require.Equal(t, locked, st.Locked, "step %d of %x", i, story)
			require.True(t, until.Equal(st.Until), "step %d of %x: until %s, want %s", i, story, st.Until, until)
		}
		switch b & 7 {
		case 0, 1, 2:
			locked, until := m.try(c.Now(), call)
			same(g.Try(t.Context(), a), locked, until)
		case 3:
			m.giveBack(call)
			g.GiveBack(t.Context(), a)
		case 4:
			if b>>3 == 0 {
				m.failures = nil
				g.Right(t.Context(), a)
			}
		case 5:
			c.pass(time.Duration(b>>3) * time.Minute)
		case 6:
			c.pass(time.Duration(b>>3) * time.Hour)
		case 7: // to the end of the lock, or 31 days at most
			if locked, until := m.locked(c.Now()); locked && !until.IsZero() {
				c.set(until)
			} else {
				c.pass(time.Duration(b>>3) * 24 * time.Hour)
			}
		}
		locked, until := m.locked(c.Now())
		same(g.Customer(t.Context(), "100042"), locked, until)
	}
}

func TestTheCustomersRuleMatchesTheSlowRule(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		story := make([]byte, 1+random.IntN(60))
		for i := range story {
			story[i] = byte(random.Uint32())
		}
		play(t, story)
	}
}

func FuzzTheCustomersRuleMatchesTheSlowRule(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 7, 0, 7, 0, 7, 0, 7, 0, 7, 0})
	f.Add([]byte{0, 1, 2, 8, 3, 4, 5, 255, 254, 7, 0})
	f.Add([]byte{0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 3, 3})
	f.Fuzz(func(t *testing.T, story []byte) { play(t, story[:min(len(story), 200)]) })
}

func TestConfiguredLimitsHold(t *testing.T) {
	t.Parallel()
	c := newClock()
	rules := guard.Rules{LockAfter: 2, Total: 20, Lock: time.Hour, LockMost: 3 * time.Hour}
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: c.Now, Rules: rules})
	var locks []time.Duration
	for i := range 7 {
		require.False(t, g.Try(t.Context(), attempt(fmt.Sprint(i), "100042")).Locked)
		if st := g.Customer(t.Context(), "100042"); st.Locked {
			locks = append(locks, st.Until.Sub(c.Now()))
			c.set(st.Until)
		}
	}
	const h = time.Hour
	assert.Equal(t, []time.Duration{h, 2 * h, 3 * h, 3 * h, 3 * h, 3 * h}, locks)
}

func TestAllLimitsOutOfBoundsAreReported(t *testing.T) {
	t.Parallel()
	require.NoError(t, guard.Rules{}.Validate())
	err := guard.Rules{Total: 101, LockAfter: -1, Sends: 6, Lock: time.Second, AlarmPercent: 101}.Validate()
	for _, part := range []string{
		"total is 101", "lock_after is -1", "sends is 6; it must be from 1 to 5", "lock is 1s", "alarm_percent",
	} {
		assert.ErrorContains(t, err, part)
	}
	assert.ErrorContains(t, guard.Rules{Total: 3}.Validate(), "lock_after is 5 and total 3")
	_, err = guard.New(guard.Options{Store: shared.NewMemory(), Key: []byte("short")})
	assert.ErrorContains(t, err, "must have 32")
}
