package lines

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/internal/timezones"
	"countersign/internal/wallclock"
)

// Week is the opening hours of a week, such as "Mo-Fr 08:00-18:00, Sa 09:00-13:00". A time belongs to the days before
// it, else to those of the previous entry, else to every day. "22:00-06:00" ends the next morning, "00:00-24:00" is the
// whole day.
type Week struct {
	Text  string
	spans []span
}

// span is one opening time, in minutes after a day's midnight; to exceeds 24 hours if it ends on the next day.
type span struct {
	day      time.Weekday
	from, to int
}

const (
	minutesADay = 24 * 60
	maxSpans    = 200
)

var (
	dayNames    = []string{"Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"}
	timePattern = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})$`)
)

func (w Week) String() string { return w.Text }

func (w *Week) unword(text string) error {
	*w = Week{Text: strings.Join(strings.Fields(text), " ")}
	days := []int{0, 1, 2, 3, 4, 5, 6}
	for entry := range strings.SplitSeq(text, ",") {
		words := strings.Fields(entry)
		if len(words) == 0 {
			return fmt.Errorf("%q has an empty entry: write it as Mo-Fr 08:00-18:00, Sa 09:00-13:00", shorten(text))
		}
		if !timePattern.MatchString(words[0]) {
			days = nil
		}
		timed := false
		for _, word := range words {
			switch {
			case timePattern.MatchString(word):
				from, to, err := parseTimes(word)
				if err != nil {
					return err
				}
				timed = true
				for _, d := range days {
					w.spans = append(w.spans, span{time.Weekday(d), from, to})
				}
			case timed:
				return fmt.Errorf("%q stands behind a time: put a comma in between", shorten(word))
			default:
				more, err := parseDays(word)
				if err != nil {
					return err
				}
				days = append(days, more...)
			}
		}
		if !timed {
			return fmt.Errorf("%q has no time: write it as Mo-Fr 08:00-18:00", shorten(strings.TrimSpace(entry)))
		}
		if len(w.spans) > maxSpans {
			return fmt.Errorf("more than %d opening times", maxSpans)
		}
	}
	return nil
}

func parseDays(word string) ([]int, error) {
	first, last, isRange := strings.Cut(word, "-")
	a, b := slices.Index(dayNames, first), slices.Index(dayNames, last)
	if a < 0 || isRange && b < 0 {
		return nil, fmt.Errorf(
			"%q is neither a day nor a time: write it as Mo-Fr 08:00-18:00, with Mo Tu We Th Fr Sa Su", shorten(word),
		)
	}
	if !isRange {
		return []int{a}, nil
	}
	days := []int{a}
	for d := a; d != b; {
		d = (d + 1) % 7
		days = append(days, d)
	}
	return days, nil
}

func parseTimes(word string) (from, to int, err error) {
	var n [4]int
	for i, s := range timePattern.FindStringSubmatch(word)[1:] {
		n[i], _ = strconv.Atoi(s)
	}
	from, to = n[0]*60+n[1], n[2]*60+n[3]
	switch {
	case n[1] > 59 || n[3] > 59 || from >= minutesADay || to > minutesADay:
		return 0, 0, fmt.Errorf("%q is not a time of day: want 00:00 to 24:00", word)
	case from == to:
		return 0, 0, fmt.Errorf("%q is an empty time: write 00:00-24:00 for the whole day", word)
	case to < from:
		to += minutesADay
	}
	return from, to, nil
}

// Schedule is the opening hours in the line's time zone. It implements session.Hours.
type Schedule struct {
	spans    []span
	zone     *time.Location
	holidays map[Date]bool
}

// Schedule returns the opening hours in the time zone. It fails if this machine does not know the time zone.
func (h *Hours) Schedule() (*Schedule, error) {
	zone, err := timezones.Load(h.TZ)
	if err != nil {
		return nil, fmt.Errorf("hours.tz: this machine does not know the time zone %q: %w", h.TZ, err)
	}
	s := &Schedule{spans: h.Open.spans, zone: zone, holidays: map[Date]bool{}}
	for _, d := range h.Holidays {
		s.holidays[d] = true
	}
	return s, nil
}

// ParseHours reads opening hours that are not a line's, as lines have them.
func ParseHours(tz, open string, holidays []string) (*Schedule, error) {
	h := Hours{TZ: tz}
	if err := h.Open.unword(open); err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	for _, text := range holidays {
		var d Date
		if err := d.unword(text); err != nil {
			return nil, fmt.Errorf("holidays: %w", err)
		}
		h.Holidays = append(h.Holidays, d)
	}
	s, err := h.Schedule()
	if err != nil {
		return nil, fmt.Errorf("tz: %q is no time zone, such as Europe/Berlin", tz)
	}
	return s, nil
}

// Zone is the time zone of the opening hours.
func (s *Schedule) Zone() *time.Location { return s.zone }

// Open says whether the line is open. An opening time includes its first moment and not its last. Holidays are closed
// from midnight to midnight, and an opening time that would begin on one does not go on into the next day. When clocks
// go back, the repeated hour counts fully: the line opens at its first and closes at its second occurrence. When clocks
// go forward, a skipped time is the moment of the change.
func (s *Schedule) Open(at time.Time) bool {
	local := at.In(s.zone)
	today := dateOf(local)
	if s.holidays[today] {
		return false
	}
	for _, daysBack := range []int{0, 1} {
		day := time.Date(today.Year, today.Month, today.Day-daysBack, 12, 0, 0, 0, time.UTC)
		if s.holidays[dateOf(day)] {
			continue
		}
		for _, sp := range s.spans {
			if sp.day != day.Weekday() || daysBack == 1 && sp.to <= minutesADay {
				continue
			}
			from, to := s.moment(day, sp.from, false), s.moment(day, sp.to, true)
			if !at.Before(from) && at.Before(to) {
				return true
			}
		}
	}
	return false
}

func dateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// moment is when the clocks show so many minutes after a day's midnight: the first or the last time if they do so
// twice.
func (s *Schedule) moment(day time.Time, minutes int, last bool) time.Time {
	y, m, d := day.Date()
	wall := time.Date(y, m, d, 0, minutes, 0, 0, time.UTC)
	if last {
		return wallclock.Last(wall, s.zone)
	}
	return wallclock.First(wall, s.zone)
}
