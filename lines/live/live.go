// Package live keeps the service lines that are in force: it follows the stored lines, compiles them, and puts them in force all at once.
// Calls never wait for it. Until the store of lines answers, those that were last in force are.
package live

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"countersign/lines"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/shared"
)

// Source tells what lines are stored.
type Source interface {
	// Watch calls handle with all lines, by name, at once and after each change, until ctx ends.
	Watch(ctx context.Context, handle func([]shared.LineVersion))
}

// Options are what Lines need. All but Copy and NoMessages are required.
type Options struct {
	// Parts are what lines are compiled with.
	Parts lines.Parts
	// Speak gives a line's own texts a voice.
	Speak func(ctx context.Context, texts []prompts.Text) error
	// Copy is the file that keeps what was last in force, for a start without the store.
	Copy string
	// NoMessages says that no text messages can be sent: lines that send codes are warned about.
	NoMessages bool
	Log        *slog.Logger
}

// Lines are the lines in force. Pick and All may be called from any goroutine.
type Lines struct {
	o    Options
	book *lines.Book

	current map[string]inForce  // by line, what compiled last; the goroutine's that follows the store
	texts   chan []prompts.Text // to be spoken, the newest set only
	known   chan struct{}       // closed when the store has told what lines there are
	once    sync.Once
}

// inForce is a line as calls meet it, and what it was made of.
type inForce struct {
	lines.Entry
	def    *lines.Definition
	stored shared.LineVersion
}

// New puts the lines in force that were when this machine last heard of the store, or the built-in line alone.
func New(o Options) (*Lines, error) {
	def, _ := lines.Default()
	builtIn, err := lines.Compile(def, 0, o.Parts) // versions of stored lines begin with 1
	if err != nil {
		return nil, fmt.Errorf("compile the built-in line: %w", err)
	}
	l := &Lines{
		o: o, book: lines.NewBook(builtIn), current: map[string]inForce{}, texts: make(chan []prompts.Text, 1), known: make(chan struct{}),
	}
	return l, l.load()
}

// Pick is the line of a call.
func (l *Lines) Pick(call session.Call) *session.Line { return l.book.Pick(call) }

// All are the lines in force, by name.
func (l *Lines) All() []lines.Entry { return l.book.Lines() }

// Version is that of a line in force, or 0.
func (l *Lines) Version(name string) int {
	for _, e := range l.book.Lines() {
		if e.Line.Name == name {
			return e.Line.Version
		}
	}
	return 0
}

// Known is closed when the store has told what lines there are.
func (l *Lines) Known() <-chan struct{} { return l.known }

// Await returns when the store has told what lines there are, or with the context's error.
func (l *Lines) Await(ctx context.Context) error {
	select {
	case <-l.known:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Follow keeps the lines in force as the store has them, until ctx ends.
func (l *Lines) Follow(ctx context.Context, from Source) {
	from.Watch(ctx, func(stored []shared.LineVersion) {
		l.put(stored)
		l.keep()
		l.once.Do(func() { close(l.known) })
	})
}
