package feed_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/reports/feed"
	"countersign/store/journal"
)

// erased is a journal that only says what it was asked for.
type erased struct{ asked []journal.ExportOptions }

func (e *erased) Export(_ context.Context, o journal.ExportOptions, _ func([]byte) error) error {
	e.asked = append(e.asked, o)
	return nil
}

func TestReportsAreCountedAgainFromTheStream(t *testing.T) {
	t.Parallel()
	s, j := newSite(t, 300), &erased{}
	var counted, of uint64
	for range 2 {
		events, err := feed.Rebuild(within(t), feed.RebuildOptions{
			Reports: s.reports, NATS: s.nats, Journal: j, Log: quiet,
			Progress: func(n, total uint64) { counted, of = n, total },
		})
		require.NoError(t, err)
		assert.Equal(t, s.events, events)
		assert.LessOrEqual(t, counted, of)
		assert.EqualValues(t, s.events, of)
		assert.Equal(t, 300, calls(t, open(t, s.reports)))
	}
	assert.Equal(t, []journal.ExportOptions{{Erased: true}, {Erased: true}}, j.asked)
}

func TestARebuildThatCannotBeginChangesNothing(t *testing.T) {
	t.Parallel()
	reports := filepath.Join(t.TempDir(), "reports.db")
	away, err := bus.External(bus.ExternalOptions{URL: "nats://127.0.0.1:1"})
	require.NoError(t, err)
	_, err = feed.Rebuild(within(t), feed.RebuildOptions{Reports: reports, NATS: away, Log: quiet})
	var unreadable *feed.UnreadableError
	require.ErrorAs(t, err, &unreadable)
	assert.ErrorContains(t, err, "127.0.0.1:1")
	assert.NoFileExists(t, reports)
}

func TestARebuildFromAStreamWithoutEventsChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	_, err := feed.Rebuild(within(t), feed.RebuildOptions{Reports: s.reports, NATS: s.nats, Log: quiet})
	require.ErrorIs(t, err, feed.ErrNoEvents)
	assert.NoFileExists(t, s.reports)
}

func TestARebuildThatIsStoppedSaysSoAndIsFinishedByWhoCountsNext(t *testing.T) {
	t.Parallel()
	s := newSite(t, 300)
	ctx, stop := context.WithCancelCause(within(t))
	_, err := feed.Rebuild(ctx, feed.RebuildOptions{
		Reports: s.reports, NATS: s.nats, Log: quiet,
		Progress: func(_, _ uint64) { stop(errors.New("countersign is stopping")) },
	})
	require.ErrorContains(t, err, "stopped before all events were counted: countersign is stopping")
	kept := open(t, s.reports)
	assert.Less(t, calls(t, kept), 300)
	run(t, kept, s.nats)
	require.Eventually(t, func() bool { return calls(t, kept) == 300 }, patience, 20*time.Millisecond)
}
