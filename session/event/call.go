package event

import "time"

// Call is the state of a call by its known events. The zero value knows nothing. Code that needs the outcome of a call
// folds its events with Add, and does not interpret them itself.
type Call struct {
	ID, Line    string
	LineVersion int
	// First is the id that this same call had first; ID if it is new.
	First string
	// Begun: call_started is known. Started is its time, Start its data.
	Begun   bool
	Started time.Time
	Start   CallStarted

	// Status, Level, Reason, Customer and Methods are the latest known. Status is "" before the first.
	Status   Status
	Level    int
	Reason   Reason
	Customer string
	Methods  []Method
	// IdentifiedBy is the method that first identified the caller as that customer.
	IdentifiedBy Method

	// Verdict is FactVerified or FactFailed, whichever came last; "" if neither did. FailedReason and FailedStep are of
	// the last failure.
	Verdict      Fact
	FailedReason Reason
	FailedStep   string
	// Decided is the time of the verdict, or of handing on without one. Zero before.
	Decided time.Time

	// Outcome and Destination say where the call was handed on to; "" if it was not.
	Outcome, Destination string
	// End is "" while the call runs.
	End   End
	Ended time.Time
	// Milliseconds is the length of our part of the call.
	Milliseconds int64

	// StepUp: the call was a step-up. Locked: something was locked on it. Denied: the customer says that they are not
	// calling. Test: staff tried a draft.
	StepUp, Locked, Denied, Test bool
	Steps                        []CallStep
	// Agents are the agents at whom the call rang after it was handed on.
	Agents []CallAgent

	// Complete: no event of our part is missing. The first is number 1, and the number of call_ended is the number of
	// events. Facts about agents may follow.
	Complete bool

	firstSeq, lastSeq, events int
}

// CallStep is one run of a step on a call.
type CallStep struct {
	Step    string
	Started time.Time
	// Finished: the step ended; its result is in StepFinished.
	Finished bool
	StepFinished
}

// FoldCall folds the events of a call, which are in order.
func FoldCall(events []Event) (c Call) {
	for _, e := range events {
		c.Add(e)
	}
	return c
}

// Running says that the call began and has not ended.
func (c *Call) Running() bool { return c.Begun && c.End == "" }

// Own says that it is neither a step-up nor a call that came back.
func (c *Call) Own() bool { return !c.StepUp && c.First == c.ID }

// Add takes the next event of the call.
func (c *Call) Add(e Event) {
	if c.ID == "" {
		c.ID, c.First, c.Line, c.LineVersion, c.Test = e.Call, e.Call, e.Line, e.LineVersion, e.Test
	}
	if c.agent(e) {
		return
	}
	if c.events == 0 {
		c.firstSeq = e.Seq
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
	case ProofDenied:
		c.Denied = c.Denied || d.Why == DenialNotCalling
	case StepStarted:
		c.Steps = append(c.Steps, CallStep{Step: d.Step, Started: e.Time})
	case StepFinished:
		c.finish(e, d)
	case Identified:
		another := d.Customer != c.Customer
		c.update(d.Status, d.Level, "", d.Customer, nil)
		if c.IdentifiedBy == "" || another {
			c.IdentifiedBy = d.Method
		}
	case Verified:
		c.update(d.Status, d.Level, ReasonOK, d.Customer, d.Methods)
		c.Verdict, c.Decided = FactVerified, e.Time
	case Failed:
		c.update(d.Status, d.Level, d.Reason, d.Customer, nil)
		c.Verdict, c.Decided, c.FailedReason, c.FailedStep = FactFailed, e.Time, d.Reason, d.Step
	case Routed:
		c.update(d.Status, d.Level, d.Reason, "", nil)
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
	c.update(d.Status, d.Level, d.Reason, d.Customer, d.Methods)
	c.End, c.Ended, c.Milliseconds = d.End, e.Time, d.Milliseconds
	if d.End != EndRouted { // it was not handed on after all
		c.Outcome, c.Destination = "", ""
	}
}

// update takes over the state that an event carries; what it leaves out stays.
func (c *Call) update(s Status, level int, r Reason, customer string, methods []Method) {
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

// finish ends the running step, or adds one whose start is not known, with the duration that the event has.
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
