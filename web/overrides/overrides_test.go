package overrides

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/deliver"
	"countersign/session/shared"
)

func TestOneOfTwoWhoChangeSettingsWins(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	b := NewBook(shared.NewMemory(), func() time.Time { return now })
	none, err := b.Get(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Overrides{}, none)
	first := Overrides{
		SMS: map[string]string{"de": "Ihr Code: {code}"}, Retention: Retention{Journal: 60}, By: "ada",
		Schedules: []Schedule{{Node: "n1", Author: "ada", Schedule: deliver.Schedule{Name: "weekly", Report: "summary"}}},
	}
	kept, err := b.Put(t.Context(), first)
	require.NoError(t, err)
	_, err = b.Put(t.Context(), Overrides{By: "cleo"})
	require.ErrorIs(t, err, ErrConflict, "cleo saw none")
	again, err := b.Get(t.Context())
	require.NoError(t, err)
	first.At, first.Revision = now, kept.Revision
	assert.Equal(t, first, again)
	_, err = b.Put(t.Context(), again)
	require.NoError(t, err)
	_, err = b.Put(t.Context(), again)
	require.ErrorIs(t, err, ErrConflict)
}
