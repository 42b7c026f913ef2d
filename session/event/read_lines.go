package event

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxSize bounds an event in bytes of JSON.
const MaxSize = 1 << 20

// LineError says which line of a file is not an event.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// ReadLines reads events, one a line (NDJSON), and calls each for every one; line counts from 1, and each may keep
// body, the event's text. It skips empty lines. It stops at the first line that is not an event, with a *LineError, or
// with the error of each.
func ReadLines(r io.Reader, each func(line int, body []byte, e Event) error) error {
	return SplitLines(r, func(line int, body []byte) error {
		e, err := Parse(body)
		if err != nil {
			return &LineError{line, err}
		}
		return each(line, bytes.Clone(body), e)
	})
}

// SplitLines is ReadLines without parsing: a body may be anything, and is valid until each returns.
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
		return &LineError{line + 1, fmt.Errorf("longer than %d KB, the limit of an event", MaxSize>>10)}
	}
	return in.Err()
}

// Parse reads one event, and refuses one without the required fields.
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
