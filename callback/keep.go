package callback

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// KeepNumber is the number with which a caller comes who leaves a queue and wants to be called back.
const KeepNumber = "countersign-callback-keep"

// PromptBooked says that a caller keeps their place. It ends the call.
const PromptBooked = "callback-booked"

// Keep books a callback for a caller who leaves a queue, and hangs up. Whose call cannot be kept is left to the dialplan,
// which takes it back: one who was not identified, whose number is not theirs, or who has callbacks enough.
func (b *Book) Keep(ctx context.Context, call session.Call, who session.Known, language string, ch session.Channel, p Prompts) {
	if who.Customer == "" || call.Queue == "" {
		return
	}
	_, err := b.Create(ctx, Request{
		Customer: who.Customer, Line: who.Line, Language: language, By: event.ByCall,
		Place: &Place{Queue: call.Queue, Joined: call.Joined},
	})
	if err != nil {
		b.o.Log.Warn("a caller who left a queue is not called back, and goes on waiting", "queue", call.Queue, "err", err)
		return
	}
	file, _ := p.File(language, PromptBooked)
	_ = ch.Play(ctx, []string{file})
	_ = ch.Hangup(ctx, "NORMAL_CLEARING")
}
