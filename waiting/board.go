// Package waiting says how long callers of a queue wait: it knows the queues from the telephone system, estimates the wait
// of whoever joins now, and learns from the waits that it sees how right it is (docs/waiting.md). It shows nothing and
// connects to nothing.
package waiting

import (
	"slices"
	"sync"
	"time"

	"countersign/session/event"
)

// Age bounds of what is known (docs/policy.md#waiting).
const (
	// Stale is how old a state is that is no longer of now: nothing is said from it.
	Stale = 15 * time.Second
	// remembered is how long a queue's past is kept, to find what was said when a caller joined, one moment each second.
	remembered = 2 * time.Hour
	// rightDays is how many days «how right» is about.
	rightDays = 30
	// usualWeight is that of the newest wait in the moving average of an hour of the week, usualLeast how many waits it
	// takes.
	usualWeight = 0.1
	usualLeast  = 5
)

// Board knows the queues. It is safe for concurrent use.
type Board struct {
	now func() time.Time

	mu      sync.Mutex
	queues  map[string]*queue
	changed bool // since Kept
}

// queue is one of them.
type queue struct {
	kept   Kept
	states map[string]seen // by server
	past   []moment
}

type seen struct {
	State
	at time.Time
}

// moment is what was said at a time.
type moment struct {
	at    time.Time
	state State
	said  Range
	told  bool
}

// Kept is what is learnt about a queue, and survives a restart.
type Kept struct {
	Estimator Estimator `json:"estimator"`
	// Days are how right the estimates of the last days were, by date in UTC.
	Days map[string]Right `json:"days"`
	// Hours are the usual waits, by hour of the week in UTC, from Sunday 0 h on.
	Hours [7 * 24]Usual `json:"hours"`
}

// Right is how often callers waited less than they were told.
type Right struct {
	Told int `json:"told"`
	Less int `json:"less"`
}

// Usual is a moving average of waits.
type Usual struct {
	Seconds float64 `json:"seconds"`
	Waits   int     `json:"waits"`
}

// New makes a Board of these queues. now is the clock.
func New(now func() time.Time, queues ...string) *Board {
	b := &Board{now: now, queues: map[string]*queue{}}
	for _, name := range queues {
		b.queues[name] = &queue{kept: Kept{Days: map[string]Right{}}, states: map[string]seen{}}
	}
	return b
}

// Restore continues with what was learnt before.
func (b *Board) Restore(kept map[string]Kept) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, k := range kept {
		if q := b.queues[name]; q != nil {
			if k.Days == nil {
				k.Days = map[string]Right{}
			}
			q.kept = k
		}
	}
}

// Kept is what was learnt; changed says whether it is other than at the last call.
func (b *Board) Kept() (kept map[string]Kept, changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept = map[string]Kept{}
	for name, q := range b.queues {
		k := q.kept
		k.Days = map[string]Right{}
		for day, r := range q.kept.Days {
			k.Days[day] = r
		}
		kept[name] = k
	}
	changed, b.changed = b.changed, false
	return kept, changed
}

// See takes how a queue is on a server. A server that has it no more is told as the zero State.
func (b *Board) See(server, name string, s State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[name]
	if q == nil {
		return
	}
	now := b.now()
	q.states[server] = seen{s, now}
	state, _, known := q.state(now)
	if !known {
		return
	}
	m := moment{at: now, state: state}
	m.said, m.told = q.kept.Estimator.Estimate(state)
	if n := len(q.past); n > 0 && now.Sub(q.past[n-1].at) < time.Second {
		m.at = q.past[n-1].at
		q.past[n-1] = m // the next server, or asked again
		return
	}
	q.past = append(q.past, m)
	if old := now.Add(-remembered); q.past[0].at.Before(old) {
		i := slices.IndexFunc(q.past, func(m moment) bool { return !m.at.Before(old) })
		q.past = slices.Delete(q.past, 0, max(i, 0))
	}
}

// state is the queue on all servers together, with the age of the oldest part; servers that are silent for long are left
// out. known is false if nothing is of now.
func (q *queue) state(now time.Time) (s State, age time.Duration, known bool) {
	for _, one := range q.states {
		since := now.Sub(one.at)
		if since >= Stale {
			continue
		}
		known, age = true, max(age, since)
		s.Waiting += one.Waiting
		s.OnDuty += one.OnDuty
		s.Free += one.Free
		if !one.First.IsZero() && (s.First.IsZero() || one.First.Before(s.First)) {
			s.First = one.First
		}
	}
	return s, age, known
}

// Saw learns from what became of calls.
func (b *Board) Saw(e event.Event) {
	if !e.Real() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch d := e.Data.(type) {
	case event.AgentConnected:
		if q := b.queues[d.Queue]; q != nil {
			b.waited(q, e.Time, time.Duration(d.WaitedMilliseconds)*time.Millisecond, true)
		}
	case event.AgentDone:
		q := b.queues[d.Queue]
		if q == nil {
			return
		}
		if d.End == event.AgentEndAbandoned { // at least as long
			b.waited(q, e.Time, time.Duration(d.WaitedMilliseconds)*time.Millisecond, false)
			return
		}
		q.kept.Estimator.Handled(time.Duration(d.TalkedMilliseconds) * time.Millisecond)
		b.changed = true
	}
}

// waited learns from a wait that ended at a time, because an agent took the call or because the caller gave up.
func (b *Board) waited(q *queue, ended time.Time, wait time.Duration, served bool) {
	joined := ended.Add(-wait)
	m, ok := q.at(joined)
	if !ok || !m.told || !served && wait <= m.said.High {
		return
	}
	b.changed = true
	q.kept.Estimator.Waited(m.state, m.said, wait)
	day := joined.UTC().Format(time.DateOnly)
	if told := m.said.told(); told.High <= mostTold { // beyond, no end was told
		r := q.kept.Days[day]
		r.Told++
		if wait <= told.High {
			r.Less++
		}
		q.kept.Days[day] = r
	}
	for old := range q.kept.Days {
		if old <= joined.UTC().AddDate(0, 0, -rightDays).Format(time.DateOnly) {
			delete(q.kept.Days, old)
		}
	}
	if served {
		h := &q.kept.Hours[hourOfWeek(joined)]
		if h.Waits++; h.Waits == 1 {
			h.Seconds = wait.Seconds()
		} else {
			h.Seconds += max(usualWeight, 1/float64(h.Waits)) * (wait.Seconds() - h.Seconds)
		}
	}
}

// at is what was said to a caller who joined then.
func (q *queue) at(joined time.Time) (moment, bool) {
	i, exact := slices.BinarySearchFunc(q.past, joined, func(m moment, t time.Time) int { return m.at.Compare(t) })
	if !exact {
		i--
	}
	if i < 0 || joined.Sub(q.past[i].at) >= Stale {
		return moment{}, false
	}
	return q.past[i], true
}

func hourOfWeek(t time.Time) int { return int(t.UTC().Weekday())*24 + t.UTC().Hour() }

// mostTold is what callers are told at most: beyond it only «more than».
const mostTold = 30 * time.Minute

// told is a range as callers are told it: in whole minutes, rounded outwards.
func (r Range) told() Range {
	return Range{Low: r.Low.Truncate(time.Minute), High: (r.High + time.Minute - 1).Truncate(time.Minute)}
}
