// Package schedule says when a report is due, and has each due report made once.
//
// It answers "what is to be made now, and for which days": cron expressions on the wall clock of a time zone, with the days on which clocks are changed; what was missed
// while nobody was there; what failed and is to be tried again. It refuses to know how a report is made, where it goes, and where the state of schedules is kept.
package schedule

import (
	"context"
	"time"

	"countersign/internal/retry"
)

// Schedule is a report that is made again and again.
type Schedule struct {
	Name string
	Cron Cron
}

// State is what is known of a schedule from one run to the next.
type State struct {
	// Name is the schedule's, Cron the Cron.String for which the state holds.
	Name, Cron string
	// Handled is the last due time for which nothing is left to do, or when the schedule began.
	Handled time.Time
	// Due is the due time that was tried last, if any, and Attempts how often.
	Due      time.Time
	Attempts int
	// Done is what these attempts returned: where the report of Due is already.
	Done []string
	// Ended is when the last run ended, if there was one, Took how long it took, and Error why it failed, or "".
	Ended time.Time
	Took  time.Duration
	Error string
	// Retry is when a run that failed is tried again. Claimed is until when a run counts as going on.
	Retry, Claimed time.Time
}

// Attempt is to make the report of a schedule as of a due time.
type Attempt struct {
	Name string
	Due  time.Time
	// Done is what the attempt before it returned for the same due time.
	Done []string
	// Last says that there may be no other attempt before the next report is due.
	Last bool
}

// Result is how a run ended.
type Result struct {
	// Name, Due and Claim say which run: Claim is what Store.Claim returned.
	Name  string
	Due   time.Time
	Claim int64
	// Done is what the next attempt need not do.
	Done  []string
	Ended time.Time
	Took  time.Duration
	// Error says why it failed, and Retry when it is tried again; with "" it is handled.
	Error string
	Retry time.Time
	// Stopped: the run was given up because the process ends. It counts as no attempt.
	Stopped bool
}

// Store keeps the states. Several processes may use one.
type Store interface {
	// Keep forgets the schedules that are not among these, and of the others that a run that failed waits: whoever starts a process may have mended what was wrong.
	Keep(ctx context.Context, all []Schedule) error
	// Begin makes the states that are missing, and those anew that do not hold. Such a schedule begins at now: nothing earlier is due.
	Begin(ctx context.Context, all []Schedule, now time.Time) error
	// States returns all states by name.
	States(ctx context.Context) (map[string]State, error)
	// Claim takes a run until a time, for one caller alone. ok is false if the schedule has another Cron now, or if this due time is handled, waits for its next attempt, or
	// is claimed by somebody else.
	Claim(ctx context.Context, s Schedule, due, now, until time.Time) (claim int64, ok bool, err error)
	// Finish gives the run back, unless somebody else has claimed it meanwhile.
	Finish(ctx context.Context, r Result) error
}

const (
	// runWithin bounds a run. Lease is how long it is claimed: after that it counts as lost with its process, and is repeated.
	runWithin = 5 * time.Minute
	// Lease is for how long a run is claimed.
	Lease = 2 * runWithin
	// A run that failed is tried again after retryFirst, then after twice as long each time, up to retryMost.
	retryFirst = time.Minute
	retryMost  = time.Hour
	// Ahead is how far Handled may be after now, which it is where a clock was put back a little. More than that is from a clock that was wrong.
	Ahead = 24 * time.Hour
)

// Holds says whether a state is one of a schedule with this Cron. Otherwise the schedule begins anew.
func (s State) Holds(c Cron, now time.Time) bool {
	return s.Cron == c.String() && !s.Handled.After(now.Add(Ahead))
}

// Next says which due time of a schedule comes next, and from when on it can be run: a time that is not after now means at once. A zero time means never. Of several due
// times that were missed only the last one is run.
func (s State) Next(c Cron, now time.Time) (due, at time.Time) {
	due, missed := c.Latest(s.Handled, now)
	if !missed {
		due = c.Next(s.Handled)
		return due, due
	}
	at = due
	// A clock that was put back must not make anybody wait for longer than the pause was.
	if s.Due.Equal(due) && s.Retry.After(now) && !s.Retry.After(now.Add(retryMost)) {
		at = s.Retry
	}
	if s.Running(now) {
		at = s.Claimed
	}
	return due, at
}

// Running says whether somebody is at it.
func (s State) Running(now time.Time) bool {
	return s.Claimed.After(now) && !s.Claimed.After(now.Add(Lease))
}

// retryWait returns how long to wait after so many failed attempts.
func retryWait(attempts int) time.Duration {
	backoff := retry.Backoff(retryFirst, retryMost)
	wait := backoff.NextBackOff()
	for ; attempts > 1 && wait < retryMost; attempts-- {
		wait = backoff.NextBackOff()
	}
	return wait
}
