package callback

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/timezones"
	"countersign/lines"
)

// slowly goes through a time minute by minute and looks at the clock of the zone.
func slowly(w Windows, from, to time.Time) (all []Window) {
	length := int(w.Length / time.Minute)
	begins := func(at time.Time) bool { return (at.Hour()*60+at.Minute())%length == 0 }
	for at := from.In(w.Zone); at.Before(to); at = at.Add(time.Minute) {
		if !begins(at) {
			continue
		}
		end, open := at, true
		for {
			open = open && w.Hours.Open(end)
			if end = end.Add(time.Minute); begins(end) || end.Sub(at) == w.Length {
				break
			}
		}
		if open {
			all = append(all, Window{at, end})
		}
	}
	return all
}

func TestAYearOfWindowsIsThatOfTheSlowReference(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]string{
		"Europe/Berlin":       "Mo-Fr 08:00-18:00, Su 00:00-06:00",
		"America/New_York":    "00:00-24:00",
		"Australia/Lord_Howe": "Mo-Su 00:00-05:00", // half an hour
		"America/Vancouver":   "Mo-Su 00:00-04:00", // stays on summer time from 2026-11-01
		"Africa/Casablanca":   "Mo-Su 22:00-06:00", // put back for Ramadan
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hours, err := lines.ParseHours(name, open, []string{"2026-12-25"})
			require.NoError(t, err)
			for _, length := range []time.Duration{30 * time.Minute, time.Hour} {
				w := Windows{Zone: hours.Zone(), Length: length, Hours: hours}
				// Around each change of the clocks, and a whole month for the rest.
				from := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
				year := from.AddDate(1, 0, 0)
				spans := [][2]time.Time{{from, from.AddDate(0, 0, 20)}}
				for at := from.In(hours.Zone()); ; {
					_, change := at.ZoneBounds()
					if change.IsZero() || !change.Before(year) {
						break
					}
					spans = append(spans, [2]time.Time{change.Add(-36 * time.Hour), change.Add(36 * time.Hour)})
					at = change
				}
				for _, s := range spans {
					want := slowly(w, s[0], s[1])
					require.NotEmpty(t, want)
					require.Equal(t, want, w.In(s[0], s[1]), "%s, %s", length, s[0])
				}
				all := w.In(from, year)
				for i, one := range all[1:] {
					assert.False(t, one.From.Before(all[i].To), "windows do not overlap")
				}
			}
		})
	}
}

func TestAWindowOfBritishColumbiaKeepsItsHour(t *testing.T) {
	t.Parallel()
	zone, err := timezones.Load("America/Vancouver")
	require.NoError(t, err)
	w := Windows{Zone: zone, Length: time.Hour, Hours: always{}}
	// 9 o'clock is 16:00 UTC in October and in November; with rules of before 2026 it would be 17:00 in November.
	for _, day := range []int{30, 32} {
		at := time.Date(2026, time.October, day, 16, 0, 0, 0, time.UTC)
		got, ok := w.At(at)
		require.True(t, ok)
		assert.Equal(t, "09:00", got.From.Format("15:04"))
	}
	day := w.In(time.Date(2026, time.November, 1, 0, 0, 0, 0, zone), time.Date(2026, time.November, 2, 0, 0, 0, 0, zone))
	assert.Len(t, day, 24, "the first of November has 24 hours")
}

func TestACalendarEntryHasNoWord(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	c := b.booked(t, "C1")
	var out bytes.Buffer
	require.NoError(t, c.WriteICS(&out, b.clock.now(), "Callback; us, really", strings.Repeat("ä", 60)))
	text := out.String()
	assert.NotContains(t, text, "Anana7")
	assert.Contains(t, text, "DTSTART:20260303T100000Z\r\nDTEND:20260303T103000Z\r\n")
	assert.Contains(t, text, `SUMMARY:Callback\; us\, really`)
	for line := range strings.SplitSeq(text, "\r\n") {
		assert.LessOrEqual(t, len(line), 75)
	}
}
