// Package schedule says when a report is due, and has each due report made once.
//
// It answers "what is to be made now, and for which days": cron expressions on the wall clock of a time zone, across
// clock changes; runs that were missed while no process ran; failed runs to try again. How a report is made, where it
// goes, and where the state of schedules is kept are not its business.
package schedule

import (
	"context"
	"time"

	"countersign/internal/retry"
)

// Schedule is a repeated report.
type Schedule struct {
	Name string
	Cron Cron
}

// State is the state of a schedule between runs.
type State struct {
	// Name is the schedule's; Cron is the Cron.String that the state is valid for.
	Name, Cron string
	// Handled is the last due time that is finished with, or when the schedule began.
	Handled time.Time
	// Due is the due time that was tried last, if any; Attempts is how often.
	Due      time.Time
	Attempts int
	// Done is what these attempts returned: the places that have the report of Due.
	Done []string
	// Ended is when the last run ended, if any; Took is how long it took, Error why it failed, or "".
	Ended time.Time
	Took  time.Duration
	Error string
	// Retry is when a failed run is tried again. Claimed is until when a run counts as running.
	Retry, Claimed time.Time
}

// Attempt is one attempt to make the report of a due time.
type Attempt struct {
	Name string
	Due  time.Time
	// Done is what the previous attempt for this due time returned.
	Done []string
	// Last says that there may be no other attempt before the next report is due.
	Last bool
}

// Result is how a run ended.
type Result struct {
	// Name, Due and Claim identify the run: Claim is what Store.Claim returned.
	Name  string
	Due   time.Time
	Claim int64
	// Done is what the next attempt need not repeat.
	Done  []string
	Ended time.Time
	Took  time.Duration
	// Error is why it failed, and Retry when it is tried again; "" means it is done.
	Error string
	Retry time.Time
	// Stopped: the run was cancelled because the process ends. It does not count as an attempt.
	Stopped bool
}

// Store keeps the states. Several processes may share one.
type Store interface {
	// Keep removes all other schedules, and cancels the wait of failed runs: somebody who restarts a process may have
	// fixed the cause.
	Keep(ctx context.Context, all []Schedule) error
	// Begin adds missing states and replaces invalid ones. Such a schedule begins at now: nothing earlier is due.
	Begin(ctx context.Context, all []Schedule, now time.Time) error
	// States returns all states by name.
	States(ctx context.Context) (map[string]State, error)
	// Claim reserves a run for one caller until a time. ok is false if the schedule has another Cron now, or if this due
	// time is done, waits for its next attempt, or is claimed by another caller.
	Claim(ctx context.Context, s Schedule, due, now, until time.Time) (claim int64, ok bool, err error)
	// Finish ends the claim, unless another caller has claimed the run meanwhile.
	Finish(ctx context.Context, r Result) error
}

const (
	// runWithin bounds a run. Lease is how long it is claimed: after that it counts as lost with its process, and is
	// repeated.
	runWithin = 5 * time.Minute
	// Lease is how long a run is claimed.
	Lease = 2 * runWithin
	// A failed run is tried again after retryFirst, then after twice as long each time, up to retryMost.
	retryFirst = time.Minute
	retryMost  = time.Hour
	// Ahead is how far Handled may be after now, as when a clock was put back a little. More than that comes from a wrong
	// clock.
	Ahead = 24 * time.Hour
)

// Holds says whether a state is valid for a schedule with this Cron. If not, the schedule begins anew.
func (s State) Holds(c Cron, now time.Time) bool {
	return s.Cron == c.String() && !s.Handled.After(now.Add(Ahead))
}

// Next is the next due time of a schedule, and from when it can run: a time not after now means at once. Zero means
// never. Of several missed due times only the last runs.
func (s State) Next(c Cron, now time.Time) (due, at time.Time) {
	due, missed := c.Latest(s.Handled, now)
	if !missed {
		due = c.Next(s.Handled)
		return due, due
	}
	at = due
	// After a clock was put back, nobody waits for longer than the pause.
	if s.Due.Equal(due) && s.Retry.After(now) && !s.Retry.After(now.Add(retryMost)) {
		at = s.Retry
	}
	if s.Running(now) {
		at = s.Claimed
	}
	return due, at
}

// Running says whether a process is running it.
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
