package reportsdb

import (
	"database/sql"
	"strings"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// reportedCall is what the events of a call say about it, as far as they are known.
type reportedCall struct {
	call, first, line                                                  string
	lineVersion                                                        int
	started                                                            int64
	decided, ended, ms                                                 sql.NullInt64
	channel, callerLast4, dialledLast4, attestation                    sql.NullString
	withheld                                                           bool
	status                                                             string
	level                                                              int
	reason, customer, methods, identifiedBy, outcome, destination, end sql.NullString
	verdict                                                            event.Fact
	failedReason, failedStep                                           sql.NullString
	stepUp, locked, complete                                           bool
	steps                                                              []reportedStep
}

// reportedStep is one row of call_steps; result is not valid while it runs.
type reportedStep struct {
	step           string
	started        int64
	ms             sql.NullInt64
	result, reason sql.NullString
	attempts       []event.Attempt
	// asked is how often the call was asked the same in steps before.
	asked int
}

// reportOf derives a call from its events, which are in their order. It is nil as long as it is not known when the call began.
func reportOf(events []event.Event) *reportedCall {
	c := &reportedCall{status: string(event.StatusNone)}
	known := false
	for _, e := range events {
		if d, ok := e.Data.(event.CallStarted); ok {
			known = true
			c.begin(e, d)
		}
		c.take(e)
	}
	if !known {
		return nil
	}
	last := events[len(events)-1]
	c.complete = last.Fact() == event.FactCallEnded && events[0].Seq == 1 && last.Seq == len(events)
	return c
}

func (c *reportedCall) begin(e event.Event, d event.CallStarted) {
	c.call, c.first, c.line, c.lineVersion, c.started = e.Call, e.Call, e.Line, e.LineVersion, e.Time.UnixMilli()
	if d.Continues != "" {
		c.first = d.Continues
	}
	c.channel, c.callerLast4, c.withheld = sqlite.Text(d.Channel), sqlite.Text(d.CallerLast4), d.CallerWithheld
	c.dialledLast4, c.attestation = sqlite.Text(d.DialledLast4), sqlite.Text(d.Attestation)
}

func (c *reportedCall) take(e event.Event) {
	switch d := e.Data.(type) {
	case event.StepUpRequested:
		c.stepUp = true
	case event.Locked:
		c.locked = true
	case event.StepStarted:
		c.steps = append(c.steps, reportedStep{step: d.Step, started: e.Time.UnixMilli()})
	case event.StepFinished:
		c.finish(e, d)
	case event.Identified:
		c.now(d.Status, d.Level, "", d.Customer, nil)
		if !c.identifiedBy.Valid {
			c.identifiedBy = sqlite.Text(string(d.Method))
		}
	case event.Verified:
		c.now(d.Status, d.Level, event.ReasonOK, d.Customer, d.Methods)
		c.decide(e)
	case event.Failed:
		c.now(d.Status, d.Level, d.Reason, d.Customer, nil)
		c.failedReason, c.failedStep = sqlite.Text(string(d.Reason)), sqlite.Text(d.Step)
		c.decide(e)
	case event.Routed:
		c.now(d.Status, d.Level, d.Reason, "", nil)
		c.outcome, c.destination = sqlite.Text(d.Outcome), sqlite.Text(d.Destination)
		if !c.decided.Valid { // a line that only identifies, or is closed
			c.decided = number(e.Time.UnixMilli())
		}
	case event.CallEnded:
		c.now(d.Status, d.Level, d.Reason, d.Customer, d.Methods)
		c.end, c.ended, c.ms = sqlite.Text(string(d.End)), number(e.Time.UnixMilli()), number(d.Milliseconds)
		if d.End != event.EndRouted { // where it was to go, it did not go
			c.outcome, c.destination = sql.NullString{}, sql.NullString{}
		}
	}
}

// now takes over what an event says about the call as a whole; what it does not say stays.
func (c *reportedCall) now(s event.Status, level int, r event.Reason, customer string, methods []event.Method) {
	c.status, c.level = string(s), level
	if r != "" {
		c.reason = sqlite.Text(string(r))
	}
	if customer != "" {
		c.customer = sqlite.Text(customer)
	}
	if len(methods) > 0 {
		names := make([]string, len(methods))
		for i, m := range methods {
			names[i] = string(m)
		}
		c.methods = sqlite.Text(strings.Join(names, ","))
	}
}

func (c *reportedCall) decide(e event.Event) {
	c.verdict, c.decided = e.Fact(), number(e.Time.UnixMilli())
}

// finish ends the step that runs, or, if its beginning is not known, one that took as long as it says.
func (c *reportedCall) finish(e event.Event, d event.StepFinished) {
	if n := len(c.steps); n == 0 || c.steps[n-1].result.Valid || c.steps[n-1].step != d.Step {
		c.steps = append(c.steps, reportedStep{step: d.Step, started: e.Time.UnixMilli() - d.Milliseconds})
	}
	n := len(c.steps) - 1
	s := &c.steps[n]
	s.ms, s.reason, s.attempts = number(d.Milliseconds), sqlite.Text(string(d.Reason)), d.Attempts
	s.result = sql.NullString{String: string(d.Result), Valid: true}
	for _, earlier := range c.steps[:n] {
		if earlier.step == d.Step {
			s.asked += len(earlier.attempts)
		}
	}
}

// counted says that it is a call of its own: neither a step-up nor a call that came back.
func (c *reportedCall) counted() bool { return !c.stepUp && c.first == c.call }

// came says how many attempts ended so.
func (s *reportedStep) came(to event.AttemptResult) (n int) {
	for _, a := range s.attempts {
		if a.Result == to {
			n++
		}
	}
	return n
}

func number(n int64) sql.NullInt64 { return sql.NullInt64{Int64: n, Valid: true} }
