package demo

import (
	"context"
	"errors"
	"time"

	"countersign/bus"
	"countersign/lines"
)

// examples are the lines that the demo puts in force beside the built-in one.
var examples = []string{"smartflows", "bank"}

// putLinesInForce puts the examples in force and waits until calls use them.
func putLinesInForce(ctx context.Context, s *Service) error {
	if err := s.State.Ready(ctx); err != nil {
		return err
	}
	for _, name := range examples {
		text, err := lines.Example(name)
		if err != nil {
			return err
		}
		change := bus.Change{Author: "demo", Comment: "an example", Summary: []string{"new line"}}
		_, err = s.State.Lines().Put(ctx, name, string(text), change)
		var there *bus.ConflictError
		if err != nil && !errors.As(err, &there) { // a demo in the same folder put it there before
			return err
		}
	}
	for s.LinesInForce() < len(examples) {
		select {
		case <-ctx.Done():
			return errors.New("the example lines did not come into force")
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}
