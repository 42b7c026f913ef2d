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

// tallies are those of each line, by the number of the minute or hour since 1970.
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

// forget removes what is older than n.
func (t tallies) forget(n int64) {
	for line, counts := range t {
		maps.DeleteFunc(counts, func(m int64, _ tally) bool { return m < n })
		if len(counts) == 0 {
			delete(t, line)
		}
	}
}

func (t tallies) clone() tallies {
	c := tallies{}
	c.addAll(t)
	return c
}

func minuteOf(at time.Time) int64 { return at.Unix() / 60 }
func hourOf(at time.Time) int64   { return at.Unix() / 3600 }

// alarm is the rule "Velocity per line" of policy.md. usual is how many failures there are in as much time at this hour on other days; known says
// whether there were such days.
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

// within sums up the minutes of a line in the window that ends now.
func (t tallies) within(r Rules, line string, now time.Time) (sum tally) {
	end := minuteOf(now)
	for m := end - int64(r.AlarmWithin/time.Minute) + 1; m <= end; m++ {
		sum = sum.plus(t[line][m])
	}
	return sum
}

// baselineDays is how many days back make out what is usual.
const baselineDays = 7

// usual is the mean number of failures of a line in the hour of now on the days before, for as long as the window is. Days without a call do not count.
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
