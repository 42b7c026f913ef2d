package live

import (
	"context"
	"errors"

	"countersign/session"
)

// toAPerson is a line that asks nothing and takes every caller to a person, unverified. It answers while this machine
// cannot know which lines the company has: the built-in line may ask for less than they do.
func toAPerson(builtIn *session.Line) *session.Line {
	agents := builtIn.Routes.Unidentified
	return &session.Line{
		Name: builtIn.Name, Region: builtIn.Region, Languages: builtIn.Languages, Level: builtIn.Level,
		Identify: []session.Step{linesUnknown{}}, Failure: builtIn.Failure,
		Routes: session.Routes{Verified: agents, Identified: agents, Unidentified: agents},
	}
}

// linesUnknown is a step that cannot be done.
type linesUnknown struct{}

var errLinesUnknown = errors.New("the lines are not known yet: NATS has not answered since the first start on this " +
	"machine, or their copy is damaged")

// Name implements session.Step.
func (linesUnknown) Name() string { return "lines" }

// Run implements session.Step.
func (linesUnknown) Run(context.Context, *session.Session) (session.Outcome, error) {
	return session.Outcome{}, errLinesUnknown
}

// answered follows an answer of the store: whoever has lines knows them, and an empty store has none unless the copy
// says, illegibly, that there were some.
func (l *Lines) answered() {
	if len(l.current) == 0 && len(l.removed) == 0 && l.noCopy {
		return
	}
	l.nobody.Store(false)
	l.noCopy = false
	l.keep()
}

// Unknown reports whether callers go to a person because nobody here knows which lines there are.
func (l *Lines) Unknown() bool { return l.nobody.Load() }
