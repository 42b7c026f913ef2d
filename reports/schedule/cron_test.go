package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/schedule"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func cronOf(t testing.TB, text string, z *time.Location) schedule.Cron {
	t.Helper()
	c, err := schedule.ParseCron(text, z)
	require.NoError(t, err)
	return c
}

// dues are all due times after one time and not after another.
func dues(c schedule.Cron, after, until time.Time) (all []time.Time) {
	for at := c.Next(after); !at.IsZero() && !at.After(until); at = c.Next(at) {
		all = append(all, at)
	}
	return all
}

func TestWhatIsDueOnceADayIsDueOnceOnEveryDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, cron, from, to string
		want                       []string
	}{
		{"02:30 does not exist when clocks are put forward", "Europe/Berlin", "30 2 * * *",
			"2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z",
			[]string{"2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"02:30 exists twice when they are put back", "Europe/Berlin", "30 2 * * *",
			"2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"03:00 is the moment after the change", "Europe/Berlin", "0 3 * * *",
			"2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"}},
		{"several times that do not exist are one", "Europe/Berlin", "0,30 2,3 29 3 *",
			"2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"}},
		{"midnight does not exist", "America/Sao_Paulo", "@daily", "2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z",
			[]string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
		{"midnight exists twice", "America/Sao_Paulo", "30 23 * * *",
			"2018-02-17T12:00:00Z", "2018-02-19T12:00:00Z",
			[]string{"2018-02-17T23:30:00-02:00", "2018-02-18T23:30:00-03:00"}},
		{"a whole day does not exist", "Pacific/Apia", "0 6 * * *", "2011-12-29T00:00:00Z", "2011-12-31T12:00:00Z",
			[]string{"2011-12-29T06:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T06:00:00+14:00"}},
		{"clocks that are changed by half an hour", "Australia/Lord_Howe", "45 1 * * *",
			"2026-04-04T00:00:00Z", "2026-04-05T18:00:00Z",
			[]string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"}},
		{"a Monday in another zone", "Asia/Kolkata", "0 6 * * 1", "2026-11-15T00:00:00Z", "2026-11-24T00:00:00Z",
			[]string{"2026-11-16T06:00:00+05:30", "2026-11-23T06:00:00+05:30"}},
		{"the 29th of February", "UTC", "0 0 29 2 *", "2026-01-01T00:00:00Z", "2033-01-01T00:00:00Z",
			[]string{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, err := time.Parse(time.RFC3339, c.from)
			require.NoError(t, err)
			to, err := time.Parse(time.RFC3339, c.to)
			require.NoError(t, err)
			var got []string
			for _, at := range dues(cronOf(t, c.cron, zone(t, c.zone)), from, to) {
				got = append(got, at.Format(time.RFC3339))
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// walkedDues finds due times at a given minute of the day by walking over every minute of a zone, as somebody would who
// looks at the clock: the minute counts when the clock shows it for the first time on a day, or when it shows something
// later without having shown it.
func walkedDues(z *time.Location, after, until time.Time, minuteOfDay int) (all []time.Time) {
	done, before := "", ""
	for at := after.Add(-48 * time.Hour).Truncate(time.Minute).In(z); !at.After(until); at = at.Add(time.Minute) {
		day := at.Format(time.DateOnly)
		if before != "" && day != before && done != before { // the day ended without it
			all, done = append(all, at), before
		}
		if before = day; done != day && at.Hour()*60+at.Minute() >= minuteOfDay {
			all, done = append(all, at), day
		}
	}
	return slices.DeleteFunc(all, func(at time.Time) bool { return !at.After(after) })
}

func TestDueTimesAreThoseOfTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	zones := []string{
		"Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata",
		"America/St_Johns", "UTC",
	}
	for range 25 {
		z, minute := zone(t, zones[random.IntN(len(zones))]), random.IntN(24*60)
		if random.IntN(2) == 0 {
			minute = random.IntN(4 * 60) // where clocks are changed
		}
		c := cronOf(t, fmt.Sprintf("%d %d * * *", minute%60, minute/60), z)
		from := time.Date(2010+random.IntN(25), time.Month(1+random.IntN(12)), 1+random.IntN(28), random.IntN(24),
			random.IntN(60), 0, 0, time.UTC)
		until := from.AddDate(0, 0, 45)
		want := walkedDues(z, from, until, minute)
		require.Equal(t, len(want), len(dues(c, from, until)), "%s from %s", c, from)
		for i, at := range dues(c, from, until) {
			require.True(t, at.Equal(want[i]), "%s: %s, not %s", c, at, want[i])
		}
	}
}

func TestTheLatestIsTheLastOfAll(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	berlin := zone(t, "Europe/Berlin")
	for _, text := range []string{
		"30 2 * * *", "*/5 2 * * 0", "@hourly", "0 6 * * 1", "@monthly", "15 2 29 3 *", "* * * * *",
	} {
		c := cronOf(t, text, berlin)
		for range 40 {
			after := time.Date(2026, time.Month(1+random.IntN(12)), 1+random.IntN(28), random.IntN(24), random.IntN(60),
				random.IntN(60), random.IntN(1e9), time.UTC)
			now := after.Add(time.Duration(random.Int64N(int64(72 * time.Hour))))
			all := dues(c, after, now)
			got, ok := c.Latest(after, now)
			require.Equal(t, len(all) > 0, ok, "%s %s %s", text, after, now)
			if ok {
				require.True(t, got.Equal(all[len(all)-1]), "%s: %s, not %s", text, got, all[len(all)-1])
			}
		}
	}
	_, ok := cronOf(t, "@daily", berlin).Latest(time.Date(2030, 1, 1, 0, 0, 0, 0, berlin),
		time.Date(2020, 1, 1, 0, 0, 0, 0, berlin))
	assert.False(t, ok, "a clock that was put back by ten years")
	got, _ := cronOf(t, "* * * * *", berlin).Latest(time.Date(2016, 1, 1, 0, 0, 0, 0, berlin),
		time.Date(2026, 1, 1, 0, 0, 30, 0, berlin))
	assert.True(t, got.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, berlin)), "ten years of minutes were missed")
}

func TestExpressionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for text, word := range map[string]string{
		"": "minute, hour", "0 6 * *": "minute, hour", "0 0 6 * * 1": "minute, hour", "60 * * * *": "60",
		"0 6 * * 7": "0 is Sunday", "@every 1h": "@daily", "@noon": "@daily",
		"TZ=UTC": "minute, hour", "CRON_TZ=UTC 0 6 * * *": "minute, hour", "0 0 31 2 *": "no such day", "a b c d e": "minute",
		", * * * *": "no such day",
	} {
		_, err := schedule.ParseCron(text, time.UTC)
		assert.ErrorContains(t, err, word, text)
	}
	assert.Equal(t, "0 6 * * mon UTC", cronOf(t, " 0 6  * * mon ", time.UTC).String())
}

func FuzzParseCron(f *testing.F) {
	for _, text := range []string{
		"0 6 * * 1", "@daily", "TZ=", "CRON_TZ=a", "*/5 1-3,7 * jan-mar sun", "59 23 31 12 *", "-1 * * * *", "*/0 * * * *",
	} {
		f.Add(text, int64(1_774_000_000))
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		c, err := schedule.ParseCron(text, berlin)
		if err != nil || strings.HasPrefix(text, "@") {
			return
		}
		after := time.Unix(seconds%4_000_000_000, 0)
		if next := c.Next(after); !next.IsZero() {
			require.True(t, next.After(after), "%s after %s: %s", text, after, next)
			got, ok := c.Latest(after, next)
			require.True(t, ok && got.Equal(next), "%s after %s: %s, not %s", text, after, got, next)
		}
	})
}
