package event

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxSize is how many bytes an event may have, written as JSON.
const MaxSize = 1 << 20

// LineError says that a line of a file is no event, and which one.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// ReadLines reads events, one a line (NDJSON), and calls each with every one of them; line counts from 1, and body, the event as it stands there, is each's to
// keep. Empty lines are nothing. It ends with the first line that is no event, as a *LineError, or with the error of each.
func ReadLines(r io.Reader, each func(line int, body []byte, e Event) error) error {
	return SplitLines(r, func(line int, body []byte) error {
		e, err := Parse(body)
		if err != nil {
			return &LineError{line, err}
		}
		return each(line, bytes.Clone(body), e)
	})
}

// SplitLines is ReadLines for who reads the events themselves: a body may be anything, and is there until each returns.
func SplitLines(r io.Reader, each func(line int, body []byte) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 64<<10), MaxSize)
	line := 0
	for in.Scan() {
		line++
		body := bytes.TrimSpace(in.Bytes())
		if len(body) == 0 {
			continue
		}
		if err := each(line, body); err != nil {
			return err
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return &LineError{line + 1, fmt.Errorf("it has more than %d KB: no event is as long", MaxSize>>10)}
	}
	return in.Err()
}

// Parse reads one event, and refuses one that lacks what every event has.
func Parse(body []byte) (Event, error) {
	var e Event
	switch err := e.UnmarshalJSON(body); {
	case err != nil:
		return Event{}, err
	case e.Call == "" || e.Seq < 1 || e.ID != ID(e.Call, e.Seq):
		return Event{}, fmt.Errorf("read event: id is %q, want <call>.<seq>", e.ID)
	case e.Source == "" || e.Line == "" || e.Time.IsZero():
		return Event{}, fmt.Errorf("read event %s: source, line or time is missing", e.ID)
	}
	return e, nil
}
