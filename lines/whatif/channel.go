package whatif

import (
	"context"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// channel is the session.Channel of a caller who does once more what they did then.
type channel struct{ *player }

// Play implements session.Channel: what is only said needs no answer.
func (c channel) Play(context.Context, []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone != nil:
		return c.gone
	case c.step == nil && c.rec.silent != nil:
		return c.breaks(c.rec.silent)
	case c.step != nil && c.step.broke != nil && c.next == len(c.step.Attempts):
		return c.breaks(c.step.broke)
	}
	return nil
}

// Collect implements session.Channel.
func (c channel) Collect(_ context.Context, q session.Collect) (session.Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone != nil:
		return session.Entry{}, c.gone
	case c.given: // it is read back, and was right
		return entry("1"), nil
	case c.step == nil && c.rec.silent == nil && c.name == steps.LanguageMenu{}.Name(): // decides nothing
		return session.Entry{Class: session.NoInput}, nil
	}
	result, err := c.answer()
	if err != nil {
		return session.Entry{}, err
	}
	c.given = result == event.AttemptAccepted || result == event.AttemptRejected
	switch result {
	case event.AttemptNoInput:
		return session.Entry{Class: session.NoInput}, nil
	case event.AttemptNoMatch:
		return session.Entry{Class: session.NoMatch, Keyed: 1, Terminated: true}, nil
	case event.AttemptOptedOut:
		if q.OptOut == 0 {
			return session.Entry{}, c.doubt("the caller keyed %q for «I don't have it», and there is no such key", "*")
		}
		return session.Entry{Class: session.OptedOut, Terminated: true}, nil
	case event.AttemptServed:
		return entry(resend), nil
	}
	keys, ok := c.line.keysFor(c.name, q, c.code, result == event.AttemptAccepted)
	if !ok {
		return session.Entry{}, c.doubt("no number can be keyed that the line would look up")
	}
	return entry(keys), nil
}

// resend is the key that asks for the code once more (steps.SMSCode).
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
	result, err := c.answer()
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
func (c channel) Transfer(context.Context, session.Handover) error { return c.handOn() }

// Hangup implements session.Channel.
func (c channel) Hangup(context.Context, string) error { return c.handOn() }

func (c channel) handOn() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone != nil:
		return c.gone
	case c.rec.silent != nil:
		return c.breaks(c.rec.silent)
	case c.rec.handOver != nil:
		return c.breaks(c.rec.handOver)
	}
	return nil
}
