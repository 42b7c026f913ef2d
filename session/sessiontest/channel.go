// Package sessiontest tests calls without a telephone: a Channel in memory with a scripted caller, a Journal in memory,
// prompts that always exist, and the conformance suite for every session.Channel.
package sessiontest

import (
	"context"
	"strings"
	"sync"

	"countersign/session"
)

// Move is what the caller does at one prompt. The zero Move is silence.
type Move struct {
	// Keys are the keys: digits, '#' and the opt-out key. Keys beyond the entry begin the next one (type-ahead).
	Keys string
	// Burst presses all keys at the same moment, not one after the other.
	Burst bool
	// KeysNow, if set, returns the keys at that moment.
	KeysNow func() string
	// Hangup ends the call instead, after Keys.
	Hangup bool
	// Break fails the line with this error instead.
	Break error
	// Says is what the caller says when listened to; Confidence is how well it is recognised: 0 is perfectly, negative not
	// at all.
	Says       string
	Confidence float64
	// Or is what else the engine may have heard, at most as sure of it; in the channel in memory alone.
	Or []session.Hypothesis
}

// Channel is a session.Channel in memory. The caller makes one Move at each prompt, in order, and then stays silent.
type Channel struct {
	// Moves are the caller's moves.
	Moves []Move
	// HangupAtPlay hangs up while the n-th Play (from 1) is playing; 0 means never.
	HangupAtPlay int
	// TransferError is the error of Transfer.
	TransferError error

	// End cancels the call's context; Start sets it.
	End context.CancelCauseFunc

	mu       sync.Mutex
	ahead    string // keys not collected yet
	plays    int
	heard    []string
	collects []session.Collect
	listens  []session.Listen
	handover *session.Handover
	hungUp   bool
}

var _ session.Channel = (*Channel)(nil)

// Start makes the context of a call on this channel, which a hang-up cancels.
func (c *Channel) Start(ctx context.Context) context.Context {
	ctx, c.End = context.WithCancelCause(ctx)
	return ctx
}

// Heard is every prompt that was played, by its file, in order.
func (c *Channel) Heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.heard...)
}

// Collects are the digit prompts, in order.
func (c *Channel) Collects() []session.Collect {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]session.Collect(nil), c.collects...)
}

// Handover is what the call was transferred with; ok is false if it was not.
func (c *Channel) Handover() (h session.Handover, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handover == nil {
		return session.Handover{}, false
	}
	return *c.handover, true
}

// Play implements session.Channel.
func (c *Channel) Play(ctx context.Context, files []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.gone(ctx); err != nil {
		return err
	}
	c.plays++
	c.heard = append(c.heard, files...)
	if c.plays == c.HangupAtPlay {
		return c.hangUp("NORMAL_CLEARING")
	}
	return nil
}

// Fill implements session.Channel. Nobody keys meanwhile.
func (c *Channel) Fill(ctx context.Context, files []string) error { return c.Play(ctx, files) }

// Collect implements session.Channel by the truth table of FreeSWITCH.
func (c *Channel) Collect(ctx context.Context, q session.Collect) (session.Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.gone(ctx); err != nil {
		return session.Entry{}, err
	}
	if q.Speech != nil && q.Speech.Engine != Engine {
		q.Files = q.WithoutHint()
	}
	c.heard = append(c.heard, q.Files...)
	c.collects = append(c.collects, q)
	if q.Flush {
		ahead := c.ahead
		if c.ahead = ""; q.OptOut != 0 && strings.IndexByte(ahead, q.OptOut) >= 0 {
			return session.Entry{Class: session.OptedOut}, nil
		}
	}
	if c.ahead == "" {
		if q.Speech != nil && q.Speech.Engine == Engine && len(c.Moves) > 0 &&
			c.Moves[0].Says != "" && c.Moves[0].Keys == "" {
			return c.spoken()
		}
		if err := c.move(); err != nil {
			return session.Entry{}, err
		}
	}
	e := c.entry(q)
	e.Deaf = q.Speech != nil && q.Speech.Engine != Engine
	return e, nil
}

