package replay

import (
	"context"
	"time"

	"countersign/session/event"
)

// leftOut says which events are not published again: expired ones, and those of calls in a file that name a customer
// who was erased since, even during the replay. The journal names none.
type leftOut struct {
	PublishOptions
	file   bool
	erased event.Erased
	read   time.Time // when erased was
	calls  map[string]bool
	old    int
}

// erasedAgain is how often the erased customers are read again.
const erasedAgain = 2 * time.Second

// look notes whether an event names an erased customer.
func (l *leftOut) look(ctx context.Context, e event.Event) (err error) {
	if now := time.Now(); now.Sub(l.read) > erasedAgain {
		if l.erased, err = l.Erased(ctx); err != nil {
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

func (l *leftOut) out(ctx context.Context, e event.Event) (bool, error) {
	if time.Since(e.Time) > l.Keep {
		l.old++
		return true, nil
	}
	if l.file {
		if err := l.look(ctx, e); err != nil {
			return true, err
		}
	}
	return l.calls[e.Call], nil
}

// withoutNames removes what is for an agent's screen during the call.
func withoutNames(d event.Data) event.Data {
	switch d := d.(type) {
	case event.Identified:
		d.Name, d.PopURL, d.Proof = "", "", ""
		return d
	case event.Verified:
		d.Name, d.PopURL, d.Proof = "", "", ""
		return d
	case event.Failed:
		d.PopURL, d.Proof = "", ""
		return d
	}
	return d
}
