package guard

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"countersign/session"
)

// anonymousWait is how long an attempt of an anonymous caller waits for those of others that are being checked, when
// all of them being wrong would use up the budget. It is about as long as a call may last: as long as others may still
// be right, the caller is not turned away for them.
const anonymousWait = 150 * time.Second

// maxHonest bounds the verified customers that a line remembers.
const maxHonest = 1 << 16

// anonymous is the budget of each line's anonymous callers: their wrong answers and unknown identifiers, on all
// machines, against a base and a share of the customers who were verified on the line
// (docs/policy.md#velocity-of-anonymous-callers). Each process writes its counts under a key of its own and learns
// those of others every few seconds.
type anonymous struct {
	rules *rulesInForce
	now   func() time.Time

	mu sync.Mutex
	// own are this process's minutes: Calls are verified customers, Failures failed attempts. others are those of other
	// processes.
	own, others tallies
	// checking are the calls whose attempts are being checked, with their line, and atOnce how many those are on a line.
	// waiting are the attempts that find no room beside them, in the order in which they came.
	checking map[string]string
	atOnce   map[string]int
	waiting  map[string][]*waitingAttempt
	honest   map[string]map[string]time.Time // when a customer was last verified, by line and tag
}

// waitingAttempt is an attempt that waits for its turn. told gets whether it was taken; it has room for one.
type waitingAttempt struct {
	call string
	told chan bool
}

func newAnonymous(r *rulesInForce, now func() time.Time) *anonymous {
	return &anonymous{
		rules: r, now: now, own: tallies{}, others: tallies{}, checking: map[string]string{}, atOnce: map[string]int{},
		waiting: map[string][]*waitingAttempt{},
		honest:  map[string]map[string]time.Time{},
	}
}

// standing says whether the line's budget is used up.
func (a *anonymous) standing(line string) session.Standing {
	a.mu.Lock()
	defer a.mu.Unlock()
	if used, limit := a.usedLocked(line); used < limit {
		return session.Standing{}
	}
	return session.Standing{Locked: true, Caller: true, Until: a.now().Truncate(time.Minute).Add(time.Minute)}
}

// used is the standing of an attempt that found no room.
func (a *anonymous) used(line string) session.Standing {
	st := a.standing(line)
	if !st.Locked { // it waited too long for others
		st = session.Standing{Locked: true, Caller: true, Until: a.now().Add(contentionLock)}
	}
	return st
}

// usedLocked is what the line's anonymous callers used, and may use. a.mu is held.
func (a *anonymous) usedLocked(line string) (used, limit int) {
	to := minuteOf(a.now())
	from := to - int64(a.rules.get().AnonymousWithin/time.Minute) + 1
	all := a.own.between(line, from, to).plus(a.others.between(line, from, to))
	return all.Failures, a.rules.get().Anonymous + all.Calls*a.rules.get().AnonymousShare/100
}

// take takes a call's attempt before it is checked. If those that are being checked could use up the budget, it waits
// for them, behind those that came before. end must follow.
func (a *anonymous) take(ctx context.Context, line, call string) (ok bool) {
	w := &waitingAttempt{call: call, told: make(chan bool, 1)}
	a.mu.Lock()
	a.waiting[line] = append(a.waiting[line], w)
	a.admitLocked(line)
	a.mu.Unlock()
	select {
	case ok = <-w.told:
		return ok
	default:
	}
	late := time.NewTimer(anonymousWait)
	defer late.Stop()
	select {
	case ok = <-w.told:
		return ok
	case <-late.C:
	case <-ctx.Done():
	}
	return a.leave(line, w)
}

// leave ends the wait of an attempt, which may have been taken at this very moment.
func (a *anonymous) leave(line string, w *waitingAttempt) (taken bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case taken = <-w.told:
		return taken
	default:
	}
	a.waiting[line] = slices.DeleteFunc(a.waiting[line], func(other *waitingAttempt) bool { return other == w })
	return false
}

// admitLocked takes the attempts that have room now, the oldest first. If the budget is used up, it takes none and
// nobody waits any more. a.mu is held.
func (a *anonymous) admitLocked(line string) {
	queue := a.waiting[line]
	if len(queue) == 0 {
		return
	}
	used, budget := a.usedLocked(line)
	for len(queue) > 0 && (used >= budget || used+a.atOnce[line] < budget) {
		w := queue[0]
		queue[0], queue = nil, queue[1:]
		if used < budget {
			if _, again := a.checking[w.call]; !again {
				a.atOnce[line]++
			}
			a.checking[w.call] = line
		}
		w.told <- used < budget
	}
	if a.waiting[line] = queue; len(queue) == 0 {
		delete(a.waiting, line)
	}
}

// end ends a call's attempt, if it took one.
func (a *anonymous) end(call string, failed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	line, took := a.checking[call]
	if !took {
		return
	}
	delete(a.checking, call)
	if a.atOnce[line]--; a.atOnce[line] == 0 {
		delete(a.atOnce, line)
	}
	if failed {
		a.own.add(line, minuteOf(a.now()), tally{Failures: 1})
	}
	a.admitLocked(line)
}

// verified counts honest traffic: each customer once in the time of the budget, or an account of one's own would make
// room for any number of guesses.
func (a *anonymous) verified(line, customer string) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.honest[line] == nil || len(a.honest[line]) >= maxHonest {
		a.honest[line] = map[string]time.Time{}
	}
	if last, known := a.honest[line][customer]; known && now.Sub(last) < a.rules.get().AnonymousWithin {
		return
	}
	a.honest[line][customer] = now
	a.own.add(line, minuteOf(now), tally{Calls: 1})
	a.admitLocked(line)
}

// exchange writes this process's counts and reads those of the others.
func (a *anonymous) exchange(ctx context.Context, m *lineMonitor) {
	a.mu.Lock()
	before := minuteOf(a.now().Add(-a.rules.get().AnonymousWithin))
	a.own.dropBefore(before)
	for line, customers := range a.honest {
		for tag, last := range customers {
			if a.now().Sub(last) >= a.rules.get().AnonymousWithin {
				delete(customers, tag)
			}
		}
		if len(customers) == 0 {
			delete(a.honest, line)
		}
	}
	own := a.own.clone()
	a.mu.Unlock()
	if len(own) > 0 {
		m.write(ctx, kindAnonymous+"."+m.self, own, 2*a.rules.get().AnonymousWithin)
	}
	values, err := m.store.All(ctx, kindAnonymous)
	if err != nil {
		return // what was known of the others counts on
	}
	others := tallies{}
	for key, value := range values {
		var t tallies
		if key != kindAnonymous+"."+m.self && json.Unmarshal(value, &t) == nil {
			others.addAll(t)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.others = others
	for line := range a.waiting { // failures may be too old to count by now
		a.admitLocked(line)
	}
}
