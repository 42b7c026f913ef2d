// Package live keeps the service lines in force: it follows the stored lines, compiles them, and swaps all of them at
// once. Calls never wait for it. Until the store answers, the lines last known are in force; if none were ever known,
// callers go to a person.
//
// A line leaves force only when the store says that it was removed. A line that the store has lost, or has in an older
// version, stays in force and is put back into the store.
package live

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"countersign/lines"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// Source is the store of lines.
type Source interface {
	// Watch calls handle with all lines, removed ones too, by name, at once and after each change, until ctx ends.
	Watch(ctx context.Context, handle func([]shared.LineVersion))
	// PutBack writes a version that the store has lost, and returns true; false if the store has it or a later one.
	PutBack(ctx context.Context, v shared.LineVersion) (done bool, err error)
}

// Options configure Lines. All but Unset and WasPutBack are required.
type Options struct {
	// Parts are passed to lines.Compile.
	Parts lines.Parts
	// Speak renders a line's own texts, and fetches its recordings.
	Speak func(ctx context.Context, texts []prompts.Text) error
	// Copy is the file that keeps the lines in force for a start without the store.
	Copy string
	// Unset has, for each way on which no codes can be sent, the setting that it needs. Lines that use it are warned
	// about.
	Unset map[event.Way]string
	// WasPutBack hears of each version that the store had lost and has again. It is called from Follow.
	WasPutBack func(ctx context.Context, v shared.LineVersion)
	Log        *slog.Logger
}

// Lines holds the lines in force. Pick and All may be called from any goroutine.
type Lines struct {
	book *lines.Book

	// mu guards what follows: Follow and SetParts change it.
	mu sync.Mutex
	o  Options
	// By line: the version that compiled last, and the removals that were heard of.
	current map[string]inForce
	removed map[string]shared.LineVersion
	changed chan struct{} // closed by the next change

	texts chan []prompts.Text // to render, the newest set only
	known chan struct{}       // closed once the store has answered
	once  sync.Once
	lost  lost

	// person takes every call while nobody knows which lines the company has.
	person atomic.Pointer[session.Line]
	nobody atomic.Bool // nobody knows
	noCopy bool        // the copy is damaged: an empty store does not mean that there are no lines
}

// inForce is a compiled line and its source.
type inForce struct {
	lines.Entry
	def    *lines.Definition
	stored shared.LineVersion
}

// New puts the lines in force that were last known: those of the copy, the built-in line alone if the copy says that
// there are no others, or no line at all if there is no copy.
func New(o Options) (*Lines, error) {
	def, _ := lines.Default()
	builtIn, err := lines.Compile(def, 0, o.Parts) // stored versions begin with 1
	if err != nil {
		return nil, fmt.Errorf("compile the built-in line: %w", err)
	}
	l := &Lines{
		o: o, book: lines.NewBook(builtIn), current: map[string]inForce{}, removed: map[string]shared.LineVersion{},
		changed: make(chan struct{}),
		texts:   make(chan []prompts.Text, 1), known: make(chan struct{}), lost: lost{changed: make(chan struct{}, 1)},
	}
	l.person.Store(toAPerson(builtIn))
	return l, l.load()
}

// SetParts compiles all lines anew with other parts, and with what is unset as in Options. If one of them does not
// compile, nothing changes. Running calls keep what they have.
func (l *Lines) SetParts(parts lines.Parts, unset map[event.Way]string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	def, _ := lines.Default()
	builtIn, err := lines.Compile(def, 0, parts)
	if err != nil {
		return fmt.Errorf("compile the built-in line: %w", err)
	}
	next := map[string]inForce{}
	var entries []lines.Entry
	for name, have := range l.current {
		entry, err := entryOf(have.stored, have.def, parts)
		if err != nil {
			return fmt.Errorf("compile line %s: %w", name, err)
		}
		have.Entry = entry
		next[name], entries = have, append(entries, have.Entry)
	}
	l.o.Parts, l.o.Unset, l.current = parts, unset, next
	l.person.Store(toAPerson(builtIn))
	l.book.Replace(builtIn, entries)
	return nil
}

// Pick returns the line of a call.
func (l *Lines) Pick(call session.Call) *session.Line {
	if l.nobody.Load() {
		return l.person.Load()
	}
	return l.book.Pick(call)
}

// All returns the lines in force, by name.
func (l *Lines) All() []lines.Entry { return l.book.Lines() }

// Staged are the versions in force that begin with a share of the calls, by name; changed is closed when these or others
// may be others.
func (l *Lines) Staged() (all []shared.LineVersion, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(l.current)) {
		if v := l.current[name].stored; v.Staged != nil {
			all = append(all, v)
		}
	}
	return all, l.changed
}

// Version is the version of a line in force, or 0.
func (l *Lines) Version(name string) int {
	for _, e := range l.book.Lines() {
		if e.Line.Name == name {
			return e.Line.Version
		}
	}
	return 0
}

// Known is closed once the store has answered.
func (l *Lines) Known() <-chan struct{} { return l.known }

// Await waits until the store has answered, or returns the context's error.
func (l *Lines) Await(ctx context.Context) error {
	select {
	case <-l.known:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Follow applies the store's changes, and puts back what it has lost, until ctx ends.
func (l *Lines) Follow(ctx context.Context, from Source) {
	var puttingBack sync.WaitGroup
	defer puttingBack.Wait()
	puttingBack.Go(func() { l.putBack(ctx, from) })
	from.Watch(ctx, func(stored []shared.LineVersion) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lost.set(l.put(stored))
		close(l.changed)
		l.changed = make(chan struct{})
		l.answered()
		l.once.Do(func() { close(l.known) })
	})
}
