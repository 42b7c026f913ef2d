package deliver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/schedule"
)

func TestAScheduleSaysHowItRanLastAndWhenItRunsNext(t *testing.T) {
	t.Parallel()
	settings := Settings{Schedules: []Schedule{{Name: "early", Cron: "0 6 * * *", TZ: "Europe/Berlin"}}}
	all, err := settings.Due()
	require.NoError(t, err)
	cron := all[0].Cron.String()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	due := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		state schedule.State
		last  *LastRun
		next  string
		runs  bool
	}{
		"it is new": {next: "2026-11-23T06:00:00+01:00"},
		"it ran": {
			schedule.State{
				Cron: cron, Handled: due, Due: due, Ended: due.Add(time.Minute), Took: 2500 * time.Millisecond, Attempts: 1,
			},
			&LastRun{Seconds: 2.5, OK: true, Attempts: 1}, "2026-11-23T06:00:00+01:00", false,
		},
		"it failed, and is tried again": {
			schedule.State{
				Cron: cron, Handled: due.AddDate(0, 0, -1), Due: due, Ended: due.Add(time.Minute), Attempts: 3,
				Error: "the disk is full",
				Retry: now.Add(time.Minute),
			},
			&LastRun{Error: "the disk is full", Attempts: 3}, "2026-11-22T10:01:00+01:00", false,
		},
		"somebody is at it": {
			schedule.State{Cron: cron, Handled: due.AddDate(0, 0, -1), Due: due, Claimed: now.Add(time.Minute)},
			nil, "2026-11-22T10:01:00+01:00", true,
		},
		"it was changed": {
			schedule.State{Cron: "@monthly UTC", Handled: due, Ended: due}, nil, "2026-11-23T06:00:00+01:00", false,
		},
	} {
		c.state.Name = "early"
		got, err := settings.Statuses(map[string]schedule.State{"early": c.state}, now)
		require.NoError(t, err)
		require.Len(t, got, 1)
		assert.Equal(t, "Europe/Berlin", got[0].TZ)
		assert.Equal(t, c.next, got[0].Next.Format(time.RFC3339), name)
		assert.Equal(t, c.runs, got[0].Running, name)
		if c.last == nil {
			assert.Nil(t, got[0].Last, name)
			continue
		}
		assert.True(t, due.Equal(got[0].Last.Due), name)
		assert.True(t, due.Add(time.Minute).Equal(got[0].Last.Ended), name)
		c.last.Due, c.last.Ended = got[0].Last.Due, got[0].Last.Ended
		assert.Equal(t, c.last, got[0].Last, name)
	}
}
