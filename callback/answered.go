package callback

import (
	"context"
	"time"

	"countersign/session"
)

// The keys of a customer who answers.
const (
	acceptKey = '1'
	laterKey  = '2'
)

// Prompts are what an answered customer hears (prompts.Catalogue).
type Prompts interface {
	File(language, prompt string) (file string, found bool)
}

// Prompt names of a callback: what it is and which keys there are; that the agent is there; that they are called later.
const (
	PromptAsk    = "callback-ask"
	PromptAccept = "callback-accept"
	PromptLater  = "callback-later"
)

// AnswerNumber is the number with which a customer whom we rang comes, once they have answered (countersign.xml).
const AnswerNumber = "countersign-callback"

// keyWithin is how long an answered customer has for the key, after the prompt.
const keyWithin = 8 * time.Second

// Answered takes the call of a customer whom we rang, and says whether it was one. A person has to press a key, so that no
// mailbox and no child is connected. When it returns true, the call has been told what to do: the dialplan connects those
// who pressed the key with the agent, and those of whom we lost sight.
func (d *Dialler) Answered(ctx context.Context, call session.Call, ch session.Channel, p Prompts) bool {
	if call.Dialled != AnswerNumber { // before any look: this is on the path of every call
		return false
	}
	c, ok := d.onChannel(call.Channel)
	if !ok { // given up, or not read yet after a start: the dialplan connects them
		return true
	}
	answered, ok := d.change(ctx, c.ID, func(c *Callback) error {
		if c.State != Ringing || c.Now.Channel != call.Channel {
			return errNothing
		}
		c.Now.Answered = d.o.Now().UTC()
		return nil
	})
	if !ok { // it was given up meanwhile, or the store is away: then nobody knows, and the agent answers
		if answered.State != "" && (answered.Now == nil || answered.Now.Channel != call.Channel) {
			_ = ch.Hangup(ctx, "NORMAL_CLEARING")
		}
		return true
	}
	file := func(prompt string) []string { f, _ := p.File(c.Language, prompt); return []string{f} }
	for range 2 {
		e, err := ch.Collect(ctx, session.Collect{
			Files: file(PromptAsk), Min: 1, Max: 1, FirstDigit: keyWithin, InterDigit: keyWithin,
		})
		if err != nil { // hung up, or broken: what is left is the dialplan's
			return true
		}
		key := byte(0)
		if e.Class == session.Input {
			key = e.Digits.Reveal()[0]
		}
		e.Digits.Wipe()
		switch key {
		case acceptKey:
			d.talks(ctx, c.ID, call.Channel)
			_ = ch.Play(ctx, file(PromptAccept))
			return true
		case laterKey:
			d.change(ctx, c.ID, func(c *Callback) error {
				if c.State != Ringing || c.Now.Channel != call.Channel {
					return errNothing
				}
				c.Now.Later = true
				return nil
			})
			_ = ch.Play(ctx, file(PromptLater))
			_ = ch.Hangup(ctx, "NORMAL_CLEARING")
			return true
		}
	}
	_ = ch.Hangup(ctx, "NORMAL_CLEARING")
	return true
}

// talks notes that the customer pressed the key, before they are connected, or that FreeSWITCH connected them.
func (d *Dialler) talks(ctx context.Context, id, channel string) {
	d.change(ctx, id, func(c *Callback) error {
		if c.State != Ringing || c.Now.Channel != channel {
			return errNothing
		}
		now := d.o.Now()
		c.Now.Talking = now.UTC()
		c.to(Talking, now, TalkingFor)
		return nil
	})
}

// onChannel is the callback whose customer is called on that channel.
func (d *Dialler) onChannel(channel string) (Callback, bool) {
	found := d.o.Book.Select(func(c *Callback) bool { return c.Now != nil && c.Now.Channel == channel })
	if len(found) == 0 {
		return Callback{}, false
	}
	return found[0], true
}
