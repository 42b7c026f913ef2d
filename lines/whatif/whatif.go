// Package whatif answers "how would these calls have ended on other lines". It runs a recorded call once more, through
// session.Runner itself, with everything outside of a line played from the call's events: what the caller did, who they
// turned out to be, what was locked or did not work.
//
// It knows no more than the events do, and invents nothing: where the other line asks what the caller was never asked,
// the answer is Unknown. It takes a caller for the same caller: an answer that was right is right again, however many
// digits the other line wants; a number that was none is none; a hang-up belongs to the step in which it came; a lock
// that was met is met. Calls are run one by one: a lock that another line would have spared the next call is still
// there.
//
// It stands beside package lines and not in session, because it compiles lines and plays the parts that their steps
// ask; nothing else needs it.
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

// Options are the settings of the service that lines fall back on.
type Options struct {
	// Region and PopURL are for lines that say nothing of their own.
	Region, PopURL string
}

// Trial runs recorded calls on lines that are tried out. One goroutine uses it.
type Trial struct {
	lines  map[string]*trialLine
	runner *session.Runner
	player *player
}

// trialLine is a line, and what must be known of it to answer its questions.
type trialLine struct {
	*session.Line
	// questions are the kinds of secrets that it asks for, keys what its steps take for an answer.
	questions []string
	keys      map[string]string
}

// New makes a Trial of lines, each for the calls of the line of that name.
func New(defs []*lines.Definition, o Options) (*Trial, error) {
	p := &player{}
	t := &Trial{lines: map[string]*trialLine{}, player: p}
	for _, def := range defs {
		l, err := lines.Compile(def, 0, lines.Parts{
			Directory: customers{p}, Sends: messages{p}, Sender: messages{p}, Once: messages{p},
			Region: o.Region, PopURL: o.PopURL,
		})
		if err != nil {
			return nil, err
		}
		if _, twice := t.lines[def.Line]; twice {
			return nil, fmt.Errorf("there are two lines with the name %s: leave one out", def.Line)
		}
		t.add(l)
	}
	t.runner = session.NewRunner(session.Options{
		Journal: journal{p}, Prompts: prompts{}, Guard: guard{p}, Calls: earlier{p}, Tokens: earlier{p},
		Customer: customers{p}.ByID, Now: p.now,
		Line: func(session.Call) *session.Line { return p.line.Line },
		// The record bounds the call: how often it was spoken to depends on how slow a backend was, and is not run once
		// more.
		MaxActions: maxActions,
	})
	return t, nil
}

const maxActions = 1 << 20

func (t *Trial) add(l *session.Line) {
	t.lines[l.Name] = &trialLine{Line: l, questions: questions(l), keys: keys(l)}
}

// Verdict says what came of running a call once more.
type Verdict string

const (
	// Same: the call ends as it did.
	Same Verdict = "same"
	// Changed: it ends otherwise.
	Changed Verdict = "changed"
	// Unknown: the events do not tell.
	Unknown Verdict = "unknown"
)

// Outcome is how a call ended, as its events say it.
type Outcome struct {
	End    event.End    `json:"end"`
	Status event.Status `json:"status"`
	Level  int          `json:"level"`
	Reason event.Reason `json:"reason"`
	// Route is the row of the line's routes, Destination where it leads; empty if the call was not handed on.
	Route       string `json:"route,omitempty"`
	Destination string `json:"destination,omitempty"`
	Customer    string `json:"customer,omitempty"`
}

// ended takes over what the last event of a call says.
func (o *Outcome) ended(d event.CallEnded) {
	o.End, o.Status, o.Level, o.Reason, o.Customer = d.End, d.Status, d.Level, d.Reason, d.Customer
}

// apart is the outcome in words of its own: those that Read returns are parts of the whole event, and would keep it.
func (o Outcome) apart() Outcome {
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

// Result is what came of one call. It stands without the call's events: they can go.
type Result struct {
	Call    string    `json:"call"`
	Line    string    `json:"line"`
	Started time.Time `json:"started"`
	Verdict Verdict   `json:"verdict"`
	Before  Outcome   `json:"before"`
	// After is the outcome on the line that is tried; nil if it is unknown.
	After *Outcome `json:"after,omitempty"`
	// Step is where the call first goes another way, or where it is not known how it goes on; empty if it goes the same
	// way. Why says it in words.
	Step string `json:"step,omitempty"`
	Why  string `json:"why,omitempty"`
}

// Has says whether there is a line to try for the calls of a line.
func (t *Trial) Has(line string) bool { return t.lines[line] != nil }

// Run runs one call once more. events are all of the call's, in any order; the line must be one that the Trial Has.
func (t *Trial) Run(ctx context.Context, events []event.Event) Result {
	rec := newRecord(events)
	r := Result{Call: clone(rec.call), Line: clone(rec.line), Started: rec.startedAt, Before: rec.outcome.apart()}
	if rec.untold != "" {
		r.Verdict, r.Why = Unknown, rec.untold
		return r
	}
	line := t.lines[rec.line]
	if line == nil {
		r.Verdict, r.Why = Unknown, fmt.Sprintf("there is no line %s to try", rec.line)
		return r
	}
	calling, end := context.WithCancelCause(ctx)
	defer end(nil)
	p := t.player
	p.load(rec, line, end)
	t.runner.Run(calling, rec.made(), channel{p})
	r.Step, r.Why = p.differs.step, p.differs.why
	if ctx.Err() != nil && p.unknown == "" {
		p.unknown = "it was not run to its end"
	}
	if p.unknown != "" {
		r.Verdict, r.Step, r.Why = Unknown, clone(p.unknownAt), p.unknown
		return r
	}
	after := p.outcome.apart()
	r.After = &after
	if r.Verdict = Same; after != r.Before {
		r.Verdict = Changed
	}
	p.lastStep(&r)
	r.Step = clone(r.Step)
	return r
}

// errUnknown ends a call of which it is not known how it goes on. It is a lost line, so that nothing else is tried.
var errUnknown = fmt.Errorf("the events do not tell: %w", session.ErrLineLost)

// errBroke stands for what did not work then.
var errBroke = errors.New("it did not work then")
