// Package retentiontest fills stores for tests with calls, some of which have expired under the default settings.
package retentiontest

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/reports/reportsdb"
	"countersign/session/event"
	"countersign/store/journal"
)

const day = 24 * time.Hour

// call is two events of a call that began and ended at a time. Reports and journal keep who called: leg-of-X and
// customer-of-X.
func call(id string, at time.Time) []event.Event {
	began := event.CallStarted{Channel: "leg-of-" + id, CallerLast4: "1820"}
	ended := event.CallEnded{End: event.EndAbandoned, Customer: "customer-of-" + id}
	return []event.Event{
		{ID: event.ID(id, 1), Source: "/t", Time: at, Call: id, Seq: 1, Line: "retail", Data: began},
		{ID: event.ID(id, 2), Source: "/t", Time: at, Call: id, Seq: 2, Line: "retail", Data: ended},
	}
}

// Journal makes a journal with an expired call, "old", and one that is not, "young". NATS has both.
func Journal(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	j, err := journal.Open(ctx, path, journal.Options{})
	require.NoError(t, err)
	for id, age := range map[string]time.Duration{"old": 91 * day, "young": 89 * day} {
		require.NoError(t, j.Append(call(id, time.Now().Add(-age))...))
	}
	require.NoError(t, j.Sync(ctx))
	require.NoError(t, j.Published(ctx, math.MaxInt64))
	require.NoError(t, j.Close(ctx))
}

// Reports makes reports with calls past each of their limits, "ancient" and "old", and one past none, "young".
func Reports(t *testing.T, path string) {
	t.Helper()
	r, err := reportsdb.Open(t.Context(), path, reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for id, age := range map[string]time.Duration{"ancient": 763 * day, "old": 91 * day, "young": 89 * day} {
		_, err := r.Apply(t.Context(), call(id, time.Now().Add(-age)))
		require.NoError(t, err)
	}
}

// Reported are the calls in reports.
func Reported(t *testing.T, path string) (calls []string) {
	t.Helper()
	r, err := reportsdb.Open(t.Context(), path, reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	rows, err := r.DB().Query("SELECT call FROM calls ORDER BY call")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var call string
		require.NoError(t, rows.Scan(&call))
		calls = append(calls, call)
	}
	require.NoError(t, rows.Err())
	return calls
}
