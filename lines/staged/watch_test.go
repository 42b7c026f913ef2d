package staged

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/internal/leaktest"
	"countersign/session/event"
	"countersign/session/shared"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// world is the lines in force and the stream of events.
type world struct {
	mu       sync.Mutex
	all      []shared.LineVersion
	changed  chan struct{}
	events   chan event.Event
	since    chan time.Time
	returned []string
	away     bool
}

func (x *world) staged() ([]shared.LineVersion, <-chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.all, x.changed
}

func (x *world) set(all ...shared.LineVersion) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all = all
	close(x.changed)
	x.changed = make(chan struct{})
}

func (x *world) watch(ctx context.Context, since time.Time, handle func(event.Event)) error {
	x.since <- since
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-x.events:
			handle(e)
		}
	}
}

func TestAStartThatFailsPeopleIsReturnedFromOnce(t *testing.T) {
	t.Parallel()
	x := &world{changed: make(chan struct{}), events: make(chan event.Event), since: make(chan time.Time, 10)}
	done := make(chan string, 10)
	w := New(Options{
		Staged: x.staged, Watch: x.watch, Log: slog.New(slog.DiscardHandler),
		Return: func(_ context.Context, v shared.LineVersion, tally Tally, why string) error {
			x.mu.Lock()
			defer x.mu.Unlock()
			if x.away {
				x.away = false
				return errors.New("NATS is away")
			}
			x.returned = append(x.returned, v.Name)
			done <- why
			return nil
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	defer running.Wait()
	defer cancel()

	began := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	v := shared.LineVersion{Name: "retail", Version: 5, Staged: &shared.Staged{
		Percent: 10, Before: 4, First: 5, Since: began, Bounds: bounds,
	}}
	x.set(v)
	assert.Equal(t, began, <-x.since)
	x.set(v, shared.LineVersion{Name: "orders", Version: 2, Staged: &shared.Staged{Since: began.Add(time.Hour), First: 2, Before: 1}})
	assert.Equal(t, began, <-x.since, "the earlier one")
	x.away = true
	ended := func(version int, right bool) {
		d := event.CallEnded{End: event.EndRouted, Status: event.StatusIdentified, Reason: event.ReasonWrongAnswer}
		if right {
			d.Status, d.Reason = event.StatusVerified, event.ReasonOK
		}
		x.events <- event.Event{Line: "retail", LineVersion: version, Time: began.Add(time.Second), Data: d}
	}
	for range 60 {
		ended(4, true)
	}
	for range 30 {
		ended(5, false)
	}
	assert.Contains(t, <-done, "unverified: 100 % of 21 calls, against 0 % of 60 calls", "after NATS was away once")
	for range 30 {
		ended(5, false)
	}
	assert.Empty(t, done, "once")
	tally, ok := w.Of("retail")
	assert.True(t, ok)
	assert.Equal(t, 60, tally.Before.Calls)
	x.set()
	assert.Eventually(t, func() bool { _, ok := w.Of("retail"); return !ok }, 10*time.Second, time.Millisecond)
}
