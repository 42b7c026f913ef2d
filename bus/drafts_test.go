package bus_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/lines/draft"
)

// Drafts in NATS itself: one that was discarded makes room for the next.
func TestADraftFollowsOneThatWasDiscarded(t *testing.T) {
	t.Parallel()
	e, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer e.Shutdown()
	state, err := bus.OpenState(e.Endpoint(), bus.StateOptions{Node: "n1", Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer state.Close()
	ctx := t.Context()
	require.Eventually(t, func() bool { return state.Ready(ctx) == nil }, time.Minute, 10*time.Millisecond)
	book := draft.NewBook(state.People(), time.Now)
	d := draft.Draft{Line: "retail", Text: "one", Author: "ada"}
	for range 3 {
		saved, err := book.Save(ctx, d)
		require.NoError(t, err)
		all, err := book.All(ctx)
		require.NoError(t, err)
		assert.Equal(t, "one", all["retail"].Text)
		require.NoError(t, book.Discard(ctx, saved))
		gone, err := book.Get(ctx, "retail")
		require.ErrorIs(t, err, draft.ErrNone)
		assert.NotZero(t, gone.Revision)
		d.Revision = gone.Revision
	}
	d.Revision = 0
	_, err = book.Save(ctx, d)
	require.NoError(t, err, "whoever does not know of the one before, too")
	all, err := book.All(ctx)
	require.NoError(t, err)
	assert.Len(t, all, 1)
}
