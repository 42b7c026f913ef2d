package callback

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"countersign/session/event"
)

// facts are those about a callback or an alert.
type facts struct {
	// Told counts the facts; Untold are those that may not have been published yet.
	Told   int      `json:"told"`
	Untold []untold `json:"untold,omitempty"`
}

// untold is a fact that may not have been published yet. It stands in the record itself, so that a fact is never lost
// between the change and its publication; consumers drop duplicates by its id.
type untold struct {
	Seq  int             `json:"seq"`
	At   time.Time       `json:"at"`
	Fact event.Fact      `json:"fact"`
	Data json.RawMessage `json:"data"`
}

// tell notes a fact.
func (f *facts) tell(d event.Data, now time.Time) {
	body, err := json.Marshal(d)
	if err != nil { // cannot happen with our types
		return
	}
	f.Told++
	f.Untold = append(f.Untold, untold{Seq: f.Told, At: now.UTC(), Fact: d.Fact(), Data: body})
}

// publish publishes the untold facts in order. about is what they are about.
func (f *facts) publish(
	ctx context.Context, about, line, source string, publish func(context.Context, event.Event) error,
) error {
	for _, u := range f.Untold {
		data, err := event.DecodeData(u.Fact, u.Data)
		if err != nil {
			continue // written by a later version
		}
		err = publish(ctx, event.Event{
			ID: event.ID(about, u.Seq), Source: source, Time: u.At, Call: about, Seq: u.Seq, Line: line, Data: data,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// published forgets the facts up to one.
func (f *facts) published(last int) {
	if f.Untold = slices.DeleteFunc(f.Untold, func(u untold) bool { return u.Seq <= last }); len(f.Untold) == 0 {
		f.Untold = nil
	}
}

// publish publishes what was not told of a callback yet, in order, and notes it.
func (b *Book) publish(ctx context.Context, c Callback) {
	if err := c.facts.publish(ctx, "callback-"+c.ID, c.Line, b.o.Source, b.o.Publish); err != nil {
		b.o.Log.Warn("a fact about a callback is published later", "callback", c.ID, "err", err)
		return
	}
	_, err := b.change(ctx, c.ID, func(now *Callback) error { now.published(c.Told); return nil })
	if err != nil && ctx.Err() == nil {
		b.o.Log.Warn("a fact about a callback is published again", "callback", c.ID, "err", err)
	}
}
