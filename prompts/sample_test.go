package prompts_test

import (
	"testing"

	"countersign/prompts"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASampleIsSpokenAtEitherRate(t *testing.T) {
	t.Parallel()
	narrow, err := prompts.Sample("123", 8000)
	require.NoError(t, err)
	assert.Greater(t, len(narrow), 16000, "a second at least")
	wide, err := prompts.Sample("123", 16000)
	require.NoError(t, err)
	require.Len(t, wide, 2*len(narrow))
	for i := 0; i < len(narrow); i += 2 {
		require.Equal(t, narrow[i:i+2], wide[2*i:2*i+2])
	}
	_, err = prompts.Sample("12a", 8000)
	require.Error(t, err)
}
