package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// Options are what Run needs.
type Options struct {
	Schedules []Schedule
	Store     Store
	// Job makes the report of a schedule as of a due time. It ends soon after ctx does. Where it cannot know whether it succeeded it says that it failed: it runs again.
	Job func(ctx context.Context, name string, due time.Time) error
	// Ready, if set, returns when there is what reports are made of. It is called once, before the first Job.
	Ready func(ctx context.Context)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	Log *slog.Logger
}

const (
	// lookEvery is how often the clock is looked at, which may be put forward or back, and the states, which another process may change.
	lookEvery = time.Minute
	// restAfter keeps whatever goes wrong from going wrong a thousand times a second.
	restAfter = time.Second
	// finishWithin bounds how long it is tried to write down that a run ended: where that fails, it is repeated.
	finishWithin = 30 * time.Second
)

// Run makes reports when they are due, one at a time, until ctx ends. A run is repeated if the process was killed in it, Lease after it began: a report may then go out twice
// rather than never. A run that fails is tried again, with growing pauses, until the next one is due.
func Run(ctx context.Context, o Options) {
	r := newRunner(o)
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
		}
		timer.Stop()
	}
}

type runner struct {
	o       Options
	kept    bool
	ready   bool
	failing bool // to read and write states
}

func newRunner(o Options) *runner {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &runner{o: o, ready: o.Ready == nil}
}

// round makes what is due, and says when there is something to do again, if that is known.
func (r *runner) round(ctx context.Context) (next time.Time) {
	states, err := r.states(ctx)
	if !r.works(ctx, err) {
		return time.Time{}
	}
	for _, s := range r.o.Schedules {
		if ctx.Err() != nil {
			break
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

// states reads the states, and makes those that are missing: at the start, and when another process with other settings took them away.
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
		if states[s.Name].Cron == s.Cron.String() {
			continue
		}
		if err := r.o.Store.Begin(ctx, r.o.Schedules, r.o.Now()); err != nil {
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
		r.o.Log.Error("scheduled reports wait: their state cannot be read or written", "err", err)
	case err == nil && r.failing:
		r.failing = false
		r.o.Log.Info("the state of scheduled reports can be read and written again")
	}
	return err == nil
}

// look runs one schedule if it is due, and says when to look again.
func (r *runner) look(ctx context.Context, s Schedule, state State) (again time.Time, err error) {
	now := r.o.Now()
	due, at := state.Next(s.Cron, now)
	if at.IsZero() || at.After(now) {
		return at, nil
	}
	if !r.ready {
		r.o.Ready(ctx)
		r.ready = true
		return now, nil // it took time
	}
	claim, ok, err := r.o.Store.Claim(ctx, s, due, now, now.Add(Lease))
	if err != nil || !ok {
		return now.Add(lookEvery), err
	}
	attempt := 1
	if state.Due.Equal(due) {
		attempt = state.Attempts + 1
	}
	return now, r.run(ctx, s, Result{Name: s.Name, Due: due, Claim: claim}, attempt, state.Error != "")
}

// run makes a report that was claimed.
func (r *runner) run(ctx context.Context, s Schedule, result Result, attempt int, failing bool) error {
	log := r.o.Log.With("schedule", s.Name, "due", result.Due)
	began := r.o.Now()
	err := r.job(ctx, s.Name, result.Due)
	result.Ended = r.o.Now()
	result.Took = max(0, result.Ended.Sub(began))
	switch {
	case err == nil && failing:
		log.Info("the scheduled report could be made again", "took", result.Took)
	case err == nil:
		log.Info("scheduled report made", "took", result.Took)
	case ctx.Err() != nil:
		result.Stopped = true
	default:
		result.Error, result.Retry = err.Error(), result.Ended.Add(pause(attempt))
		if !failing {
			log.Error("the scheduled report cannot be made, it is tried again until the next one is due", "err", err)
		}
	}
	return r.finish(context.WithoutCancel(ctx), result)
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

// job survives whatever a report does.
func (r *runner) job(ctx context.Context, name string, due time.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("a scheduled report panicked", "schedule", name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("it panicked, which is a mistake of Countersign's; its log has more: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, runWithin, fmt.Errorf("it took longer than %s", runWithin))
	defer cancel()
	return r.o.Job(ctx, name, due)
}
