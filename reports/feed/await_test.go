package feed_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/reports/feed"
	"countersign/session/event"
	"countersign/store/journal"
)

func TestCallsAreCountedWhenTheyLeftTheJournalAndNATSHasNothingMore(t *testing.T) {
	t.Parallel()
	ctx, nats := within(t), startNATS(t)
	kept := open(t, filepath.Join(t.TempDir(), "reports.db"))
	j, err := journal.Open(ctx, filepath.Join(t.TempDir(), "journal.db"), journal.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close(context.WithoutCancel(ctx))) }()
	due := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	call := func(id string, at time.Time) {
		t.Helper()
		require.NoError(t, j.Append(event.Event{
			ID: event.ID(id, 1), Call: id, Seq: 1, Line: "retail", LineVersion: 1, Time: at, Source: "/x",
			Data: event.CallStarted{Channel: "c"},
		}))
	}
	counted := feed.Awaited{Reports: kept, NATS: nats, Outbox: j, Within: 2 * time.Second}

	call("before", due.Add(-time.Second))
	require.NoError(t, j.Sync(ctx))
	require.ErrorContains(t, counted.Until(ctx, due), "NATS does not have all events of this machine: not within 2s")
	publish(t, nats, j)
	require.ErrorContains(t, counted.Until(ctx, due), "countersign doctor", "nobody counts")

	defer run(t, kept, nats)()
	call("after", due.Add(time.Second))
	counted.Within = time.Minute
	require.NoError(t, counted.Until(ctx, due), "what came afterwards is not waited for")
}

func TestAMachineThatTakesNoCallsAwaitsNATSAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, 50)
	kept := open(t, s.reports)
	counted := feed.Awaited{Reports: kept, NATS: s.nats, Within: time.Second}
	require.ErrorContains(t, counted.Until(within(t), time.Now()), "not within 1s", "nobody counts")
	defer run(t, kept, s.nats)()
	counted.Within = 0
	require.NoError(t, counted.Until(within(t), time.Now()))
	require.Equal(t, 50, calls(t, kept))
}
