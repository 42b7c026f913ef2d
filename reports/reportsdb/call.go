package reportsdb

import (
	"database/sql"
	"strings"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// reportedCall is a call as the database stores it: event.Call in columns.
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
	stepUp, locked, own, test, complete                                bool
	steps                                                              []reportedStep
}

// reportedStep is a row of call_steps; result is not valid while the step runs.
type reportedStep struct {
	step           string
	started        int64
	ms             sql.NullInt64
	result, reason sql.NullString
	attempts       []event.Attempt
	// asked is how often earlier steps of the call asked the same.
	asked int
}

// reportOf derives a call from its events, which are in order. It is nil until the start of the call is known.
func reportOf(events []event.Event) *reportedCall {
	c := event.FoldCall(events)
	if !c.Begun {
		return nil
	}
	r := &reportedCall{
		call: c.ID, first: c.First, line: c.Line, lineVersion: c.LineVersion, started: c.Started.UnixMilli(),
		channel: sqlite.Text(c.Start.Channel), callerLast4: sqlite.Text(c.Start.CallerLast4),
		withheld:     c.Start.CallerWithheld,
		dialledLast4: sqlite.Text(c.Start.DialledLast4), attestation: sqlite.Text(c.Start.Attestation),
		status: string(event.StatusNone), level: c.Level, reason: sqlite.Text(string(c.Reason)),
		customer: sqlite.Text(c.Customer),
		methods:  methodList(c.Methods), identifiedBy: sqlite.Text(string(c.IdentifiedBy)),
		outcome: sqlite.Text(c.Outcome), destination: sqlite.Text(c.Destination),
		verdict: c.Verdict, failedReason: sqlite.Text(string(c.FailedReason)), failedStep: sqlite.Text(c.FailedStep),
		stepUp: c.StepUp, locked: c.Locked, own: c.Own(), test: c.Test, complete: c.Complete, steps: reportedSteps(c.Steps),
	}
	if c.Status != "" {
		r.status = string(c.Status)
	}
	if !c.Decided.IsZero() {
		r.decided = number(c.Decided.UnixMilli())
	}
	if c.End != "" {
		r.end, r.ended, r.ms = sqlite.Text(string(c.End)), number(c.Ended.UnixMilli()), number(c.Milliseconds)
	}
	return r
}

func methodList(methods []event.Method) sql.NullString {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = string(m)
	}
	return sqlite.Text(strings.Join(names, ","))
}

func reportedSteps(steps []event.CallStep) []reportedStep {
	asked := map[string]int{}
	all := make([]reportedStep, len(steps))
	for i, s := range steps {
		all[i] = reportedStep{step: s.Step, started: s.Started.UnixMilli(), attempts: s.Attempts}
		if !s.Finished {
			continue
		}
		all[i].ms, all[i].reason = number(s.Milliseconds), sqlite.Text(string(s.Reason))
		all[i].result = sql.NullString{String: string(s.Result), Valid: true}
		all[i].asked = asked[s.Step]
		asked[s.Step] += len(s.Attempts)
	}
	return all
}

// counted says whether it is a call of its own: neither a step-up nor a call that came back, nor a test.
func (c *reportedCall) counted() bool { return c.own && !c.test }

// came is how many attempts had this result.
func (s *reportedStep) came(to event.AttemptResult) (n int) {
	for _, a := range s.attempts {
		if a.Result == to {
			n++
		}
	}
	return n
}

func number(n int64) sql.NullInt64 { return sql.NullInt64{Int64: n, Valid: true} }
