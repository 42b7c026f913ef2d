package reportsdb

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/schedule"
)

func TestScheduledReportsOutliveTheCalls(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	applyAll(t, r, verifiedCall("a")...)
	cron, err := schedule.ParseCron("0 6 * * *", time.UTC)
	require.NoError(t, err)
	s, now := schedule.Schedule{Name: "daily", Cron: cron}, time.UnixMilli(1_790_000_000_123)
	require.NoError(t, r.Schedules().Begin(deadline(t), []schedule.Schedule{s}, now))
	due := cron.Next(now)
	claim, ok, err := r.Schedules().Claim(deadline(t), s, due, due, due.Add(schedule.Lease))
	require.NoError(t, err)
	require.True(t, ok)
	_, ok, err = r.Schedules().Claim(deadline(t), s, due, due, due.Add(schedule.Lease))
	require.NoError(t, err)
	assert.False(t, ok, "somebody is at it")
	retry := due.Add(time.Minute)
	require.NoError(t, r.Schedules().Finish(deadline(t), schedule.Result{
		Name: "daily", Due: due, Claim: claim, Ended: due.Add(time.Second), Took: 900 * time.Millisecond, Error: "no",
		Retry: retry,
		Done:  []string{"ops@bank.example"},
	}))
	want := schedule.State{
		Name: "daily", Cron: "0 6 * * * UTC", Handled: now, Due: due.Local(), Attempts: 1, Done: []string{"ops@bank.example"},
		Ended: due.Add(time.Second).Local(), Took: 900 * time.Millisecond, Error: "no",
		Retry: retry.Local(),
	}
	same := func() {
		t.Helper()
		all, err := r.Schedules().States(deadline(t))
		require.NoError(t, err)
		assert.Equal(t, map[string]schedule.State{"daily": want}, all)
	}
	same()
	require.NoError(t, r.Reset(deadline(t), time.Time{}))
	same()
	assert.Equal(t, "0", table(t, r, "SELECT count(*) FROM calls"))
	_, err = r.Expire(deadline(t), time.Now().AddDate(100, 0, 0), time.Now().AddDate(100, 0, 0))
	require.NoError(t, err)
	same()
	_, ok, err = r.Schedules().Claim(deadline(t), s, due, retry.Add(-time.Second), retry)
	require.NoError(t, err)
	assert.False(t, ok, "it waits")
	_, ok, err = r.Schedules().Claim(deadline(t), s, due, retry, retry.Add(schedule.Lease))
	require.NoError(t, err)
	assert.True(t, ok)

	next := cron.Next(due)
	_, ok, err = r.Schedules().Claim(deadline(t), s, next, next, next.Add(schedule.Lease))
	require.NoError(t, err)
	assert.True(t, ok)
	all, err := r.Schedules().States(deadline(t))
	require.NoError(t, err)
	assert.Empty(t, all["daily"].Done, "it is another report, which nobody has")
}
