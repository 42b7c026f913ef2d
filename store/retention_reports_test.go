package store

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
)

// traced are the customers and channels that a file and its log hold, wherever in it.
func traced(t *testing.T, path string) map[string]bool {
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
	r, err := OpenReports(deadline(t), path, ReportsOptions{})
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
		at := noon.AddDate(0, 0, day)
		for i := range perDay {
			n := random.IntN(1_000_000)
			customer, channel := fmt.Sprintf("customer-%06d", n), fmt.Sprintf("channel-%06d", n)
			last[customer], last[channel] = day, day
			call := aCall(fmt.Sprintf("%08x", random.Uint32()), customer, at)
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
		want, err := r.Retain(deadline(t), at.AddDate(0, 0, -kept), noon.AddDate(-1, 0, 0), true)
		require.NoError(t, err)
		got, err := r.Retain(deadline(t), at.AddDate(0, 0, -kept), noon.AddDate(-1, 0, 0), false)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		found := traced(t, path)
		for who := range found {
			assert.Greater(t, last[who], day-kept-1, "%s on day %d", who, day)
		}
		assert.NotEmpty(t, found)
	}
	assert.Equal(t, counted, count("SELECT sum(calls) FROM daily"), "they still count")
	assert.Equal(t, counted, count("SELECT count(*) FROM calls"))
	got, err := r.Retain(deadline(t), noon.AddDate(2, 0, 0), noon.AddDate(2, 0, 0), false)
	require.NoError(t, err)
	assert.Equal(t, counted, got, "each once")
	assert.Zero(t, count("SELECT count(*) FROM calls"))
	assert.Zero(t, count("SELECT count(*) FROM daily"))
	assert.Empty(t, traced(t, path))
}

// The reports look every hour: that must not cost more the more calls there are of which nothing is to be forgotten any more.
func TestOnlyCallsOfPersonsAreReadToForgetThem(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	plan, err := collect(deadline(t), r.db, func(r row) (detail string, err error) {
		var n int
		return detail, r.Scan(&n, &n, &n, &detail)
	}, "EXPLAIN QUERY PLAN SELECT n FROM call_data WHERE "+ofPersons+" ORDER BY started, n LIMIT 1000", noon.UnixMilli())
	require.NoError(t, err)
	assert.Equal(t, []string{"SEARCH call_data USING INDEX calls_of_persons (started<?)"}, plan, "without a scan, nor a sort")
}

func TestManyCallsAreForgottenAFewAtATime(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	const calls = 2*expireCalls + 7
	var events []event.Event
	for i := range calls {
		events = append(events, aCall(fmt.Sprint("call-", i), "C-1001", noon.Add(time.Duration(i)*time.Second))...)
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
	n, err := r.Expire(deadline(t), noon.AddDate(0, 0, 1), noon.AddDate(-1, 0, 0))
	require.NoError(t, err)
	assert.Equal(t, calls, n)
	var named, counted int
	require.NoError(t, r.DB().QueryRow("SELECT count(customer) + count(channel) + count(caller_last4) FROM calls").Scan(&named))
	assert.Zero(t, named)
	n, err = r.Expire(deadline(t), noon.AddDate(0, 0, 1), noon.AddDate(0, 0, 2))
	require.NoError(t, err)
	assert.Equal(t, calls, n)
	require.NoError(t, r.DB().QueryRow("SELECT (SELECT count(*) FROM daily) + (SELECT count(*) FROM quarter_hours) + (SELECT count(*) FROM kinds_daily)").Scan(&counted))
	assert.Zero(t, counted)
}

func TestAJournalHoldsNobodyWhoseTimeIsOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, JournalOptions{})
	t.Cleanup(func() { _ = j.Close(deadline(t)) })
	random := rand.New(rand.NewPCG(1, 2))
	for hour := range 40 {
		var events []event.Event
		for i := range 20 { // ids grow with time, as ours do
			events = append(events, aCall(fmt.Sprintf("%04d-%04d", hour, i), fmt.Sprintf("customer-%03d%03d", hour, random.IntN(1000)), noon.Add(time.Duration(hour)*time.Hour))...)
		}
		journalled(t, j, events)
	}
	published(t, j)
	for _, line := range []int{10, 25, 40} {
		_, err := j.Prune(deadline(t), noon.Add(time.Duration(line)*time.Hour-time.Minute), false)
		require.NoError(t, err)
		for who := range traced(t, path) {
			assert.GreaterOrEqual(t, who, fmt.Sprintf("customer-%03d", line))
		}
	}
	assert.Empty(t, traced(t, path))
}

// A reader that does not end, such as a long export, keeps the log from being emptied; nobody else waits for it.
func TestALongReaderHoldsUpNobody(t *testing.T) {
	t.Parallel()
	j := newJournal(t, JournalOptions{})
	journalled(t, j, aCall("old", "C-1001", noon))
	published(t, j)
	rows, err := j.db.read.Query("SELECT json FROM events")
	require.NoError(t, err)
	require.True(t, rows.Next())
	n, err := j.Prune(deadline(t), noon.Add(time.Hour), false)
	require.NoError(t, err)
	assert.Equal(t, 1, n.Calls)
	journalled(t, j, aCall("new", "C-1001", noon.Add(time.Hour)))
	require.NoError(t, rows.Close())
	require.NoError(t, j.db.emptyLog(deadline(t)))
	log, err := os.Stat(j.db.path + "-wal")
	require.NoError(t, err)
	assert.Zero(t, log.Size())
}
