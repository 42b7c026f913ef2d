package guard_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
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

// crowdedCopy is a copy in memory.
type crowdedCopy struct {
	mu      sync.Mutex
	records map[string]guard.Copied
}

func (c *crowdedCopy) Read(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records[key].Value, nil
}

func (c *crowdedCopy) Write(_ context.Context, records map[string]guard.Copied) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.records, records)
	return nil
}

func (c *crowdedCopy) All(_ context.Context, most int) (map[string]guard.Copied, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]guard.Copied{}
	for _, unsent := range []bool{true, false} {
		for key, known := range c.records {
			if known.Unsent == unsent && len(all) < most {
				all[key] = known
			}
		}
	}
	return all, nil
}

// crowd is more records than may wait for the Store.
const crowd = 1<<14 + 1000

func TestAMachineThatKnowsManyCustomersLosesNoFailureOfAnOutage(t *testing.T) {
	t.Parallel()
	for name, unsent := range map[string]bool{"the store knows the others": false, "the store lacks the others": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, c, store, logged := t.Context(), newClock(), shared.NewMemory(), &logLines{}
			newGuard(t, guard.Options{Store: store, Now: c.Now}).Try(ctx, by(event.MethodPIN, "before", "C-1"))
			known := &crowdedCopy{records: map[string]guard.Copied{}}
			for n := range crowd {
				value := fmt.Sprintf(`{"cleared":{"pin":%q}}`, c.Now().Format(time.RFC3339))
				known.records[fmt.Sprint("customer.", n)] = guard.Copied{Value: []byte(value), Unsent: unsent}
			}
			way := &slowGet{link: linkTo(store), asked: make(chan struct{}), release: make(chan struct{})}
			close(way.release)
			way.down.Store(true)
			g := newGuard(t, guard.Options{Store: way, Copy: known, Now: c.Now, Log: slog.New(logged)})
			running(t, g)
			<-way.asked // after what the copy has was queued
			g.Customer(ctx, "C-0")
			require.Eventually(t, func() bool { return logged.count("unavailable") == 1 }, patience, time.Millisecond)
			for n := range 5 {
				require.False(t, g.Try(ctx, by(event.MethodPIN, fmt.Sprint("during-", n), "C-1")).Locked)
			}
			require.True(t, g.Customer(ctx, "C-1").Locked)
			way.down.Store(false)
			require.Eventually(t, func() bool { return logged.count("available again") == 1 }, patience, time.Millisecond)
			assert.True(t, g.Customer(ctx, "C-1").Locked)
			a, err := g.Attempts(ctx, "C-1")
			require.NoError(t, err)
			assert.Equal(t, 6, a.Failures)
		})
	}
}

// slowGet is a Store whose next answer to Get comes late: it was read before what happens until then.
type slowGet struct {
	*link
	late           atomic.Bool
	asked, release chan struct{}
}

func (s *slowGet) Get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	value, revision, err = s.link.Get(ctx, key)
	if s.late.CompareAndSwap(false, true) {
		close(s.asked)
		<-s.release
	}
	return value, revision, err
}

func TestAnAnswerFromBeforeAnOutageDoesNotUndoWhatWasCountedInIt(t *testing.T) {
	t.Parallel()
	ctx, c, store := t.Context(), newClock(), shared.NewMemory()
	newGuard(t, guard.Options{Store: store, Now: c.Now}).Try(ctx, by(event.MethodPIN, "before", "C-1"))
	way := &slowGet{link: linkTo(store), asked: make(chan struct{}), release: make(chan struct{})}
	g := newGuard(t, guard.Options{Store: way, Now: c.Now})
	answered := make(chan bool)
	go func() { answered <- g.Customer(ctx, "C-1").Locked }()
	<-way.asked
	way.down.Store(true)
	for n := range 5 {
		g.Try(ctx, by(event.MethodPIN, fmt.Sprint("during-", n), "C-1"))
	}
	close(way.release)
	assert.True(t, <-answered)
	assert.True(t, g.Customer(ctx, "C-1").Locked)
}
