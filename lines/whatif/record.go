package whatif

import (
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// record is a call as its events tell it.
type record struct {
	call, line string
	startedAt  time.Time
	started    event.CallStarted
	steps      []*step
	outcome    Outcome
	// untold says why the call cannot be run once more.
	untold string

	// lockedCaller and lockedCustomer say what was locked before anything was asked. lockStep is the step in which the
	// call itself brought a lock about.
	lockedCaller, lockedCustomer bool
	lockStep                     *step

	// silent is how the caller was gone between two steps, handOver what came of handing them on.
	silent, handOver error
	// decided says that the call was verified or had failed.
	decided bool

	stepUp  session.Level
	back    session.Destination
	refusal event.Refusal
	// known is who the caller was found to be before, on this same call or by a token; nil if nobody. outage says that
	// they could not be looked up.
	known  *session.Proven
	name   string
	outage bool
	lost   bool // what was found out on this same call before
}

// step is one run of a step.
type step struct {
	at           int // its place in the call
	name         string
	began, ended time.Time
	event.StepFinished
	// customer is who the caller was identified as.
	customer *session.Customer
	// broke is how the step ended if not by what the caller answered.
	broke error
	// lockAfter is the number of attempts after which a lock began, 0 if none did.
	lockAfter int
	used      bool
}

// newRecord reads the events of a call.
func newRecord(events []event.Event) *record {
	events = inOrder(events)
	rec := &record{}
	if len(events) == 0 {
		rec.untold = "there are no events"
		return rec
	}
	first, last := events[0], events[len(events)-1]
	rec.call, rec.line, rec.startedAt = first.Call, first.Line, first.Time
	var began *event.CallStarted
	if d, ok := first.Data.(event.CallStarted); ok {
		began, rec.started = &d, d
	}
	ended, whole := last.Data.(event.CallEnded)
	r := reader{rec: rec}
	for _, e := range events {
		r.read(e)
	}
	switch {
	case !whole:
		rec.untold = "the call has not ended"
	case began == nil || first.Seq != 1 || last.Seq != len(events):
		rec.untold = "some of its events are missing"
	case ended.End == event.EndInterrupted:
		rec.untold = "the call was interrupted: Countersign itself ended"
	default:
		r.finish(ended)
	}
	return rec
}

// reader makes a record of events.
type reader struct {
	rec     *record
	running *step
	last    *step // the step that ended just now
	routed  bool
	failed  event.Failed
	level   int // that the caller had before
}

func (r *reader) read(e event.Event) {
	rec := r.rec
	switch d := e.Data.(type) {
	case event.StepStarted:
		r.running, r.last = &step{at: len(rec.steps), name: d.Step, began: e.Time}, nil
	case event.StepFinished:
		r.stepFinished(e.Time, d)
	case event.Identified:
		r.identified(d)
	case event.Locked:
		r.locked(d)
	case event.StepUpRequested:
		rec.stepUp = session.Level(d.Level)
	case event.TokenRefused:
		rec.refusal = d.Reason
	case event.Verified:
		r.rec.decided, r.last = true, nil
	case event.Failed:
		r.rec.decided, r.failed, r.last = true, d, nil
	case event.Routed:
		r.routed, r.last = true, nil
		rec.outcome.Route, rec.outcome.Destination = d.Outcome, d.Destination
	case event.CallEnded:
		rec.outcome.ended(d)
	}
}

func (r *reader) stepFinished(at time.Time, d event.StepFinished) {
	s := r.running
	if s == nil {
		s = &step{at: len(r.rec.steps), name: d.Step, began: at.Add(-time.Duration(d.Milliseconds) * time.Millisecond)}
	}
	s.ended, s.StepFinished = at, d
	if s.lockAfter != 0 { // the last answer that was judged and wrong
		judged := len(d.Attempts)
		if d.Reason == event.ReasonLocked || d.Reason == event.ReasonVelocity {
			judged-- // that one was not judged any more
		}
		s.lockAfter = 1
		for i := range judged {
			if d.Attempts[i].Result == event.AttemptRejected {
				s.lockAfter = i + 1
			}
		}
		r.rec.lockStep = s
	}
	r.rec.steps = append(r.rec.steps, s)
	r.running, r.last = nil, s
}

func (r *reader) identified(d event.Identified) {
	c := &session.Customer{ID: d.Customer, Name: d.Name}
	switch {
	case r.last != nil && r.last.Result == event.StepPassed:
		r.last.customer = c
	case len(r.rec.steps) == 0:
		r.level = d.Level
		r.rec.known, r.rec.name = &session.Proven{Customer: d.Customer}, d.Name
	}
}

func (r *reader) locked(d event.Locked) {
	switch {
	case r.running == nil && d.On == event.LockOnCaller:
		r.rec.lockedCaller = true
	case r.running == nil && d.On == event.LockOnCustomer:
		r.rec.lockedCustomer = true
	case d.Began:
		r.running.lockAfter = 1 // for now
	}
}

// finish works out what takes all of the events.
func (r *reader) finish(ended event.CallEnded) {
	rec := r.rec
	gone := gone(ended)
	for _, s := range rec.steps {
		switch {
		case s.Result == event.StepAbandoned:
			s.broke = &session.HangupError{Cause: ended.Cause}
		case s.Result == event.StepFailed && s.Reason == event.ReasonTooLong:
			s.broke = session.ErrTooLong
		case s.Result == event.StepError:
			s.broke = errBroke
		}
	}
	switch n := len(rec.steps); {
	case gone == nil:
	case r.routed:
		rec.handOver = gone
	case n > 0 && rec.steps[n-1].Result == event.StepAbandoned:
	case n > 0 && rec.steps[n-1].Result == event.StepError && r.last != nil: // nothing was decided behind it
		rec.steps[n-1].broke = gone
	default:
		rec.silent = gone
	}
	if rec.outcome.Route == "returned" {
		rec.back, _ = session.ParseDestination(rec.outcome.Destination)
	}
	if r.failed.Reason == event.ReasonUnavailable && r.failed.Step == "" {
		rec.outage = rec.known != nil
		rec.lost = rec.known == nil && rec.stepUp > session.Unknown && rec.started.Continues == ""
	}
	r.before(ended)
}

// gone is what took the caller from us, or nil.
func gone(ended event.CallEnded) error {
	switch ended.End {
	case event.EndAbandoned:
		return &session.HangupError{Cause: ended.Cause}
	case event.EndReleased:
		return session.ErrLineLost
	}
	return nil
}

// before works out what had been proven before the call, from the level that it gave.
func (r *reader) before(ended event.CallEnded) {
	rec := r.rec
	if rec.known == nil {
		return
	}
	token := slices.Index(ended.Methods, event.MethodToken) // its own methods come before its name
	for i, m := range ended.Methods {
		passed := func(s *step) bool { return s.name == string(m) && s.Result == event.StepPassed }
		if slices.ContainsFunc(rec.steps, passed) {
			continue
		}
		rec.known.Methods = append(rec.known.Methods, m)
		if factor := factorOf(m, i == 0, i < token); factor != session.NoFactor {
			rec.known.Proofs = append(rec.known.Proofs, session.Proof{Factor: factor, Method: m})
		}
	}
	if rec.known.Level(rec.startedAt) != session.Level(r.level) {
		rec.untold = "what had been proven on the call before is not in its events"
	}
}

// factorOf is what a method proved that the call came with. One that a company named is an identifier if it is the
// first, because who the caller is comes before all questions, and a fact otherwise. Those of a token are all ours.
func factorOf(name event.Method, first, ofToken bool) session.Factor {
	switch m, ours := session.MethodOf(name); {
	case ours && ofToken:
		return m.Factor
	case !ours && first:
		return session.NoFactor
	}
	return session.FactorOf(name)
}
