//go:build linux

package main

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/unlock"
	"countersign/session/event"
)

// agree waits until everything is published and counted, and compares the journals of all nodes with the stream and the
// reports: to the event, and to the call. All machines must be up.
func (s *machines) agree(t *testing.T) (calls map[string][]told) {
	t.Helper()
	for _, n := range s.nodes {
		db := readOnly(t, filepath.Join(n.data(), "journal.db"))
		var running, waiting int
		require.Eventually(t, func() bool {
			return db.QueryRowContext(context.Background(), `SELECT (SELECT count(*) FROM calls WHERE ended IS NULL),
				(SELECT count(*) FROM outbox)`).Scan(&running, &waiting) == nil && running+waiting == 0
		}, patience, 20*time.Millisecond, "%s: calls that are not over, and events that wait", n.Name)
	}
	calls, bodies := map[string][]told{}, map[string]string{}
	for _, n := range s.nodes {
		itsCalls, itsBodies := journalled(t, filepath.Join(n.data(), "journal.db"))
		for call := range itsCalls {
			assert.NotContains(t, calls, call, "a call on two nodes")
		}
		maps.Copy(calls, itsCalls)
		maps.Copy(bodies, itsBodies)
	}
	for call, events := range calls {
		for i, e := range events {
			assert.Equal(t, i+1, e.Seq, call)
		}
		require.Equal(t, "call_ended", events[len(events)-1].fact(), call)
	}
	js := s.jetStream()
	assert.Empty(t, notOnce(bodies, streamed(t, js)))
	stream, err := js.Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return upTo(t.Context(), js, consumerOf(t, s.reporter.data())) >= stream.CachedInfo().State.LastSeq
	}, patience, 50*time.Millisecond, "the reports do not catch up")
	agreeToTheCall(t, recounted(calls), reportedIn(t, s.reporter.data()))
	t.Logf("%d calls, %d events: in the journals, in the stream and in the reports, each once", len(calls), len(bodies))
	return calls
}

// remembers requires that the journals have each call as FreeSWITCH was told.
func remembers(t *testing.T, calls map[string][]told, all []placed) {
	t.Helper()
	for _, p := range all {
		if p.status == "" || !p.asItShould() {
			continue
		}
		events := calls[p.result.Variables["cs_call"]]
		if assert.NotEmpty(t, events) {
			assert.Equal(t, p.status, events[len(events)-1].Data.Status)
		}
	}
}

// onNodes says how many calls that began within a time each node had.
func (s *machines) onNodes(t *testing.T, from, to time.Time) (calls []int) {
	t.Helper()
	for _, n := range s.nodes {
		all, _ := journalled(t, filepath.Join(n.data(), "journal.db"))
		count := 0
		for _, events := range all {
			if at := events[0].Time; at.After(from) && at.Before(to) {
				count++
			}
		}
		calls = append(calls, count)
	}
	return calls
}

// failures are the wrong answers of a customer that count, on all machines.
func (s *machines) failures(t *testing.T, customer string) int {
	t.Helper()
	var u unlock.Result
	require.NoError(t, json.Unmarshal([]byte(s.operator("customers", "unlock", "--dry-run", "--json", customer)), &u))
	return u.Failures
}
