package guard_test

import (
	"context"
	"errors"
	"log/slog"
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

// outage is a Store that can be unavailable.
type outage struct {
	*shared.Memory
	away atomic.Bool
}

var errAway = errors.New("no responders")

func (o *outage) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if o.away.Load() {
		return nil, 0, errAway
	}
	return o.Memory.Get(ctx, key)
}

func (o *outage) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	if o.away.Load() {
		return 0, errAway
	}
	return o.Memory.Create(ctx, key, value, keep)
}

// byLine counts alarms.
type byLine struct {
	mu  sync.Mutex
	all map[string]int
}

func (b *byLine) raise(_ context.Context, line string, _ event.Alarm) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[line]++
}

func (b *byLine) seen() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[string]int{}
	for line, n := range b.all {
		seen[line] = n
	}
	return seen
}

// While the store is unavailable only this machine's own memory keeps it from raising an alarm at every check.
func TestWithoutTheStoreALineRaisesOneAlarmInEachWindow(t *testing.T) {
	t.Parallel()
	store := &outage{Memory: shared.NewMemory()}
	store.away.Store(true)
	c, raised, checks := newClock(), &byLine{all: map[string]int{}}, &atomic.Int64{}
	log := &logLines{}
	now := func() time.Time { checks.Add(1); return c.Now() }
	g := newGuard(t, guard.Options{
		Store: store, Now: now, Alarm: raised.raise, Every: time.Millisecond, Log: slog.New(log),
	})
	require.False(t, g.Customer(t.Context(), "100042").Locked) // finds the store unavailable
	require.Equal(t, 1, log.count("store unavailable"))
	fail := func() {
		for range 30 {
			g.Ended("retail", true)
			g.Ended("business", true)
		}
	}
	checksAgain := func() {
		enough := checks.Load() + 20
		require.Eventually(t, func() bool { return checks.Load() >= enough }, patience, time.Millisecond)
	}
	fail()
	running(t, g)
	checksAgain()
	assert.Equal(t, map[string]int{"retail": 1, "business": 1}, raised.seen())

	store.away.Store(false)
	require.Eventually(t, func() bool { return log.count("store available again") == 1 }, patience, time.Millisecond)
	checksAgain()
	assert.Equal(t, map[string]int{"retail": 1, "business": 1}, raised.seen(), "the store has no alarm")

	c.pass(5 * time.Minute)
	fail()
	checksAgain()
	assert.Equal(t, map[string]int{"retail": 2, "business": 2}, raised.seen(), "the next window")
}
