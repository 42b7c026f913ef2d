package reports

import (
	"fmt"
	"time"

	"countersign/internal/wallclock"
	"countersign/reports/words"
)

// Period is the time of a report: From is included, To is not. Both are in the time zone of its days and hours.
type Period struct{ From, To time.Time }

const (
	// usualDays is the length of a period of which only the end is given: a week.
	usualDays = 7
	// longestYears keeps a typing error from making an endless report.
	longestYears = 10
)

// ParsePeriod reads the ends of a period: days such as 2026-11-21, both included, or times in RFC 3339, of which the
// second is not. A PeriodWord stands for its first day in from, and for its last in to. "" is today as the end, and
// seven days before the end as the start. Errors name the flags --from and --to.
func ParsePeriod(from, to string, zone *time.Location, now time.Time) (Period, error) {
	p := Period{To: startOfDay(today(now.In(zone))+1, zone)}
	if to != "" {
		end, day, err := parseEnd("--to", to, zone, now)
		if err != nil {
			return Period{}, err
		}
		if day {
			end = startOfDay(today(end)+1, zone)
		}
		p.To = end
	}
	if from == "" {
		p.From = startOfDay(today(p.To.Add(-time.Millisecond))-usualDays+1, zone)
		return p, nil
	}
	begin, _, err := parseEnd("--from", from, zone, now)
	if err != nil {
		return Period{}, err
	}
	p.From = begin
	switch {
	case !p.From.Before(p.To) && to == "":
		return Period{}, fmt.Errorf("--from %s is in the future: without --to a period ends today", from)
	case !p.From.Before(p.To):
		return Period{}, fmt.Errorf("--from %s is not before --to %s", from, to)
	case p.From.AddDate(longestYears, 0, 1).Before(p.To):
		return Period{}, fmt.Errorf("--from %s: a period may have %d years, this one has more", from, longestYears)
	}
	return p, nil
}

func parseEnd(flag, text string, zone *time.Location, now time.Time) (at time.Time, day bool, err error) {
	if isPeriodWord(text) {
		first, last := PeriodWord(text).days(today(now.In(zone)))
		if flag == "--to" {
			first = last
		}
		return startOfDay(first, zone), true, nil
	}
	if d, err := time.Parse(time.DateOnly, text); err == nil {
		return startOfDay(today(d), zone), true, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.In(zone), false, nil
	}
	return time.Time{}, false, fmt.Errorf("%s %q: write a day such as 2026-11-21, a word such as yesterday, "+
		"last_week or this_month, or a time such as 2026-11-21T08:00:00+01:00", flag, text)
}

// today is the day on which t falls in its zone.
func today(t time.Time) Day { return dayOf(t.Date()) }

// startOfDay is the first moment of a day in a zone. It is not always midnight: clocks may change at that hour, or skip
// a day.
func startOfDay(d Day, zone *time.Location) time.Time { return wallclock.First(d.Utc(), zone) }

// stretch is a part of a period without a clock change.
type stretch struct {
	from, to int64 // milliseconds since 1970 UTC
	offset   int64 // milliseconds that local time is ahead of UTC
}

// stretches cuts the period where clocks change, so that a local day and hour are a sum and a division.
func (p Period) stretches() (all []stretch) {
	for at := p.From; at.Before(p.To); {
		_, offset := at.Zone()
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(p.To) {
			end = p.To
		}
		all = append(all, stretch{at.UnixMilli(), end.UnixMilli(), int64(offset) * 1000})
		at = end.In(p.From.Location())
	}
	return all
}

// days lists the days of the period that have begun by now.
func (p Period) days(now time.Time) (all []Day) {
	end := p.To
	if now.Before(end) {
		end = now.Add(time.Millisecond)
	}
	if !p.From.Before(end) {
		return nil
	}
	for d, last := today(p.From), today(end.Add(-time.Millisecond).In(p.From.Location())); d <= last; d++ {
		all = append(all, d)
	}
	return all
}

// quarters says whether both ends are at quarter hours, the smallest unit of the sums.
func (p Period) quarters() bool {
	const quarter = int64(15 * time.Minute / time.Millisecond)
	return p.From.UnixMilli()%quarter == 0 && p.To.UnixMilli()%quarter == 0
}

// wholeDays says whether both ends are the beginnings of days.
func (p Period) wholeDays() bool {
	zone := p.From.Location()
	return p.From.Equal(startOfDay(today(p.From), zone)) && p.To.Equal(startOfDay(today(p.To.In(zone)), zone))
}

// Zone is the name of the period's time zone.
func (p Period) Zone() string {
	if name := p.From.Location().String(); name != "Local" {
		return name
	}
	name, offset := p.From.Zone()
	return fmt.Sprintf("local time, %s, UTC%s", name, time.Unix(0, 0).In(time.FixedZone("", offset)).Format("-07:00"))
}

// String is the period in English.
func (p Period) String() string { return p.Say(words.English) }

// Say is the period for people: its first and last day if it consists of whole days.
func (p Period) Say(l words.Language) string {
	zone, last := p.From.Location(), today(p.To.Add(-time.Millisecond))
	switch {
	case !p.From.Equal(startOfDay(today(p.From), zone)) || !p.To.Equal(startOfDay(last+1, zone)):
		return l.Sprintf("%s until %s", p.From.Format("2006-01-02 15:04:05 MST"), p.To.Format("2006-01-02 15:04:05 MST"))
	case today(p.From) == last:
		return last.String()
	default:
		return l.Sprintf("%s to %s", today(p.From), last)
	}
}
