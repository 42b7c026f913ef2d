package whatif

import (
	"context"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// channel is the session.Channel of a replayed call: the caller does what they did before.
type channel struct{ *player }

// Play implements session.Channel.
func (c channel) Play(context.Context, []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone != nil:
		return c.gone
	case c.step == nil && c.rec.goneBetween != nil:
		return c.fail(c.rec.goneBetween)
	case c.step != nil && c.step.failure != nil && c.next == len(c.step.Attempts):
		return c.fail(c.step.failure)
	}
	return nil
}

// Fill implements session.Channel.
func (c channel) Fill(ctx context.Context, files []string) error { return c.Play(ctx, files) }

// Collect implements session.Channel.
func (c channel) Collect(_ context.Context, q session.Collect) (session.Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone != nil:
		return session.Entry{}, c.gone
	case c.unchecked: // read back; the caller confirms
		return entry("1"), nil
	case c.step == nil && c.rec.goneBetween == nil && c.name == steps.LanguageMenu{}.Name(): // does not affect the outcome
		return session.Entry{Class: session.NoInput}, nil
	}
	result, err := c.answer(false)
	if err != nil {
		return session.Entry{}, err
	}
	c.unchecked = result == event.AttemptAccepted || result == event.AttemptRejected
	switch result {
	case event.AttemptNoInput:
		return session.Entry{Class: session.NoInput}, nil
	case event.AttemptNoMatch:
		return session.Entry{Class: session.NoMatch, Keyed: 1, Terminated: true}, nil
	case event.AttemptOptedOut:
		if q.OptOut == 0 {
			return session.Entry{}, c.giveUp("the caller pressed %q for «I don't have it», and the line has no such key", "*")
		}
		return session.Entry{Class: session.OptedOut, Terminated: true}, nil
	case event.AttemptServed:
		if c.code == nil { // back to the identifier
			return session.Entry{Class: session.NoMatch, Terminated: true}, nil
		}
		return entry(resend), nil
	}
	keys, ok := c.line.keysFor(c.name, q, c.code, result == event.AttemptAccepted)
	if !ok {
		return session.Entry{}, c.giveUp("the line accepts no number to look up")
	}
	return entry(keys), nil
}

// resend is the key that asks for another code (steps.SMSCode).
const resend = "0"

func entry(keys string) session.Entry {
	digits := session.NewSecret([]byte(keys))
	return session.Entry{Class: session.Input, Digits: digits, Keyed: len(keys), Terminated: true}
}

// Listen implements session.Channel.
func (c channel) Listen(context.Context, session.Listen) (session.Heard, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone != nil {
		return session.Heard{}, c.gone
	}
	result, err := c.answer(true)
	if err != nil {
		return session.Heard{}, err
	}
	switch result {
	case event.AttemptNoInput:
		return session.Heard{Class: session.NoInput}, nil
	case event.AttemptNoMatch:
		return session.Heard{Class: session.NoMatch}, nil
	case event.AttemptOptedOut:
		return session.Heard{Class: session.OptedOut}, nil
	}
	return session.Heard{Class: session.Input, Words: session.NewSecret([]byte("some words")), Confidence: 1}, nil
}

// Transfer implements session.Channel.
func (c channel) Transfer(context.Context, session.Handover) error { return c.leave() }

// Hangup implements session.Channel.
func (c channel) Hangup(context.Context, string) error { return c.leave() }

func (c channel) leave() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone != nil:
		return c.gone
	case c.rec.goneBetween != nil:
		return c.fail(c.rec.goneBetween)
	case c.rec.handOver != nil:
		return c.fail(c.rec.handOver)
	}
	return nil
}
