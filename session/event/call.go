package event

import "time"

// Call is how a call stands, by the events that are known of it. Its zero value is a call of which nothing is known. Whoever wants to know what
// became of a call folds its events with Add; nobody else reads them one by one for that.
type Call struct {
	ID, Line    string
	LineVersion int
	// First is the id that this same call had when it was with us first; ID if it is new.
	First string
	// Begun is whether call_started is known: Started is its time, and Start what it said.
	Begun   bool
	Started time.Time
	Start   CallStarted

	// Status, Level, Reason, Customer and Methods are what was said last. Status is "" until something was.
	Status   Status
	Level    int
	Reason   Reason
	Customer string
	Methods  []Method
	// IdentifiedBy is the method that identified the caller first.
	IdentifiedBy Method

	// Verdict is FactVerified or FactFailed, whichever came last; "" if neither did. FailedReason and FailedStep are of the last failure.
	Verdict      Fact
	FailedReason Reason
	FailedStep   string
	// Decided is when the verdict was there, or when the call was handed on without one. Zero before.
	Decided time.Time

	// Outcome and Destination say where the call was handed on to; "" if it was not, or did not go there.
	Outcome, Destination string
	// End is "" while the call runs.
	End   End
	Ended time.Time
	// Milliseconds is how long the call was with us.
	Milliseconds int64

	// StepUp says that the call was a step-up in mid-call, Locked that something was locked on it.
	StepUp, Locked bool
	Steps          []CallStep

	// Complete says that no event is missing: the first is number 1, the last is call_ended, and there are as many as that one's number.
	Complete bool

	firstSeq, lastSeq, events int
}

// CallStep is one run of a step on a call.
type CallStep struct {
	Step    string
	Started time.Time
	// Finished says that the step ended; what it said then is beside it.
	Finished bool
	StepFinished
}

// FoldCall is how a call stands after its events, which are in their order.
func FoldCall(events []Event) (c Call) {
	for _, e := range events {
		c.Add(e)
	}
	return c
}

// Running says that the call began and has not ended.
func (c *Call) Running() bool { return c.Begun && c.End == "" }

// Own says that it is a call of its own: neither a step-up nor a call that came back.
func (c *Call) Own() bool { return !c.StepUp && c.First == c.ID }

// Add takes the next event of the call.
func (c *Call) Add(e Event) {
	if c.events == 0 {
		c.ID, c.First, c.Line, c.LineVersion, c.firstSeq = e.Call, e.Call, e.Line, e.LineVersion, e.Seq
	}
	c.events++
	c.lastSeq = e.Seq
	switch d := e.Data.(type) {
	case CallStarted:
		c.begin(e, d)
	case StepUpRequested:
		c.StepUp = true
	case Locked:
		c.Locked = true
	case StepStarted:
		c.Steps = append(c.Steps, CallStep{Step: d.Step, Started: e.Time})
	case StepFinished:
		c.finish(e, d)
	case Identified:
		c.now(d.Status, d.Level, "", d.Customer, nil)
		if c.IdentifiedBy == "" {
			c.IdentifiedBy = d.Method
		}
	case Verified:
		c.now(d.Status, d.Level, ReasonOK, d.Customer, d.Methods)
		c.Verdict, c.Decided = FactVerified, e.Time
	case Failed:
		c.now(d.Status, d.Level, d.Reason, d.Customer, nil)
		c.Verdict, c.Decided, c.FailedReason, c.FailedStep = FactFailed, e.Time, d.Reason, d.Step
	case Routed:
		c.now(d.Status, d.Level, d.Reason, "", nil)
		c.Outcome, c.Destination = d.Outcome, d.Destination
		if c.Decided.IsZero() { // a line that only identifies, or is closed
			c.Decided = e.Time
		}
	case CallEnded:
		c.end(e, d)
	}
	c.Complete = e.Fact() == FactCallEnded && c.firstSeq == 1 && c.lastSeq == c.events
}

func (c *Call) begin(e Event, d CallStarted) {
	c.Begun, c.Started, c.Start = true, e.Time, d
	c.Line, c.LineVersion = e.Line, e.LineVersion
	if d.Continues != "" {
		c.First = d.Continues
	}
}

func (c *Call) end(e Event, d CallEnded) {
	c.now(d.Status, d.Level, d.Reason, d.Customer, d.Methods)
	c.End, c.Ended, c.Milliseconds = d.End, e.Time, d.Milliseconds
	if d.End != EndRouted { // where it was to go, it did not go
		c.Outcome, c.Destination = "", ""
	}
}

// now takes over what an event says about the call as a whole; what it does not say stays.
func (c *Call) now(s Status, level int, r Reason, customer string, methods []Method) {
	c.Status, c.Level = s, level
	if r != "" {
		c.Reason = r
	}
	if customer != "" {
		c.Customer = customer
	}
	if len(methods) > 0 {
		c.Methods = methods
	}
}

// finish ends the step that runs, or, if its beginning is not known, one that took as long as it says.
func (c *Call) finish(e Event, d StepFinished) {
	n := len(c.Steps)
	if n == 0 || c.Steps[n-1].Finished || c.Steps[n-1].Step != d.Step {
		began := e.Time.Add(-time.Duration(d.Milliseconds) * time.Millisecond)
		c.Steps = append(c.Steps, CallStep{Step: d.Step, Started: began})
		n++
	}
	s := &c.Steps[n-1]
	s.Finished, s.StepFinished = true, d
}
