package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWaitsDoubleUpToTheMostAndStartOver(t *testing.T) {
	t.Parallel()
	b := Backoff(50*time.Millisecond, 300*time.Millisecond)
	for _, want := range []time.Duration{50, 100, 200, 300, 300} {
		assert.Equal(t, want*time.Millisecond, b.NextBackOff())
	}
	b.Reset()
	assert.Equal(t, 50*time.Millisecond, b.NextBackOff())
}

func TestAPauseLastsItsTimeOrUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		require.NoError(t, Pause(t.Context(), time.Minute))
		assert.Equal(t, time.Minute, time.Since(began))

		late := errors.New("it took too long")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, late)
		defer cancel()
		began = time.Now()
		require.ErrorIs(t, Pause(ctx, time.Minute), late)
		assert.Equal(t, time.Second, time.Since(began))
	})
}
