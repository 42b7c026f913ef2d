package guard

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"countersign/session"
)

// anonymousWait is how long an attempt of an anonymous caller waits for those of others that are being checked, when
// all of them being wrong would use up the budget.
const anonymousWait = 2 * time.Second

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
	// checking are the calls whose attempts are being checked, with their line; freed is closed when one ends.
	checking map[string]string
	freed    chan struct{}
	honest   map[string]map[string]time.Time // when a customer was last verified, by line and tag
}

func newAnonymous(r *rulesInForce, now func() time.Time) *anonymous {
	return &anonymous{
		rules: r, now: now, own: tallies{}, others: tallies{}, checking: map[string]string{}, freed: make(chan struct{}),
		honest: map[string]map[string]time.Time{},
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
// for them. end must follow.
func (a *anonymous) take(ctx context.Context, line, call string) (ok bool) {
	late := time.NewTimer(anonymousWait)
	defer late.Stop()
	for {
		a.mu.Lock()
		used, budget := a.usedLocked(line)
		checking := 0
		for _, on := range a.checking {
			if on == line {
				checking++
			}
		}
		if used+checking < budget {
			a.checking[call] = line
			a.mu.Unlock()
			return true
		}
		freed, hopeless := a.freed, used >= budget
		a.mu.Unlock()
		if hopeless {
			return false
		}
		select {
		case <-freed:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
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
	if failed {
		a.own.add(line, minuteOf(a.now()), tally{Failures: 1})
	}
	close(a.freed)
	a.freed = make(chan struct{})
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
}
