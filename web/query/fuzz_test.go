package query

import (
	"net/url"
	"testing"
	"time"
)

// FuzzParse: whatever is in an address, a period that is taken has a beginning before its end and is no longer than the
// longest that a report may have.
func FuzzParse(f *testing.F) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, time.March, 29, 1, 30, 0, 0, time.UTC) // as the clock leaps
	for _, text := range []string{
		"period=last_week&by=line&by=weekday", "from=2026-03-29T02:30&to=2026-03-30", "to=2026-01-01", "from=0001-01-01&to=9999-12-31",
		"from=-1&to=%00", "period=&from=%zz", "status=verified&caller=0001&clock_from=25:00&customer=+x+",
	} {
		f.Add("calls", text)
		f.Add("summary", text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		values, _ := url.ParseQuery(text)
		q, err := Parse(name, values, berlin, now)
		if err != nil {
			return
		}
		if p := q.Period; !p.From.Before(p.To) || p.To.Sub(p.From) > 11*366*24*time.Hour {
			t.Errorf("%q: from %s to %s", text, p.From, p.To)
		}
	})
}
