package feed_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/reports/feed"
	"countersign/reports/reportsdb"
	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/journal"
)

const patience = time.Minute

var quiet = slog.New(slog.DiscardHandler)

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func startNATS(t *testing.T) bus.Endpoint {
	t.Helper()
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: quiet})
	require.NoError(t, err)
	t.Cleanup(nats.Shutdown)
	return nats.Endpoint()
}

// site is a NATS with the calls of a month, and a path for reports.
type site struct {
	nats    bus.Endpoint
	events  int
	reports string
}

func newSite(t *testing.T, calls int) *site {
	t.Helper()
	s := &site{nats: startNATS(t), reports: filepath.Join(t.TempDir(), "reports.db")}
	ctx := within(t)
	j, err := journal.Open(ctx, filepath.Join(t.TempDir(), "journal.db"), journal.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close(ctx)) }()
	march := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for call := range (eventtest.History{Seed: 5, Calls: calls, From: march, To: march.AddDate(0, 1, 0)}).All() {
		require.NoError(t, j.Append(call...))
		s.events += len(call)
	}
	require.NoError(t, j.Sync(ctx))
	publish(t, s.nats, j)
	return s
}

// publish gives NATS what the journal has.
func publish(t *testing.T, nats bus.Endpoint, j *journal.Journal) {
	t.Helper()
	ctx, stop := context.WithCancel(within(t))
	var relaying sync.WaitGroup
	defer relaying.Wait()
	defer stop()
	r := bus.NewRelay(j, nats, bus.RelayConfig{}, quiet)
	relaying.Go(func() { r.Run(ctx) })
	require.NoError(t, r.Flush(ctx))
}

func open(t *testing.T, path string) *reportsdb.Reports {
	t.Helper()
	kept, err := reportsdb.Open(within(t), path, reportsdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	return kept
}

func number(t *testing.T, kept *reportsdb.Reports, query string) (n int) {
	t.Helper()
	require.NoError(t, kept.DB().QueryRowContext(within(t), query).Scan(&n))
	return n
}

func calls(t *testing.T, kept *reportsdb.Reports) int {
	t.Helper()
	return number(t, kept, "SELECT coalesce(sum(calls), 0) FROM daily")
}

// run counts until stop.
func run(t *testing.T, kept *reportsdb.Reports, nats bus.Endpoint) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(within(t))
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(t, feed.Run(ctx, feed.Options{Reports: kept, NATS: nats, Log: quiet})) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

func TestEventsAreCountedAndAgainWhenReportsAreReset(t *testing.T) {
	t.Parallel()
	s := newSite(t, 100)
	kept := open(t, s.reports)
	stop := run(t, kept, s.nats)
	require.Eventually(t, func() bool { return calls(t, kept) == 100 }, patience, 20*time.Millisecond)
	require.Eventually(t, func() bool { return number(t, kept, "SELECT coalesce(counted_until, 0) FROM counted") > 0 },
		patience, 20*time.Millisecond, "how far it is, it notes while it counts")
	before, err := kept.Consumer(within(t))
	require.NoError(t, err)

	require.NoError(t, open(t, s.reports).Reset(within(t), time.Time{}), "by another process")
	require.Eventually(t, func() bool { return calls(t, kept) == 100 }, patience, 20*time.Millisecond)
	after, err := kept.Consumer(within(t))
	require.NoError(t, err)
	assert.NotEqual(t, before, after)
	stop()
}

func TestCallsOfErasedCustomersAreCountedFromTheJournal(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	j, err := journal.Open(ctx, filepath.Join(t.TempDir(), "journal.db"), journal.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close(ctx)) }()
	record := func(call, customer string) {
		for i, d := range []event.Data{
			event.CallStarted{Channel: "c"},
			event.Identified{Customer: customer, Method: event.MethodANI, Status: event.StatusIdentified, Level: 1},
			event.CallEnded{End: event.EndAbandoned, Status: event.StatusIdentified, Level: 1, Customer: customer},
		} {
			require.NoError(t, j.Append(event.Event{
				ID: event.ID(call, i+1), Source: "/x", Call: call, Seq: i + 1, Line: "retail", LineVersion: 1,
				Time: time.Date(2026, 3, 1, 12, 0, i, 0, time.UTC), Data: d,
			}))
		}
	}
	record("call-1", event.ErasedCustomer)
	record("call-2", "bank-2")
	require.NoError(t, j.Sync(ctx))
	kept := open(t, filepath.Join(t.TempDir(), "reports.db"))
	for range 2 {
		require.NoError(t, feed.FromJournal(ctx, j, kept, journal.ExportOptions{Erased: true}))
		assert.Equal(t, 1, calls(t, kept), "once, and no other ones")
	}
	assert.Equal(t, 1, number(t, kept, "SELECT count(*) FROM calls WHERE call = 'call-1'"))
}
