package callback

import (
	"context"
	"encoding/json"
	"time"

	"countersign/session/event"
)

// untold is a fact that may not have been published yet. It stands in the callback itself, so that a fact is never lost
// between the change and its publication; consumers drop duplicates by its id.
type untold struct {
	Seq  int             `json:"seq"`
	At   time.Time       `json:"at"`
	Fact event.Fact      `json:"fact"`
	Data json.RawMessage `json:"data"`
}

// tell notes a fact.
func (c *Callback) tell(d event.Data, now time.Time) {
	body, err := json.Marshal(d)
	if err != nil { // cannot happen with our types
		return
	}
	c.Told++
	c.Untold = append(c.Untold, untold{Seq: c.Told, At: now.UTC(), Fact: d.Fact(), Data: body})
}

// events are the untold facts.
func (c *Callback) events(source string) (all []event.Event) {
	about := "callback-" + c.ID
	for _, u := range c.Untold {
		data, err := event.DecodeData(u.Fact, u.Data)
		if err != nil {
			continue // written by a later version
		}
		all = append(all, event.Event{
			ID: event.ID(about, u.Seq), Source: source, Time: u.At, Call: about, Seq: u.Seq, Line: c.Line, Data: data,
		})
	}
	return all
}

// publish publishes what was not told of a callback yet, in order, and notes it.
func (b *Book) publish(ctx context.Context, c Callback) {
	for _, e := range c.events(b.o.Source) {
		if err := b.o.Publish(ctx, e); err != nil {
			b.o.Log.Warn("a fact about a callback is published later", "callback", c.ID, "err", err)
			return
		}
	}
	told := c.Told
	_, err := b.change(ctx, c.ID, func(c *Callback) error {
		var later []untold
		for _, u := range c.Untold {
			if u.Seq > told {
				later = append(later, u)
			}
		}
		c.Untold = later
		return nil
	})
	if err != nil && ctx.Err() == nil {
		b.o.Log.Warn("a fact about a callback is published again", "callback", c.ID, "err", err)
	}
}
