package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/replay"
)

func TestCallsAreListedAsJSONUpToTheLimit(t *testing.T) {
	t.Parallel()
	s := newReplaySite(t).imported()
	for limit, want := range map[string]int{"": 2, "--limit=1": 1, "--limit=0": 0} {
		args := []string{"replay", "--json", "--what-if", s.line("pin: {reasks: 0}")}
		if limit != "" {
			args = append(args, limit)
		}
		var got replay.Tried
		require.NoError(t, json.Unmarshal([]byte(s.must(append(args, s.file)...)), &got))
		assert.Equal(t, 2, got.Changed)
		assert.Len(t, got.Listed, want, limit)
	}
}
