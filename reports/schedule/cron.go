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

// Cron is when something is due: times on the wall clock of a time zone. A time that exists twice on a day counts the
// first time; one that does not exist is due when clocks are put forward over it. So whatever is due once on a day is
// due once on every day.
type Cron struct {
	text string
	spec cron.Schedule
	zone *time.Location
}

const cronHelp = `write minute, hour, day, month and weekday (0 is Sunday), such as "0 6 * * 1" for Mondays at 06:00, or @daily, @weekly or @monthly`

// ParseCron reads a cron expression of five fields, or one of cron's names such as @daily.
func ParseCron(text string, zone *time.Location) (Cron, error) {
	if strings.HasPrefix(text, "@every") || strings.Contains(text, "=") { // the parser takes an interval, from nowhere, and a time zone
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

// Zone is the zone whose wall clock counts.
func (c Cron) Zone() *time.Location { return c.zone }

// Next is the first due time after another time, or zero if there is none for years.
func (c Cron) Next(after time.Time) time.Time {
	after = after.In(c.zone)
	_, offset := after.Zone()
	// The library does not know what to do where clocks are changed. So it gets a clock that never is, and what it says
	// is looked for on ours.
	wall := after.UTC().Add(time.Duration(offset) * time.Second)
	for {
		if wall = c.spec.Next(wall); wall.IsZero() {
			return wall
		}
		if at := wallclock.First(wall, c.zone); at.After(after) { // not so in the hour that comes a second time
			return at
		}
	}
}

// Latest is the last due time after one time and not after another one.
func (c Cron) Latest(after, now time.Time) (due time.Time, ok bool) {
	if due = c.Next(after); due.IsZero() || due.After(now) {
		return time.Time{}, false
	}
	// The first second after which nothing more is due is the due time that is looked for.
	base := after.Truncate(time.Second)
	seconds := sort.Search(int(now.Sub(base)/time.Second), func(n int) bool {
		next := c.Next(base.Add(time.Duration(n) * time.Second))
		return next.IsZero() || next.After(now)
	})
	return base.Add(time.Duration(seconds) * time.Second).In(c.zone), true
}
