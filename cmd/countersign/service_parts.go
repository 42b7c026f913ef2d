package main

import (
	"errors"
	"slices"
)

// parts are the parts of a service in the order they were opened. They close in reverse.
type parts struct{ closers []func() error }

// add appends a part that was just opened.
func (p *parts) add(close func() error) { p.closers = append(p.closers, close) }

// addQuiet is add for a part that cannot fail to close.
func (p *parts) addQuiet(close func()) { p.add(func() error { close(); return nil }) }

// close closes all parts, even if some fail. Closing twice is harmless.
func (p *parts) close() error {
	var errs []error
	for _, close := range slices.Backward(p.closers) {
		errs = append(errs, close())
	}
	p.closers = nil
	return errors.Join(errs...)
}
