package main

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"countersign/lines/whatif"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheCallsThatStartedFirstAreListedAndNoMoreAreKept(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 1, 7, 2000} {
		tr := tried{limit: limit}
		for _, i := range rand.Perm(1000) {
			tr.list(whatif.Result{Call: strconv.Itoa(i), Started: recordedAt.Add(time.Duration(i) * time.Second)})
			require.LessOrEqual(t, len(tr.Listed), 2*limit+2)
		}
		tr.first()
		require.Len(t, tr.Listed, min(limit, 1000))
		for i, r := range tr.Listed {
			assert.Equal(t, strconv.Itoa(i), r.Call)
		}
	}
}

func TestCallsAreListedAsJSONUpToTheLimit(t *testing.T) {
	t.Parallel()
	s := newReplaySite(t).imported()
	for limit, want := range map[string]int{"": 2, "--limit=1": 1, "--limit=0": 0} {
		args := []string{"replay", "--json", "--what-if", s.line("pin: {reasks: 0}")}
		if limit != "" {
			args = append(args, limit)
		}
		var got tried
		require.NoError(t, json.Unmarshal([]byte(s.must(append(args, s.file)...)), &got))
		assert.Equal(t, 2, got.Changed)
		assert.Len(t, got.Listed, want, limit)
	}
}
