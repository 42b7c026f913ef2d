package reportsdb

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/sqlite"
	"countersign/store/traces"
)

func TestACustomerIsErasedFromTheReportsAndCountsStay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "reports.db")
	r, err := Open(deadline(t), path, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	for call, customer := range map[string]string{"a": "C-1001", "b": "C-1001", "c": "C-1002"} {
		_, err := r.Apply(deadline(t), eventtest.Verified(call, customer, eventtest.Noon))
		require.NoError(t, err)
	}
	// One whose last event has not come yet, and comes afterwards.
	late := eventtest.Verified("late", "C-1001", eventtest.Noon)
	_, err = r.Apply(deadline(t), append(late[:2:2], eventtest.Of("late", 9, event.StepFinished{
		Step: "phone", Number: &event.Number{ToldLast4: "1820", Last4: "1820"},
	})))
	require.NoError(t, err)
	count := func(query string) (n int) {
		require.NoError(t, r.DB().QueryRow(query).Scan(&n))
		return n
	}
	verified := count("SELECT sum(verified) FROM daily")
	calls, err := r.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Equal(t, 3, calls)
	assert.Equal(t, verified, count("SELECT sum(verified) FROM daily"))
	assert.Equal(t, 3, count("SELECT count(*) FROM calls WHERE customer = 'erased' AND caller_last4 IS NULL"))
	assert.Equal(t, 1, count("SELECT count(*) FROM calls WHERE customer = 'C-1002' AND caller_last4 = '1820'"))
	assert.Equal(t, 0, count("SELECT count(*) FROM events WHERE json LIKE '%C-1001%' OR json LIKE '%1820%'"))
	require.NoError(t, r.Close())
	require.NoError(t, sqlite.Rewrite(deadline(t), path, true))
	s, err := traces.Search(deadline(t), traces.Set{[]byte("C-1001"), traces.Named("C-1001")}, filepath.Dir(path))
	require.NoError(t, err)
	assert.Empty(t, s.Found)
}
