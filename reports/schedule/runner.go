package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"time"
)

// Options are what Run needs.
type Options struct {
	Schedules []Schedule
	Store     Store
	// Job makes a report. It ends soon after ctx does. If it cannot know whether it succeeded it returns an error, and
	// runs again. done is what the next run need not repeat, including Attempt.Done.
	Job func(ctx context.Context, run Attempt) (done []string, err error)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	Log *slog.Logger
}

const (
	// lookEvery is how often the clock, which may be changed, and the states, which other processes change, are checked.
	lookEvery = time.Minute
	// restAfter keeps an error from repeating a thousand times a second.
	restAfter = time.Second
	// finishWithin bounds the attempts to write down that a run ended; a run that is not written down is repeated.
	finishWithin = 30 * time.Second
	// hangsAfter is when a run that was told to stop and did not, such as on a disk that does not answer, counts as
	// failed. Its schedule waits for it.
	hangsAfter = runWithin + 30*time.Second
	// leaveAfter bounds the wait of Run at its end for runs that it told to stop.
	leaveAfter = 10 * time.Second
)

// Run makes reports when they are due, until ctx ends. Schedules do not wait for each other. If the process was killed
// in a run, it is repeated Lease after it began: a report may go out twice rather than never. A failed run is tried
// again, with growing pauses, until the next one is due. A run that hangs when ctx ends is abandoned.
func Run(ctx context.Context, o Options) {
	r := newRunner(o)
	defer r.join(leaveAfter)
	for ctx.Err() == nil {
		at := r.round(ctx)
		wait := lookEvery
		if !at.IsZero() {
			wait = min(max(at.Sub(r.o.Now()), restAfter), lookEvery)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case name := <-r.over:
			delete(r.running, name)
		}
		timer.Stop()
	}
}

// join waits for running jobs.
func (r *runner) join(within time.Duration) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for len(r.running) > 0 {
		select {
		case name := <-r.over:
			delete(r.running, name)
		case <-timer.C:
			r.o.Log.Error("scheduled reports hang and are abandoned, they will be made again", "schedules",
				slices.Sorted(maps.Keys(r.running)))
			return
		}
	}
}

type runner struct {
	o       Options
	kept    bool
	failing bool // reading or writing states
	running map[string]bool
	over    chan string // buffered for all, so that no run waits
}

func newRunner(o Options) *runner {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &runner{o: o, running: map[string]bool{}, over: make(chan string, len(o.Schedules))}
}

// round starts what is due, and returns when to look again, if that is known.
func (r *runner) round(ctx context.Context) (next time.Time) {
	states, err := r.states(ctx)
	if !r.works(ctx, err) {
		return time.Time{}
	}
	for _, s := range r.o.Schedules {
		if ctx.Err() != nil {
			break
		}
		if r.running[s.Name] {
			continue
		}
		at, err := r.look(ctx, s, states[s.Name])
		if !r.works(ctx, err) {
			return time.Time{}
		}
		if next.IsZero() || !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

// states reads the states and adds missing ones: at the start, after another process with other settings removed them,
// and after a wrong clock.
func (r *runner) states(ctx context.Context) (states map[string]State, err error) {
	if !r.kept {
		if err := r.o.Store.Keep(ctx, r.o.Schedules); err != nil {
			return nil, err
		}
		r.kept = true
	}
	if states, err = r.o.Store.States(ctx); err != nil {
		return nil, err
	}
	for _, s := range r.o.Schedules {
		now := r.o.Now()
		if states[s.Name].Holds(s.Cron, now) {
			continue
		}
		if err := r.o.Store.Begin(ctx, r.o.Schedules, now); err != nil {
			return nil, err
		}
		return r.o.Store.States(ctx)
	}
	return states, nil
}

// works says whether states can be read and written, and logs when that changes.
func (r *runner) works(ctx context.Context, err error) bool {
	switch {
	case err != nil && ctx.Err() == nil && !r.failing:
		r.failing = true
		r.o.Log.Error("scheduled reports wait, their state cannot be read or written", "err", err)
	case err == nil && r.failing:
		r.failing = false
		r.o.Log.Info("state of scheduled reports can be read and written again")
	}
	return err == nil
}

// look starts a schedule if it is due, and returns when to look again, if that is known.
func (r *runner) look(ctx context.Context, s Schedule, state State) (again time.Time, err error) {
	now := r.o.Now()
	due, at := state.Next(s.Cron, now)
	if at.IsZero() || at.After(now) {
		return at, nil
	}
	claim, ok, err := r.o.Store.Claim(ctx, s, due, now, now.Add(Lease))
	if err != nil || !ok {
		return now.Add(lookEvery), err
	}
	attempt, run := 1, Attempt{Name: s.Name, Due: due}
	if state.Due.Equal(due) {
		attempt, run.Done = state.Attempts+1, state.Done
	}
	next := s.Cron.Next(due)
	run.Last = !next.IsZero() && next.Before(now.Add(runWithin+retryWait(attempt)))
	r.running[s.Name] = true
	go func() {
		r.run(ctx, run, claim, attempt, state.Error != "")
		r.over <- s.Name
	}()
	return time.Time{}, nil
}

// outcome is what a job returned.
type outcome struct {
	done []string
	err  error
}

// run makes a claimed report.
func (r *runner) run(ctx context.Context, run Attempt, claim int64, attempt int, failing bool) {
	log := r.o.Log.With("schedule", run.Name, "due", run.Due)
	began := r.o.Now()
	end := func(o outcome) {
		result := Result{Name: run.Name, Due: run.Due, Claim: claim, Done: o.done, Ended: r.o.Now()}
		result.Took = max(0, result.Ended.Sub(began))
		switch {
		case o.err == nil && failing:
			log.Info("scheduled report made after a failure", "took", result.Took)
		case o.err == nil:
			log.Info("scheduled report made", "took", result.Took)
		case ctx.Err() != nil:
			result.Stopped = true
		default:
			result.Error, result.Retry = o.err.Error(), result.Ended.Add(retryWait(attempt))
			if !failing {
				log.Error("scheduled report failed, it is tried again until the next one is due", "err", o.err)
			}
			failing = true
		}
		if err := r.finish(context.WithoutCancel(ctx), result); err != nil {
			log.Error("result of a scheduled report not saved, it will be made again", "err", err)
		}
	}
	made := make(chan outcome, 1)
	go func() { made <- r.job(ctx, run) }()
	hangs := time.NewTimer(hangsAfter)
	defer hangs.Stop()
	select {
	case o := <-made:
		end(o)
	case <-hangs.C:
		if ctx.Err() == nil {
			end(outcome{
				run.Done,
				fmt.Errorf("it was told to stop after %s but hangs: a folder or disk may not answer; the schedule waits for it",
					runWithin),
			})
		}
		end(<-made)
	}
}

func (r *runner) finish(ctx context.Context, result Result) (err error) {
	ctx, cancel := context.WithTimeout(ctx, finishWithin)
	defer cancel()
	for ctx.Err() == nil {
		if err = r.o.Store.Finish(ctx, result); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(restAfter):
		}
	}
	return err
}

// job recovers from a panic in a report.
func (r *runner) job(ctx context.Context, run Attempt) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("a scheduled report panicked", "schedule", run.Name, "panic", fmt.Sprint(p), "stack",
				string(debug.Stack()))
			o = outcome{run.Done, fmt.Errorf("it panicked, a bug in Countersign; see its log: %v", p)}
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, runWithin, fmt.Errorf("it took longer than %s", runWithin))
	defer cancel()
	o.done, o.err = r.o.Job(ctx, run)
	return o
}
