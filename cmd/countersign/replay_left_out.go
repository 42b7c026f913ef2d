package main

import (
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/session/event"
)

// leftOut says which events are not published once more: those whose time is over, since NATS would keep them for as long again, and those of calls in a file that name
// somebody who was erased since then, also while it is replayed. The journal names none.
type leftOut struct {
	c      *cli.Context
	cfg    config
	file   bool
	erased event.Erased
	read   time.Time // when erased was
	calls  map[string]bool
	old    int
}

// erasedAgain is how often the directory is asked who was erased.
const erasedAgain = 2 * time.Second

// newLeftOut reads a file once to know its calls: a customer is named in the middle of them.
func newLeftOut(c *cli.Context, cfg config, source string) (*leftOut, error) {
	l := &leftOut{c: c, cfg: cfg, file: isFile(source), calls: map[string]bool{}}
	if !l.file {
		return l, nil
	}
	return l, recordedFile(c, source, event.Parse, l.look)
}

// look finds out whether an event names somebody who was erased.
func (l *leftOut) look(e event.Event) (err error) {
	if now := time.Now(); now.Sub(l.read) > erasedAgain {
		if l.erased, err = erasedCustomers(l.c, l.cfg); err != nil {
			return err
		}
		l.read = now
	}
	if l.erased == nil {
		return nil
	}
	body, err := e.MarshalJSON()
	if _, gone := l.erased.In(body, e.Time); gone {
		l.calls[e.Call] = true
	}
	return err
}

func (l *leftOut) out(e event.Event) (bool, error) {
	if time.Since(e.Time) > time.Duration(l.cfg.Retention.Journal) {
		l.old++
		return true, nil
	}
	if l.file {
		if err := l.look(e); err != nil {
			return true, err
		}
	}
	return l.calls[e.Call], nil
}

// tell says what was left out.
func (l *leftOut) tell(to io.Writer) {
	if len(l.calls) > 0 {
		fmt.Fprintf(to, "%s left out: they name a customer who was erased since then\n", counted(len(l.calls), "call"))
	}
	if l.old > 0 {
		fmt.Fprintf(to, "%s left out: they are older than retention.journal, %s\n", counted(l.old, "event"), time.Duration(l.cfg.Retention.Journal))
	}
}

// withoutNames leaves out what is for an agent's screen while the call is on.
func withoutNames(d event.Data) event.Data {
	switch d := d.(type) {
	case event.Identified:
		d.Name, d.PopURL = "", ""
		return d
	case event.Verified:
		d.Name, d.PopURL = "", ""
		return d
	case event.Failed:
		d.PopURL = ""
		return d
	}
	return d
}
