//go:build !race

package recogniser

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/memorytest"
)

func TestWhatTheRecogniserSaysIsInNoMemoryAfterwards(t *testing.T) {
	secret := make([]byte, 40)
	for i := range secret {
		secret[i] = byte('a'+rand.IntN(26)) ^ memorytest.Mask
	}
	answer := append(make([]byte, 0, 200), `{"results": [{"text": "`...) // it does not grow: no copy is left
	answer = append(answer, make([]byte, len(secret))...)
	for i := range secret {
		answer[len(answer)-len(secret)+i] = secret[i] ^ memorytest.Mask
	}
	answer = append(answer, `", "confidence": 0.9}, {"text": "another", "confidence": 0.2}]}`...)
	require.True(t, memorytest.Finds(t, secret), "the search finds it")
	e, err := read(answer)
	require.NoError(t, err)
	require.Equal(t, len(secret), e.Words.Len())
	clear(answer[:cap(answer)]) // its owner's
	e.Wipe()
	assert.False(t, memorytest.Finds(t, secret))
}
