package lines_test

import (
	"testing"
	"time"

	"countersign/lines"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func schedule(t *testing.T, tz, open, holidays string) *lines.Schedule {
	t.Helper()
	def := parsed(t, with("hours: {tz: "+tz+", open: \""+open+"\", holidays: ["+holidays+"]}\n"))
	s, err := def.Hours.Schedule()
	require.NoError(t, err)
	return s
}

func TestHours(t *testing.T) {
	t.Parallel()
	const week = "Mo-Fr 08:00-18:00, Sa 09:00-13:00"
	for name, c := range map[string]struct {
		tz, open, holidays string
		isOpen, isClosed   []string // RFC 3339
	}{
		"a week": {"Europe/Berlin", week, "",
			[]string{
				"2026-11-20T08:00:00+01:00", "2026-11-20T17:59:59+01:00", "2026-11-21T09:00:00+01:00", "2026-11-20T07:00:00Z",
			},
			[]string{
				"2026-11-20T07:59:59+01:00", "2026-11-20T18:00:00+01:00", "2026-11-21T08:59:00+01:00", "2026-11-21T13:00:00+01:00",
				"2026-11-22T10:00:00+01:00",
			}},
		"in summer the same times by the clock on the wall": {"Europe/Berlin", week, "",
			[]string{
				"2026-07-17T08:00:00+02:00", "2026-07-17T15:59:59Z",
			}, []string{"2026-07-17T07:59:59+02:00", "2026-07-17T16:00:00Z"}},
		"a break at noon": {"UTC", "Mo-Fr 08:00-12:00, 13:00-17:00", "",
			[]string{"2026-11-20T11:59:00Z", "2026-11-20T13:00:00Z"}, []string{"2026-11-20T12:00:00Z", "2026-11-21T10:00:00Z"}},
		"no days is every day": {
			"UTC", "08:00-12:00", "", []string{"2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z"}, []string{"2026-11-22T12:00:00Z"},
		},
		"single days, and a range around the weekend": {"UTC", "We 08:00-09:00, Sa-Mo 10:00-11:00, Tu Th 06:00-07:00", "",
			[]string{
				"2026-11-18T08:00:00Z", "2026-11-21T10:00:00Z", "2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z",
				"2026-11-24T06:00:00Z", "2026-11-19T06:59:00Z",
			},
			[]string{"2026-11-20T10:00:00Z", "2026-11-24T10:00:00Z", "2026-11-18T06:30:00Z"}},
		"over midnight": {"Europe/Berlin", "Fr 22:00-06:00", "",
			[]string{"2026-11-20T22:00:00+01:00", "2026-11-21T00:00:00+01:00", "2026-11-21T05:59:59+01:00"},
			[]string{
				"2026-11-20T21:59:59+01:00", "2026-11-21T06:00:00+01:00", "2026-11-20T05:00:00+01:00", "2026-11-21T22:00:00+01:00",
			}},
		"round the clock": {"Europe/Berlin", "00:00-24:00", "",
			[]string{
				"2026-11-20T00:00:00+01:00", "2026-11-20T23:59:59+01:00", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z",
				"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
			}, nil},
		"until midnight": {"UTC", "Mo 18:00-24:00", "", []string{"2026-11-23T23:59:59Z"}, []string{"2026-11-24T00:00:00Z"}},
		"a holiday": {"Europe/Berlin", "Mo-Fr 08:00-18:00", "2026-12-25",
			[]string{"2026-12-24T08:00:00+01:00"}, []string{"2026-12-25T08:00:00+01:00", "2026-12-25T17:00:00+01:00"}},
		"a night into a holiday ends at midnight, and one out of it does not begin": {
			"Europe/Berlin", "22:00-06:00", "2026-12-25",
			[]string{"2026-12-24T23:59:59+01:00", "2026-12-26T22:00:00+01:00"},
			[]string{"2026-12-25T00:00:00+01:00", "2026-12-25T23:00:00+01:00", "2026-12-26T05:00:00+01:00"}},
		"a holiday in the line's time zone": {
			"Asia/Tokyo", "00:00-24:00", "2026-12-25", []string{"2026-12-25T15:00:00Z"},
			[]string{"2026-12-24T15:00:00Z", "2026-12-25T14:59:59Z"},
		},

		// 29 March 2026, 01:00 UTC: in Berlin 02:00 becomes 03:00.
		"the hour that is left out in spring": {
			"Europe/Berlin", "Su 01:00-02:30", "", []string{"2026-03-29T00:00:00Z", "2026-03-29T00:59:59Z"},
			[]string{"2026-03-29T01:00:00Z"},
		},
		"opening in the hour that is left out": {"Europe/Berlin", "Su 02:30-06:00", "",
			[]string{"2026-03-29T01:00:00Z", "2026-03-29T03:59:59Z"}, []string{"2026-03-29T00:59:59Z", "2026-03-29T04:00:00Z"}},
		"nothing but the hour that is left out": {
			"Europe/Berlin", "Su 02:00-03:00", "", nil,
			[]string{"2026-03-29T00:30:00Z", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"},
		},
		"a night that is an hour shorter": {"Europe/Berlin", "Sa 22:00-06:00", "",
			[]string{"2026-03-28T21:00:00Z", "2026-03-29T03:59:59Z"}, []string{"2026-03-28T20:59:59Z", "2026-03-29T04:00:00Z"}},
		// 25 October 2026, 01:00 UTC: in Berlin 03:00 becomes 02:00 again.
		"the hour that appears twice in autumn": {"Europe/Berlin", "Su 02:00-03:00", "",
			[]string{
				"2026-10-25T00:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z", "2026-10-25T01:59:59Z",
			}, []string{"2026-10-24T23:59:59Z", "2026-10-25T02:00:00Z"}},
		"closing in the hour that appears twice": {"Europe/Berlin", "Sa 22:00-02:30", "",
			[]string{"2026-10-25T00:29:59Z", "2026-10-25T00:45:00Z", "2026-10-25T01:29:59Z"}, []string{"2026-10-25T01:30:00Z"}},
		"opening in the hour that appears twice": {"Europe/Berlin", "Su 02:30-06:00", "",
			[]string{
				"2026-10-25T00:30:00Z", "2026-10-25T01:15:00Z", "2026-10-25T04:59:59Z",
			}, []string{"2026-10-25T00:29:59Z", "2026-10-25T05:00:00Z"}},
		"a night that is an hour longer": {"Europe/Berlin", "Sa 22:00-06:00", "",
			[]string{"2026-10-24T20:00:00Z", "2026-10-25T04:59:59Z"}, []string{"2026-10-24T19:59:59Z", "2026-10-25T05:00:00Z"}},
		// 6 September 2026: in Santiago the day begins at 01:00.
		"a day without a midnight": {
			"America/Santiago", "00:00-24:00", "", []string{"2026-09-06T03:59:59Z", "2026-09-06T04:00:00Z"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := schedule(t, c.tz, c.open, c.holidays)
			for _, at := range c.isOpen {
				assert.True(t, s.Open(moment(t, at)), "open at %s", at)
			}
			for _, at := range c.isClosed {
				assert.False(t, s.Open(moment(t, at)), "closed at %s", at)
			}
		})
	}
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at
}

func BenchmarkHours(b *testing.B) {
	def, err := lines.Parse("f", []byte(with("hours: {tz: Europe/Berlin, open: \"Mo-Fr 08:00-18:00, Sa 09:00-13:00\"}\n")))
	require.NoError(b, err)
	s, err := def.Hours.Schedule()
	require.NoError(b, err)
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		s.Open(at)
	}
}
