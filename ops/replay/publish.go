package replay

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"countersign/session/event"
)

// Publisher publishes events on NATS.
type Publisher interface {
	Publish(ctx context.Context, e event.Event) error
}

// PublishOptions say how events are published again.
type PublishOptions struct {
	To    Publisher
	Speed float64 // as for Tell
	// Erased returns the erased customers, whom a file may still name.
	Erased func(ctx context.Context) (event.Erased, error)
	// Keep is how long NATS keeps events: older ones would be kept for as long again.
	Keep time.Duration
	// Each gets each event once NATS has it.
	Each func(event.Event) error
}

// Published is the result of a replay.
type Published struct {
	// ID marks the events of this replay; "" if it did not start.
	ID     string
	Events int
	// Left out: Old events, and Erased calls, which name a customer who was erased since.
	Old, Erased int
}

// Publish publishes events again, each once, marked with the id of this replay, without what was only for the screen
// during the call. What is in Published is done, even with an error. A file is read twice, because a customer is named
// in the middle of a call.
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

// newID is the id of a replay: its time, and letters that tell two at the same moment apart.
func newID() (string, error) {
	b := make([]byte, 3)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return time.Now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(b), nil
}
