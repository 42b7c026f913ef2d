// Package replay reads recorded calls again: in their time, to publish them, or to run them on another line (with
// lines/whatif). How they are shown is up to the caller.
package replay

import (
	"context"
	"fmt"
	"io"

	"countersign/session/event"
	"countersign/store/journal"
)

// Journal is the journal to read.
type Journal interface {
	Export(ctx context.Context, o journal.ExportOptions, each func(body []byte) error) error
	Event(ctx context.Context, id string) (body []byte, found bool, err error)
}

// Source is the source of recorded calls: a journal or a file.
type Source struct {
	journal Journal
	calls   journal.ExportOptions

	name string
	open func() (io.ReadCloser, error)
}

// FromJournal are calls in a journal.
func FromJournal(j Journal, calls journal.ExportOptions) Source {
	return Source{journal: j, calls: calls}
}

// FromFile are the calls in a file that journal export wrote, one event per line. open opens it from the start each
// time; name appears in errors.
func FromFile(name string, open func() (io.ReadCloser, error)) Source {
	return Source{name: name, open: open}
}

// IsFile says whether it is a file.
func (s Source) IsFile() bool { return s.open != nil }

// parser parses an event.
type parser func(body []byte) (event.Event, error)

// events reads all of them, as fast as each handles them.
func (s Source) events(ctx context.Context, parse parser, each func(event.Event) error) error {
	if s.IsFile() {
		return s.lines(parse, each)
	}
	return s.journal.Export(ctx, s.calls, func(body []byte) error {
		e, err := parse(body)
		if err != nil {
			return err
		}
		return each(e)
	})
}

// slowly is events for a slow each: the journal is read event by event, so that it is not blocked meanwhile, and a
// customer who is erased meanwhile is not named.
func (s Source) slowly(ctx context.Context, each func(event.Event) error) error {
	if s.IsFile() {
		return s.lines(event.Parse, each)
	}
	var ids []string
	if err := s.events(ctx, event.Parse, func(e event.Event) error { ids = append(ids, e.ID); return nil }); err != nil {
		return err
	}
	for _, id := range ids {
		body, found, err := s.journal.Event(ctx, id)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		e, err := event.Parse(body)
		if err != nil {
			return err
		}
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func (s Source) lines(parse parser, each func(event.Event) error) error {
	in, err := s.open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return event.SplitLines(in, func(line int, body []byte) error {
		e, err := parse(body)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, &event.LineError{Line: line, Err: err})
		}
		return each(e)
	})
}