// Engine is the speech engine that there is.
const Engine = "pocketsphinx"

// spoken is an entry of what the caller says.
func (c *Channel) spoken() (session.Entry, error) {
	m := c.Moves[0]
	if err := c.move(); err != nil {
		return session.Entry{}, err
	}
	e := session.Entry{Class: session.Input, Spoken: true, Confidence: m.Confidence}
	switch {
	case m.Confidence < 0:
		return session.Entry{Class: session.NoMatch, Spoken: true}, nil
	case m.Confidence == 0:
		e.Confidence = 1
	}
	e.Words, e.Others = session.NewSecret([]byte(m.Says)), m.Or
	return e, nil
}

// Listen implements session.Channel.
func (c *Channel) Listen(ctx context.Context, l session.Listen) (session.Heard, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.gone(ctx); err != nil {
		return session.Heard{}, err
	}
	c.heard = append(c.heard, l.Files...)
	c.listens = append(c.listens, l)
	if len(c.Moves) == 0 {
		return session.Heard{Class: session.NoInput}, nil
	}
	m := c.Moves[0]
	if err := c.move(); err != nil {
		return session.Heard{}, err
	}
	c.ahead = ""
	switch {
	case l.OptOut != 0 && m.Keys == string(rune(l.OptOut)):
		return session.Heard{Class: session.OptedOut}, nil
	case m.Says == "":
		return session.Heard{Class: session.NoInput}, nil
	case m.Confidence < 0:
		return session.Heard{Class: session.NoMatch}, nil
	case m.Confidence == 0:
		m.Confidence = 1
	}
	return session.Heard{Class: session.Input, Words: session.NewSecret([]byte(m.Says)), Confidence: m.Confidence}, nil
}

// Listens are the calls of Listen, in order.
func (c *Channel) Listens() []session.Listen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]session.Listen(nil), c.listens...)
}

// move makes the caller's next move.
func (c *Channel) move() error {
	if len(c.Moves) == 0 {
		return nil
	}
	m := c.Moves[0]
	c.Moves = c.Moves[1:]
	if m.Break != nil {
		return m.Break
	}
	if m.Hangup {
		return c.hangUp("ORIGINATOR_CANCEL")
	}
	c.ahead = m.Keys
	if m.KeysNow != nil {
		c.ahead = m.KeysNow()
	}
	return nil
}

// entry takes keys until one ends it.
func (c *Channel) entry(q session.Collect) session.Entry {
	var digits []byte
	terminated := false
	for c.ahead != "" && len(digits) < q.Max && !terminated {
		key := c.ahead[0]
		c.ahead = c.ahead[1:]
		switch {
		case q.OptOut != 0 && key == q.OptOut:
			return session.Entry{Class: session.OptedOut, Keyed: len(digits)}
		case key == '#':
			terminated = true
		case strings.IndexByte("0123456789*ABCD", key) >= 0:
			digits = append(digits, key)
		}
	}
	e := session.Entry{Keyed: len(digits), Terminated: terminated}
	switch {
	case len(digits) >= q.Min:
		e.Class, e.Digits = session.Input, session.NewSecret(digits)
	case len(digits) > 0 || terminated:
		e.Class = session.NoMatch
	}
	return e
}

// Transfer implements session.Channel.
func (c *Channel) Transfer(ctx context.Context, h session.Handover) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.gone(ctx); err != nil {
		return err
	}
	if c.TransferError != nil {
		return c.TransferError
	}
	c.handover = &h
	return nil
}

// Hangup implements session.Channel.
func (c *Channel) Hangup(ctx context.Context, cause string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.gone(ctx); err != nil {
		return err
	}
	c.hangUp(cause)
	return nil
}

func (c *Channel) gone(ctx context.Context) error {
	if c.hungUp {
		return &session.HangupError{}
	}
	return context.Cause(ctx)
}

func (c *Channel) hangUp(cause string) error {
	c.hungUp = true
	err := &session.HangupError{Cause: cause}
	if c.End != nil {
		c.End(err)
	}
	return err
}
