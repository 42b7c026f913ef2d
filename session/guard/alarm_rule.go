package guard

import (
	"maps"
	"time"

	"countersign/session/event"
)

// tally counts calls that were decided.
type tally struct {
	Calls    int `json:"c"`
	Failures int `json:"f,omitempty"`
}

func (t tally) plus(o tally) tally { return tally{t.Calls + o.Calls, t.Failures + o.Failures} }

// tallies count by line, and by minutes or hours since 1970.
type tallies map[string]map[int64]tally

func (t tallies) add(line string, n int64, more tally) {
	if t[line] == nil {
		t[line] = map[int64]tally{}
	}
	t[line][n] = t[line][n].plus(more)
}

func (t tallies) addAll(o tallies) {
	for line, counts := range o {
		for n, more := range counts {
			t.add(line, n, more)
		}
	}
}

// dropBefore removes what is older than n.
func (t tallies) dropBefore(n int64) {
	for line, counts := range t {
		maps.DeleteFunc(counts, func(m int64, _ tally) bool { return m < n })
		if len(counts) == 0 {
			delete(t, line)
		}
	}
}

// with adds o and returns t.
func (t tallies) with(o tallies) tallies {
	t.addAll(o)
	return t
}

// byDay splits hours by days since 1970.
func (t tallies) byDay() map[int64]tallies {
	days := map[int64]tallies{}
	for line, counts := range t {
		for hour, more := range counts {
			if days[hour/24] == nil {
				days[hour/24] = tallies{}
			}
			days[hour/24].add(line, hour, more)
		}
	}
	return days
}

func (t tallies) clone() tallies {
	c := tallies{}
	c.addAll(t)
	return c
}

func minuteOf(at time.Time) int64 { return at.Unix() / 60 }
func hourOf(at time.Time) int64   { return at.Unix() / 3600 }

// alarm is the rule of docs/policy.md#velocity-per-line. usual is the number of failures in as much time at this hour
// on other days; known is false if no other day had calls.
func alarm(r Rules, window tally, usual float64, known bool) (a event.Alarm, raised bool) {
	a = event.Alarm{Calls: window.Calls, Failures: window.Failures, Seconds: int(r.AlarmWithin / time.Second)}
	switch {
	case window.Calls >= r.AlarmCalls && 100*window.Failures > r.AlarmPercent*window.Calls:
		a.Kind = event.AlarmFailureRate
	case known && window.Failures >= r.AlarmFailures && float64(window.Failures) > float64(r.AlarmTimes)*usual:
		a.Kind = event.AlarmFailureCount
	default:
		return event.Alarm{}, false
	}
	return a, true
}

// between sums up a line's minutes.
func (t tallies) between(line string, from, to int64) (sum tally) {
	for m, more := range t[line] {
		if m >= from && m <= to {
			sum = sum.plus(more)
		}
	}
	return sum
}

// within sums up a line's minutes in the alarm window that ends now.
func (t tallies) within(r Rules, line string, now time.Time) (sum tally) {
	end := minuteOf(now)
	for m := end - int64(r.AlarmWithin/time.Minute) + 1; m <= end; m++ {
		sum = sum.plus(t[line][m])
	}
	return sum
}

// baselineDays is how many days before today count as usual.
const baselineDays = 7

// usual is a line's mean number of failures in this hour on the days before, scaled to the alarm window. Days without
// a call do not count.
func (t tallies) usual(r Rules, line string, now time.Time) (failures float64, known bool) {
	days, sum := 0, 0
	for d := range int64(baselineDays) {
		if hour := t[line][hourOf(now)-24*(d+1)]; hour.Calls > 0 {
			days++
			sum += hour.Failures
		}
	}
	if days == 0 {
		return 0, false
	}
	return float64(sum) / float64(days) * float64(r.AlarmWithin) / float64(time.Hour), true
}
