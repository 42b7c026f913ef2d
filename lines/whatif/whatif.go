// Package whatif answers "how would these calls have ended on other lines". It replays a recorded call through
// session.Runner itself, and takes everything outside the line from the call's events: what the caller did, who they
// were, what was locked or failed.
//
// It knows no more than the events and invents nothing: if the other line asks what the caller was never asked, the
// verdict is Unknown. The caller stays the same: a right answer is right again, however many digits the other line
// wants; an unknown number stays unknown; a hang-up comes in the same step; a lock holds again. Calls are replayed one
// by one: a lock that the other line would have prevented still holds for the next call.
//
// It is not in package session because it compiles lines and stands in for what their steps call.
package whatif

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/lines"
	"countersign/session"
	"countersign/session/event"
)

// Options are the service's settings that lines default to.
type Options struct {
	// Region and PopURL apply to lines without their own.
	Region, PopURL string
}

// Trial replays recorded calls on the lines that are tried. One goroutine uses it.
type Trial struct {
	lines  map[string]*trialLine
	runner *session.Runner
	player *player
}

// trialLine is a line, and what it takes to answer its questions.
type trialLine struct {
	*session.Line
	// questions are the secrets that it asks for, keys the answers that its steps take.
	questions []string
	keys      map[string]string
}

// New makes a Trial. Calls are replayed on the line of the same name.
func New(defs []*lines.Definition, o Options) (*Trial, error) {
	p := &player{}
	t := &Trial{lines: map[string]*trialLine{}, player: p}
	for _, def := range defs {
		l, err := lines.Compile(def, 0, lines.Parts{
			Directory: customers{p}, Sends: messages{p}, Senders: lines.EveryWay(messages{p}), Once: messages{p}, AppLinks: appLinks{p},
			Region: o.Region, PopURL: o.PopURL,
		})
		if err != nil {
			return nil, err
		}
		if _, twice := t.lines[def.Line]; twice {
			return nil, fmt.Errorf("two lines have the name %s: leave one out", def.Line)
		}
		t.add(l)
	}
	t.runner = session.NewRunner(session.Options{
		Journal: journal{p}, Prompts: prompts{}, Guard: guard{p}, Calls: earlier{p}, Tokens: earlier{p},
		Customer: customers{p}.ByID, Now: p.now,
		Line: func(session.Call) *session.Line { return p.line.Line },
		// The record bounds the call. The number of actions depends on how slow the backend was, and is not replayed.
		MaxActions: maxActions,
	})
	return t, nil
}

const maxActions = 1 << 20

func (t *Trial) add(l *session.Line) {
	t.lines[l.Name] = &trialLine{Line: l, questions: questions(l), keys: keys(l)}
}

// Verdict compares a replayed call with the recorded one.
type Verdict string

const (
	// Same: the call ends as before.
	Same Verdict = "same"
	// Changed: the call ends differently.
	Changed Verdict = "changed"
	// Unknown: the events do not say.
	Unknown Verdict = "unknown"
)

// Outcome is how a call ended.
type Outcome struct {
	End    event.End    `json:"end"`
	Status event.Status `json:"status"`
	Level  int          `json:"level"`
	Reason event.Reason `json:"reason"`
	// Route is the row of the line's routes, Destination where it leads; empty if no route was taken.
	Route       string `json:"route,omitempty"`
	Destination string `json:"destination,omitempty"`
	Customer    string `json:"customer,omitempty"`
}

// ended copies the outcome from the last event of a call.
func (o *Outcome) ended(d event.CallEnded) {
	o.End, o.Status, o.Level, o.Reason, o.Customer = d.End, d.Status, d.Level, d.Reason, d.Customer
}

// cloned copies the strings: those of Read share the whole event's memory.
func (o Outcome) cloned() Outcome {
	return Outcome{
		End: clone(o.End), Status: clone(o.Status), Level: o.Level, Reason: clone(o.Reason),
		Route: clone(o.Route), Destination: clone(o.Destination), Customer: clone(o.Customer),
	}
}

func clone[S ~string](s S) S { return S(strings.Clone(string(s))) }

func (o Outcome) String() string {
	s := string(o.Status)
	usual := map[event.Status]session.Level{
		event.StatusVerified: session.Verified, event.StatusIdentified: session.Identified,
	}
	if o.Level != int(usual[o.Status]) {
		s += fmt.Sprintf(" at level %d", o.Level)
	}
	if o.Reason != "" && o.Reason != event.ReasonOK {
		s += " (" + string(o.Reason) + ")"
	}
	switch {
	case o.End != event.EndRouted:
		return string(o.End) + ", " + s
	case o.Destination != "":
		return s + " to " + o.Destination
	}
	return s
}

// Result is the result of one call. It does not keep the call's events in memory.
type Result struct {
	Call    string    `json:"call"`
	Line    string    `json:"line"`
	Started time.Time `json:"started"`
	Verdict Verdict   `json:"verdict"`
	Before  Outcome   `json:"before"`
	// After is the outcome on the line that is tried; nil if unknown.
	After *Outcome `json:"after,omitempty"`
	// Shorter is how many seconds of recorded steps the other line leaves out; it has none that were not recorded.
	Shorter float64 `json:"shorter,omitempty"`
	// Step is the first step that differs, or the one after which the outcome is unknown; empty if all steps are the
	// same. Why describes it.
	Step string `json:"step,omitempty"`
	Why  string `json:"why,omitempty"`
}

// Has says whether the Trial has a line of that name.
func (t *Trial) Has(line string) bool { return t.lines[line] != nil }

// RunAll replays calls by their ids, and hands each result to collect. journey reads the events of a call: a call without
// any is older than the journal, and is left out.
func (t *Trial) RunAll(
	ctx context.Context, calls []string, journey func(ctx context.Context, call string) ([]event.Event, error), collect func(Result),
) error {
	for _, call := range calls {
		events, err := journey(ctx, call)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			collect(t.Run(ctx, events))
		}
	}
	return nil
}

// Run replays one call. events are all of the call's, in any order; the Trial must have its line.
func (t *Trial) Run(ctx context.Context, events []event.Event) Result {
	rec := newRecord(events)
	r := Result{Call: clone(rec.call), Line: clone(rec.line), Started: rec.startedAt, Before: rec.outcome.cloned()}
	if rec.unplayable != "" {
		r.Verdict, r.Why = Unknown, rec.unplayable
		return r
	}
	line := t.lines[rec.line]
	if line == nil {
		r.Verdict, r.Why = Unknown, fmt.Sprintf("no line %s to try", rec.line)
		return r
	}
	calling, end := context.WithCancelCause(ctx)
	defer end(nil)
	p := t.player
	p.load(rec, line, end)
	t.runner.Run(calling, rec.sessionCall(), channel{p})
	r.Step, r.Why = p.divergence.step, p.divergence.why
	if ctx.Err() != nil && p.unknown == "" {
		p.unknown = "the replay was cut short"
	}
	if p.unknown != "" {
		r.Verdict, r.Step, r.Why = Unknown, clone(p.unknownAt), p.unknown
		return r
	}
	after := p.outcome.cloned()
	r.After, r.Shorter = &after, (rec.spent() - p.spent).Seconds()
	if r.Verdict = Same; after != r.Before {
		r.Verdict = Changed
	}
	p.explain(&r)
	r.Step = clone(r.Step)
	return r
}

// errUnknown ends a call that cannot be replayed further. It is a lost line, so that the runner tries nothing else.
var errUnknown = fmt.Errorf("the events do not say: %w", session.ErrLineLost)

// errFailed stands for whatever failed in the recorded call.
var errFailed = errors.New("failed in the recorded call")
