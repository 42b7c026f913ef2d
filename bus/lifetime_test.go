package bus_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/wiretest"
)

func TestWhoWaitsForAnAnswerWaitsNoLongerThanTheConnectionLives(t *testing.T) {
	t.Parallel()
	w := wiretest.New(t, strings.TrimPrefix(embedded(t).URL(), "nats://"))
	s := ready(t, state(t, external(t, "nats://"+w.Address), bus.StateOptions{Within: patience}))
	_, err := s.Guard().Put(t.Context(), "a", []byte("1"), 0)
	require.NoError(t, err)
	w.Hold()
	began, waiting := time.Now(), make(chan error, 2)
	go func() { _, _, err := s.Guard().Get(t.Context(), "a"); waiting <- err }()
	go func() { _, err := s.Guard().Put(t.Context(), "a", []byte("2"), 0); waiting <- err }()
	time.AfterFunc(100*time.Millisecond, w.Cut)
	for range cap(waiting) {
		require.ErrorIs(t, <-waiting, bus.ErrAway)
	}
	assert.Less(t, time.Since(began), patience/2)
	w.Release()
	require.Eventually(t, func() bool { _, _, err := s.Guard().Get(t.Context(), "a"); return err == nil }, patience,
		10*time.Millisecond, "then the next connection works")
}
