package reportsdb

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/sqlite"
)

// traced are the customers and channels that a file and its log hold, wherever in it.
func tracedIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, file := range []string{path, path + "-wal"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, trace := range regexp.MustCompile(`(customer|channel)-[0-9]{6}`).FindAll(text, -1) {
			found[string(trace)] = true
		}
	}
	return found
}

func TestReportsHoldNobodyWhoseTimeIsOver(t *testing.T) {
	t.Parallel()
	const days, kept, perDay = 12, 4, 200
	path := filepath.Join(t.TempDir(), "reports.db")
	r, err := Open(deadline(t), path, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	const counted = days * perDay * 19 / 20 // of the others nobody knows the beginning
	random := rand.New(rand.NewPCG(1, 2))
	count := func(query string) (n int) {
		require.NoError(t, r.DB().QueryRow(query).Scan(&n))
		return n
	}
	last := map[string]int{} // by whom, the day on which they called last
	for day := range days {
		at := eventtest.Noon.AddDate(0, 0, day)
		for i := range perDay {
			n := random.IntN(1_000_000)
			customer, channel := fmt.Sprintf("customer-%06d", n), fmt.Sprintf("channel-%06d", n)
			last[customer], last[channel] = day, day
			call := eventtest.Verified(fmt.Sprintf("%08x", random.Uint32()), customer, at)
			call[0].Data = event.CallStarted{Channel: channel, CallerLast4: "1820"}
			switch i % 20 {
			case 0: // the last event never comes
				call = call[:2]
			case 1: // nor do the others
				call = call[1:2]
			}
			_, err := r.Apply(deadline(t), call)
			require.NoError(t, err)
		}
		want, err := r.Expired(deadline(t), at.AddDate(0, 0, -kept), eventtest.Noon.AddDate(-1, 0, 0))
		require.NoError(t, err)
		got, err := r.Retain(deadline(t), at.AddDate(0, 0, -kept), eventtest.Noon.AddDate(-1, 0, 0))
		require.NoError(t, err)
		assert.Equal(t, want, got)
		found := tracedIn(t, path)
		for who := range found {
			assert.Greater(t, last[who], day-kept-1, "%s on day %d", who, day)
		}
		assert.NotEmpty(t, found)
	}
	assert.Equal(t, counted, count("SELECT sum(calls) FROM daily"), "they still count")
	assert.Equal(t, counted, count("SELECT count(*) FROM calls"))
	got, err := r.Retain(deadline(t), eventtest.Noon.AddDate(2, 0, 0), eventtest.Noon.AddDate(2, 0, 0))
	require.NoError(t, err)
	assert.Equal(t, counted, got, "each once")
	assert.Zero(t, count("SELECT count(*) FROM calls"))
	assert.Zero(t, count("SELECT count(*) FROM daily"))
	assert.Empty(t, tracedIn(t, path))
}

// The reports look every hour: that must not cost more the more calls there are of which nothing is to be forgotten any
// more.
func TestOnlyCallsOfPersonsAreReadToForgetThem(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	plan, err := sqlite.Collect(deadline(t), r.db, func(r sqlite.Row) (detail string, err error) {
		var n int
		return detail, r.Scan(&n, &n, &n, &detail)
	}, "EXPLAIN QUERY PLAN SELECT n FROM call_data WHERE "+ofPersons+" ORDER BY started, n LIMIT 1000",
		eventtest.Noon.UnixMilli())
	require.NoError(t, err)
	assert.Equal(t, []string{"SEARCH call_data USING INDEX calls_of_persons (started<?)"}, plan,
		"without a scan, nor a sort")
}

func TestManyCallsAreForgottenAFewAtATime(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	const calls = 2*expireCalls + 7
	var events []event.Event
	for i := range calls {
		events = append(events, eventtest.Verified(fmt.Sprint("call-", i), "C-1001",
			eventtest.Noon.Add(time.Duration(i)*time.Second))...)
	}
	_, err := r.Apply(deadline(t), events)
	require.NoError(t, err)
	var atOnce []int
	all, err := r.inChunks(deadline(t), func(ctx context.Context, tx *sql.Tx) (int, error) {
		n := min(expireCalls, calls-expireCalls*len(atOnce))
		atOnce = append(atOnce, n)
		return n, nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int{expireCalls, expireCalls, 7}, atOnce)
	assert.Equal(t, calls, all)
	n, err := r.Expire(deadline(t), eventtest.Noon.AddDate(0, 0, 1), eventtest.Noon.AddDate(-1, 0, 0))
	require.NoError(t, err)
	assert.Equal(t, calls, n)
	var named, counted int
	require.NoError(t, r.DB().QueryRow("SELECT count(customer) + count(channel) + count(caller_last4) "+
		"FROM calls").Scan(&named))
	assert.Zero(t, named)
	n, err = r.Expire(deadline(t), eventtest.Noon.AddDate(0, 0, 1), eventtest.Noon.AddDate(0, 0, 2))
	require.NoError(t, err)
	assert.Equal(t, calls, n)
	require.NoError(t, r.DB().QueryRow("SELECT (SELECT count(*) FROM daily) + (SELECT count(*) FROM quarter_hours) + "+
		"(SELECT count(*) FROM kinds_daily)").Scan(&counted))
	assert.Zero(t, counted)
}
