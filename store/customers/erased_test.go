package customers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event/eventtest"
)

func TestWhoWasErasedIsKnownByAnAlias(t *testing.T) {
	t.Parallel()
	now := eventtest.Noon
	d := newDirectory(t, Options{Now: func() time.Time { return now }})
	nobody, err := d.Erased(deadline(t))
	require.NoError(t, err)
	assert.Nil(t, nobody, "nobody was erased yet")
	now = eventtest.Noon.Add(time.Minute)
	_, _, err = d.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	erased, err := d.Erased(deadline(t))
	require.NoError(t, err)
	assert.True(t, erased("C-1001", eventtest.Noon))
	assert.False(t, erased("C-1001", eventtest.Noon.Add(time.Hour)), "a new customer with the same id")
	assert.False(t, erased("C-1002", eventtest.Noon))
	var stored string
	require.NoError(t, d.db.Read.QueryRow("SELECT alias FROM erased").Scan(&stored))
	assert.NotContains(t, stored, "1001")
}
