package wallclock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/wallclock"
)

// In these zones clocks are changed in the night, at midnight, by half an hour, over a whole day, or never.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Asia/Beirut", "Africa/Cairo",
	"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Manila", "America/Havana", "Antarctica/Troll",
	"Asia/Gaza", "Africa/Casablanca", "Europe/Dublin", "Asia/Kolkata", "Pacific/Kiritimati",
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

// looked looks at the clock once a minute, as a person would.
func looked(wall time.Time, zone *time.Location) (first, last time.Time) {
	var jumped time.Time
	before := time.Time{}
	for at := wall.Add(-30 * time.Hour); at.Before(wall.Add(30 * time.Hour)); at = at.Add(time.Minute) {
		_, offset := at.In(zone).Zone()
		shown := at.UTC().Add(time.Duration(offset) * time.Second)
		if shown.Equal(wall) {
			if first.IsZero() {
				first = at
			}
			last = at
		}
		if !before.IsZero() && before.Before(wall) && shown.After(wall) && jumped.IsZero() {
			jumped = at
		}
		before = shown
	}
	if first.IsZero() {
		return jumped, jumped
	}
	return first, last
}

func TestTheClockIsReadAroundEveryChange(t *testing.T) {
	t.Parallel()
	from, to := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z, seen := zone(t, name), 0
			for at := from.In(z); seen < 6; seen++ {
				_, change := at.ZoneBounds()
				if change.IsZero() || change.After(to) {
					break
				}
				at = change.In(z)
				if at.Unix()%60 != 0 {
					continue
				}
				_, offset := at.Zone()
				shown := at.UTC().Add(time.Duration(offset) * time.Second)
				for _, minutes := range []time.Duration{-24 * 60, -90, -60, -30, -1, 0, 1, 29, 30, 59, 60, 90, 24 * 60} {
					wall := shown.Add(minutes * time.Minute)
					first, last := looked(wall, z)
					assert.True(t, first.Equal(wallclock.First(wall, z)), "first %s %s: %s", name, wall, wallclock.First(wall, z))
					assert.True(t, last.Equal(wallclock.Last(wall, z)), "last %s %s: %s", name, wall, wallclock.Last(wall, z))
				}
			}
		})
	}
}

func TestAnHourThatIsThereTwiceOrNot(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for name, c := range map[string]struct{ wall, first, last string }{
		"clocks are set back":       {"2026-10-25T02:30:00Z", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"},
		"before they are set back":  {"2026-10-25T01:59:59Z", "2026-10-25T01:59:59+02:00", "2026-10-25T01:59:59+02:00"},
		"clocks are set forward":    {"2026-03-29T02:30:00Z", "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"},
		"at the moment of a change": {"2026-03-29T02:00:00Z", "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"},
		"nothing is changed":        {"2026-06-01T12:00:00Z", "2026-06-01T12:00:00+02:00", "2026-06-01T12:00:00+02:00"},
	} {
		wall, err := time.Parse(time.RFC3339, c.wall)
		require.NoError(t, err)
		assert.Equal(t, c.first, wallclock.First(wall, berlin).Format(time.RFC3339), name)
		assert.Equal(t, c.last, wallclock.Last(wall, berlin).Format(time.RFC3339), name)
	}
}
