package whatif

import (
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// record is a call, read from its events. It does not use event.Call: that clears the destination of a call that was
// not handed on, keeps the customer and reason that an end leaves out, and does not have the cause of a hang-up.
type record struct {
	call, line string
	startedAt  time.Time
	started    event.CallStarted
	steps      []*step
	outcome    Outcome
	// unplayable says why the call cannot be replayed.
	unplayable string

	// lockedCaller says whether the caller's number was locked before the first question, lockedCustomers which of those
	// that the caller was identified as were, counted from 1. lockStep is the step in which the call itself caused a lock.
	lockedCaller    bool
	lockedCustomers map[int]bool
	lockStep        *step

	// goneBetween is how the call ended between two steps, handOver how handing it on failed.
	goneBetween, handOver error
	// decided: the call was verified or had failed.
	decided bool

	stepUp  session.Level
	back    session.Destination
	refusal event.Refusal
	// known is what was proven before, on this same call or by a token; nil if nothing. outage: the customer could not
	// be looked up.
	known  *session.Proven
	name   string
	outage bool
	lost   bool // what was proven on this same call before
}

// step is one run of a step.
type step struct {
	at           int // its place in the call
	name         string
	began, ended time.Time
	event.StepFinished
	// customer is who the step identified; identified counts the customers that the caller was identified as before it.
	customer   *session.Customer
	identified int
	// failure is how the step ended if the caller's answer did not end it.
	failure error
	// lockAfter is the number of attempts after which a lock began; 0 for none.
	lockAfter int
	// lockedOut: an answer was not checked because of a lock of before, and the step went on.
	lockedOut bool
	// nobody: the caller had named nobody.
	nobody bool
	// passkey: the customer confirmed with one.
	passkey bool
	used    bool
}

// spent is how long all steps took.
func (r *record) spent() (all time.Duration) {
	for _, s := range r.steps {
		all += time.Duration(s.Milliseconds) * time.Millisecond
	}
	return all
}

// newRecord reads the events of a call.
func newRecord(events []event.Event) *record {
	events = inOrder(events)
	rec := &record{lockedCustomers: map[int]bool{}}
	if len(events) == 0 {
		rec.unplayable = "no events"
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
		rec.unplayable = "the call has not ended"
	case began == nil || first.Seq != 1 || last.Seq != len(events):
		rec.unplayable = "some events are missing"
	case ended.End == event.EndInterrupted:
		rec.unplayable = "the call was interrupted: Countersign stopped"
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
	known   int   // customers that the caller was identified as
	routed  bool
	nobody  bool // the caller has named nobody
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
	case event.ProofConfirmed:
		if r.running != nil {
			r.running.passkey = d.Passkey
		}
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
	s.ended, s.StepFinished, s.identified, s.nobody = at, d, r.known, r.nobody
	r.nobody = r.nobody || d.Result == event.StepFailed && d.Reason == event.ReasonNotFound
	if s.lockAfter != 0 { // the last answer that was checked and wrong
		checked := len(d.Attempts)
		switch d.Reason {
		case event.ReasonLocked, event.ReasonVelocity, event.ReasonVoid:
			checked-- // that one was not checked
		}
		s.lockAfter = 1
		for i := range checked {
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
	r.known++
	r.nobody = false
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
		r.rec.lockedCustomers[r.known] = true
	case d.Began:
		r.running.lockAfter = 1 // until the step ends
	case d.On == event.LockOnCustomer:
		r.running.lockedOut = true
	}
}

// finish works out what needs all of the events.
func (r *reader) finish(ended event.CallEnded) {
	rec := r.rec
	gone := gone(ended)
	for _, s := range rec.steps {
		switch {
		case s.Result == event.StepAbandoned:
			s.failure = &session.HangupError{Cause: ended.Cause}
		case s.Result == event.StepFailed && s.Reason == event.ReasonTooLong:
			s.failure = session.ErrTooLong
		case s.Result == event.StepError:
			s.failure = errFailed
		}
	}
	switch n := len(rec.steps); {
	case gone == nil:
	case r.routed:
		rec.handOver = gone
	case n > 0 && rec.steps[n-1].Result == event.StepAbandoned:
	case n > 0 && rec.steps[n-1].Result == event.StepError && r.last != nil: // nothing was decided after it
		rec.steps[n-1].failure = gone
	default:
		rec.goneBetween = gone
	}
	if rec.outcome.Route == "returned" {
		rec.back, _ = session.ParseDestination(rec.outcome.Destination)
	}
	if r.failed.Reason == event.ReasonUnavailable && r.failed.Step == "" {
		rec.outage = rec.known != nil
		rec.lost = rec.known == nil && rec.stepUp > session.Unknown && rec.started.Continues == ""
	}
	r.knownBefore(ended)
}

// gone is why the call left us without being handed on, or nil.
func gone(ended event.CallEnded) error {
	switch ended.End {
	case event.EndAbandoned:
		return &session.HangupError{Cause: ended.Cause}
	case event.EndReleased:
		return session.ErrLineLost
	}
	return nil
}

// knownBefore works out what had been proven before the call, and checks it against the level that this gave.
func (r *reader) knownBefore(ended event.CallEnded) {
	rec := r.rec
	if rec.known == nil {
		return
	}
	token := slices.Index(ended.Methods, event.MethodToken) // its own methods come before its name
	for i, m := range ended.Methods {
		passed := func(s *step) bool {
			by, _ := session.MethodOf(m)
			return (s.name == string(m) || s.name == string(by.By)) && s.Result == event.StepPassed
		}
		if slices.ContainsFunc(rec.steps, passed) {
			continue
		}
		rec.known.Methods = append(rec.known.Methods, m)
		if factor := factorOf(m, i == 0, i < token); factor != session.NoFactor {
			rec.known.Proofs = append(rec.known.Proofs, session.Proof{Factor: factor, Method: m})
		}
	}
	if rec.known.Level(rec.startedAt) != session.Level(r.level) {
		rec.unplayable = "the events do not say what was proven before the call"
	}
}

// factorOf is the factor of a method proven before the call. A company's own method is an identifier if it is the
// first, because identification comes before all questions, and a fact otherwise. A token names only our own methods.
func factorOf(name event.Method, first, ofToken bool) session.Factor {
	switch m, ours := session.MethodOf(name); {
	case ours && ofToken:
		return m.Factor
	case !ours && first:
		return session.NoFactor
	}
	return session.FactorOf(name)
}

// hasIt says that the step would have ended otherwise, or not asked at all, if the customer did not have the secret: the
// star key leads who does not have it to the next question, and a passphrase and a code are not asked of strangers.
func (s *step) hasIt() bool {
	n := len(s.Attempts)
	if n == 0 {
		return false
	}
	asked := s.name == string(event.MethodTOTP) || s.name == string(event.MethodPassphrase)
	return asked && s.Reason != event.ReasonNotEnrolled || s.Result == event.StepOptedOut && !s.Attempts[n-1].Spoken
}

// notEnrolled says that the step asked a customer for what they do not have, or did not ask them for that reason.
func (r *record) notEnrolled(s *step) bool {
	// one that was right, or wrong when checked, shows that there is a secret
	checked := s.Reason == event.ReasonWrongAnswer || slices.ContainsFunc(s.Attempts, func(a event.Attempt) bool {
		return !a.Unchecked && (a.Result == event.AttemptAccepted || a.Result == event.AttemptRejected)
	})
	unchecked := !checked && slices.ContainsFunc(s.Attempts, func(a event.Attempt) bool { return a.Unchecked })
	if s.nobody || s.hasIt() {
		return false
	}
	locked := s.Reason == event.ReasonVelocity || s.Reason == event.ReasonLocked || s.lockedOut ||
		r.lockedCustomers[s.identified] || r.lockStep != nil
	return s.Reason == event.ReasonNotEnrolled || unchecked && !locked
}
