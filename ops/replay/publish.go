package replay

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"countersign/session/event"
)

// Publisher takes events to NATS.
type Publisher interface {
	Publish(ctx context.Context, e event.Event) error
}

// PublishOptions say how events are published once more.
type PublishOptions struct {
	To    Publisher
	Speed float64 // as for Tell
	// Erased says who was erased. A file may still name them.
	Erased func(ctx context.Context) (event.Erased, error)
	// Keep is how long NATS keeps events: what is older would be kept for as long again.
	Keep time.Duration
	// Each is told each event when NATS has it.
	Each func(event.Event) error
}

// Published is what became of the events.
type Published struct {
	// ID marks the events of this replay; "" if it did not begin.
	ID     string
	Events int
	// Left out were Old events, and Erased calls, which name somebody who was erased since then.
	Old, Erased int
}

// Publish sends events once more, each once, marked with the id of this replay, without what only the screen of that
// time was to show. What is in Published is done, whatever the error says. A file is read twice: a customer is named in
// the middle of a call.
func Publish(ctx context.Context, from Source, o PublishOptions) (p Published, err error) {
	left := leftOut{PublishOptions: o, file: from.IsFile(), calls: map[string]bool{}}
	if left.file {
		if err := from.events(ctx, event.Parse, func(e event.Event) error { return left.look(ctx, e) }); err != nil {
			return p, err
		}
	}
	if p.ID, err = newID(); err != nil {
		return p, err
	}
	err = from.slowly(ctx, paced(ctx, o.Speed, func(e event.Event) error {
		if out, err := left.out(ctx, e); out || err != nil {
			return err
		}
		e.Replay, e.Data = p.ID, withoutNames(e.Data)
		if err := o.To.Publish(ctx, e); err != nil {
			return err
		}
		p.Events++
		return o.Each(e)
	}))
	p.Old, p.Erased = left.old, len(left.calls)
	return p, err
}

// newID names a replay: when it was, and some letters for two at the same moment.
func newID() (string, error) {
	b := make([]byte, 3)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return time.Now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(b), nil
}
