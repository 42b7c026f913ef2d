package reportsdb

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

func TestAnEventWithoutANumberOfItsOwnIsNotCounted(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	of := func(seq int, id string) event.Event {
		return event.Event{
			ID: id, Source: "/countersign/test", Time: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), Call: "a", Seq: seq,
			Line: "retail", LineVersion: 1, Data: event.CallStarted{Channel: "x"},
		}
	}
	for name, e := range map[string]event.Event{
		"zero": of(0, event.ID("a", 0)), "negative": of(-1, event.ID("a", -1)),
		"the id of another": of(1, event.ID("a", 2)), "the id of another call": of(1, event.ID("b", 1)),
	} {
		fresh, err := r.Apply(deadline(t), []event.Event{e})
		require.NoError(t, err, name)
		assert.Zero(t, fresh, name)
	}
	assert.Empty(t, table(t, r, "SELECT call FROM calls"))
	assert.Equal(t, 1, applyAll(t, r, of(1, event.ID("a", 1))))
	assert.Equal(t, "a", table(t, r, "SELECT call FROM calls"))
}
