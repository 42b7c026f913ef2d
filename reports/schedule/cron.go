package schedule

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"countersign/internal/wallclock"
)

// Cron is when something is due: times on the wall clock of a time zone. A time that occurs twice on a day counts once,
// the first time; one that is skipped is due when clocks are put forward over it. So a daily report is due once on
// every day.
type Cron struct {
	text string
	spec cron.Schedule
	zone *time.Location
}

const cronHelp = `write minute, hour, day, month and weekday (0 is Sunday), ` +
	`such as "0 6 * * 1" for Mondays at 06:00, or @daily, @weekly or @monthly`

// ParseCron reads a cron expression of five fields, or one of cron's names such as @daily.
func ParseCron(text string, zone *time.Location) (Cron, error) {
	// the parser accepts an interval, which has no start, and a time zone
	if strings.HasPrefix(text, "@every") || strings.Contains(text, "=") {
		return Cron{}, errors.New(cronHelp)
	}
	spec, err := cron.ParseStandard(text)
	if err != nil {
		return Cron{}, fmt.Errorf("%s (%w)", cronHelp, err)
	}
	if spec.Next(time.Unix(0, 0).UTC()).IsZero() {
		return Cron{}, errors.New("there is no such day")
	}
	return Cron{text: strings.Join(strings.Fields(text), " "), spec: spec, zone: zone}, nil
}

// String is the expression and the name of its zone.
func (c Cron) String() string { return c.text + " " + c.zone.String() }

// Zone is the zone of the wall clock.
func (c Cron) Zone() *time.Location { return c.zone }

// Next is the first due time after another, or zero if there is none for years.
func (c Cron) Next(after time.Time) time.Time {
	after = after.In(c.zone)
	_, offset := after.Zone()
	// The library mishandles clock changes. So it gets a clock without any, and its result is converted to ours.
	wall := after.UTC().Add(time.Duration(offset) * time.Second)
	for {
		if wall = c.spec.Next(wall); wall.IsZero() {
			return wall
		}
		if at := wallclock.First(wall, c.zone); at.After(after) { // not in the second of two equal hours
			return at
		}
	}
}

// Latest is the last due time after one time and not after another.
func (c Cron) Latest(after, now time.Time) (due time.Time, ok bool) {
	if due = c.Next(after); due.IsZero() || due.After(now) {
		return time.Time{}, false
	}
	// Search for the first second after which nothing is due: it is the due time.
	base := after.Truncate(time.Second)
	seconds := sort.Search(int(now.Sub(base)/time.Second), func(n int) bool {
		next := c.Next(base.Add(time.Duration(n) * time.Second))
		return next.IsZero() || next.After(now)
	})
	return base.Add(time.Duration(seconds) * time.Second).In(c.zone), true
}
