package reports

import (
	"fmt"
	"strings"
	"time"
)

// unit is a way to group calls by when they began. Its keys sort by time.
type unit struct {
	// key is that of a moment: milliseconds since 1970 in local time.
	key func(local int64) int64
	// code is a key in rows: a Day, or a string that does not depend on the language.
	code func(key int64) any
	// cycle is how many keys there are if they come again; 0 if they do not. Then all of them are in a report.
	cycle int64
}

// units are the sections that divide time, finest first. A week is an ISO week, counted by its Monday.
var units = map[string]unit{
	"hour": {
		func(local int64) int64 { return local / hour % 24 },
		func(key int64) any { return fmt.Sprintf("%02d:00", key) }, 24,
	},
	"weekday": {
		func(local int64) int64 { d := Day(local / day); return int64(d - d.monday()) },
		func(key int64) any { return strings.ToLower(time.Weekday((key + 1) % 7).String()) }, 7,
	},
	"day": {
		func(local int64) int64 { return local / day },
		func(key int64) any { return Day(key) }, 0,
	},
	"week": {
		func(local int64) int64 { return int64(Day(local / day).monday()) },
		func(key int64) any {
			year, week := Day(key).Utc().ISOWeek()
			return fmt.Sprintf("%04d-W%02d", year, week)
		}, 0,
	},
	"month": {
		func(local int64) int64 { return monthOf(Day(local / day)) },
		func(key int64) any { return fmt.Sprintf("%04d-%02d", key/12, key%12+1) }, 0,
	},
	"quarter": {
		func(local int64) int64 { return monthOf(Day(local/day)) / 3 },
		func(key int64) any { return fmt.Sprintf("%04d-Q%d", key/4, key%4+1) }, 0,
	},
}

// timeSections are the names of units, as Query.By takes them.
var timeSections = []string{"day", "week", "month", "quarter", "weekday", "hour"}

func monthOf(d Day) int64 {
	year, month, _ := d.Utc().Date()
	return int64(year)*12 + int64(month) - 1
}

// keys are those that a report shows even without calls: all of a cycle, or those of the days of the period that have
// begun.
func (u unit) keys(p Period, now time.Time) (all []int64) {
	for key := range u.cycle {
		all = append(all, key)
	}
	if u.cycle > 0 {
		return all
	}
	for _, d := range p.days(now) {
		if key := u.key(int64(d) * day); len(all) == 0 || all[len(all)-1] != key {
			all = append(all, key)
		}
	}
	return all
}
