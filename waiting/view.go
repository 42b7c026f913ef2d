package waiting

import (
	"slices"
	"strings"
	"time"
)

// Phase is what a queue looks like to a caller.
type Phase string

// The phases of a queue.
const (
	Unknown Phase = "unknown" // nothing is known of now
	Nobody  Phase = "nobody"  // nobody takes calls
	Free    Phase = "free"    // an agent takes the next call at once
	Wait    Phase = "wait"    // callers wait
)

// Band is about how many there are, without telling how many.
type Band string

// The bands.
const (
	None    Band = "none"
	Few     Band = "few"     // 1 or 2
	Several Band = "several" // 3 to 9
	Many    Band = "many"    // 10 and more
)

// BandOf is the band of a number.
func BandOf(n int) Band {
	switch {
	case n <= 0:
		return None
	case n < 3:
		return Few
	case n < 10:
		return Several
	}
	return Many
}

// View is a queue as it is now.
type View struct {
	Queue string
	Phase Phase
	// At is when the telephone system said so; zero if it never has.
	At time.Time
	// State is the queue's, unless the phase is unknown.
	State State
	// Wait is what a caller is told who joins now, in whole minutes: Low 0 is less than a minute, High 0 with a Low more
	// than 30 minutes.
	Wait Range
	// Right is how often callers of the last 30 days waited less than they were told.
	Right Right
	// Best is the hour still to come today in which callers usually wait least, zero if none is better than now.
	Best time.Time
}

// Now are the queues as they are, by name. zone is that in which today ends.
func (b *Board) Now(zone *time.Location) []View {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	views := make([]View, 0, len(b.queues))
	for name, q := range b.queues {
		views = append(views, q.view(name, now.In(zone)))
	}
	slices.SortFunc(views, func(a, b View) int { return strings.Compare(a.Queue, b.Queue) })
	return views
}

// AtMost is what a caller is told who joins a queue now, in whole minutes; 0 is more than half an hour. ok is false if
// they do not wait, if nobody knows, or if half an hour is neither too little nor too much to be said.
func (b *Board) AtMost(name string) (most time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[name]
	if q == nil {
		return 0, false
	}
	state, _, known := q.state(b.now())
	said, told := q.kept.Estimator.Estimate(state)
	switch most = said.told().High; {
	case !known || !told || state.served():
		return 0, false
	case most <= mostTold:
		return most, true
	}
	return 0, (said.Low+said.High)/2 > mostTold
}

// Ahead says whether anybody waits in a queue who joined before a time. known is false if nobody knows now, watched if nobody
// ever will: it is not one of this Board.
func (b *Board) Ahead(name string, joined time.Time) (ahead, known, watched bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[name]
	if q == nil {
		return false, false, false
	}
	state, _, known := q.state(b.now())
	return !state.First.IsZero() && state.First.Before(joined), known, true
}

func (q *queue) view(name string, now time.Time) View {
	v := View{Queue: name, Phase: Unknown}
	for _, r := range q.kept.Days {
		v.Right.Told += r.Told
		v.Right.Less += r.Less
	}
	for _, s := range q.states {
		if v.At.Before(s.at) {
			v.At = s.at
		}
	}
	state, age, known := q.state(now)
	if !known {
		return v
	}
	v.At, v.State = now.Add(-age), state
	said, ok := q.kept.Estimator.Estimate(state)
	switch {
	case !ok:
		v.Phase = Nobody
		return v
	case state.served():
		v.Phase = Free
	default:
		v.Phase = Wait
	}
	v.Wait = said.told()
	if v.Wait.Low >= mostTold {
		v.Wait = Range{Low: mostTold}
	} else if v.Wait.High > mostTold {
		v.Wait.High = 0
	}
	if v.Phase == Wait {
		v.Best = q.best(now, (said.Low+said.High)/2)
	}
	return v
}

// best is the hour of today in which callers usually wait least, if that is less than now.
func (q *queue) best(now time.Time, wait time.Duration) (at time.Time) {
	least := wait.Seconds()
	hour := now.Truncate(time.Hour)
	for next := hour.Add(time.Hour); next.In(now.Location()).Day() == now.Day(); next = next.Add(time.Hour) {
		u := q.kept.Hours[hourOfWeek(next)]
		if u.Waits >= usualLeast && u.Seconds < least {
			least, at = u.Seconds, next
		}
	}
	return at
}
