package sessiontest

import (
	"context"
	"strings"
	"sync"
	"time"

	"countersign/session"
)

// Patient is a session.Channel in memory with a clock of its own, and a caller who needs time: they listen to each
// prompt and then press one key after the other. The timers cut them off as FreeSWITCH's do; what they keyed of an entry
// that was cut off is gone, and they begin anew when they are asked again.
type Patient struct {
	// Began is when the call begins, Prompt how long each prompt is.
	Began  time.Time
	Prompt time.Duration
	// First is how long the first key takes after the prompt, and Each every further one.
	First, Each time.Duration
	// GoesOn says that the caller goes on with an entry, whatever they are asked meanwhile.
	GoesOn bool
	// Answer is what the caller keys or, with letters, says to a question, at this time.
	Answer func(prompts []string, at time.Time) string

	mu       sync.Mutex
	passed   time.Duration
	keys     string        // of the entry that the caller is keying
	next     time.Duration // when the next one of them is pressed
	heard    []string
	handover session.Handover
}

var _ session.Channel = (*Patient)(nil)

// Now is the time of the call's clock.
func (p *Patient) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Began.Add(p.passed)
}

// Heard is every prompt that was played, by its file, in order.
func (p *Patient) Heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.heard...)
}

// Handover is what the call was transferred with.
func (p *Patient) Handover() session.Handover {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handover
}

// hear is a prompt's end.
func (p *Patient) hear(files []string) (end time.Duration) {
	p.heard = append(p.heard, files...)
	return p.passed + time.Duration(len(files))*p.Prompt
}

// Play implements session.Channel.
func (p *Patient) Play(ctx context.Context, files []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed = p.hear(files)
	return context.Cause(ctx)
}

// Fill implements session.Channel.
func (p *Patient) Fill(ctx context.Context, files []string) error { return p.Play(ctx, files) }

// Collect implements session.Channel.
func (p *Patient) Collect(ctx context.Context, q session.Collect) (session.Entry, error) {
	if err := context.Cause(ctx); err != nil {
		return session.Entry{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	end := p.hear(q.Files)
	if p.keys == "" || !p.GoesOn && len(q.Files) > 0 {
		p.keys, p.next = p.Answer(q.Files, p.Began.Add(p.passed)), end+p.First
	}
	var digits []byte
	for until := end + max(q.FirstDigit, time.Second); ; until = p.passed + max(q.InterDigit, time.Second) {
		if p.keys == "" || p.next > until {
			p.passed = until
			break
		}
		key := p.keys[0]
		p.keys, p.passed = p.keys[1:], max(p.passed, p.next)
		p.next = p.passed + p.Each
		switch {
		case q.OptOut != 0 && key == q.OptOut:
			return session.Entry{Class: session.OptedOut, Keyed: len(digits)}, nil
		case key == '#':
			return made(q, digits, true), nil
		}
		if digits = append(digits, key); len(digits) == q.Max {
			break
		}
	}
	return made(q, digits, false), nil
}

// made is an entry by FreeSWITCH's truth table.
func made(q session.Collect, digits []byte, terminated bool) session.Entry {
	e := session.Entry{Keyed: len(digits), Terminated: terminated}
	switch {
	case len(digits) >= q.Min:
		e.Class, e.Digits = session.Input, session.NewSecret(digits)
	case len(digits) > 0 || terminated:
		e.Class = session.NoMatch
	}
	return e
}

// Listen implements session.Channel. The caller speaks at once, or presses the opt-out key.
func (p *Patient) Listen(ctx context.Context, l session.Listen) (session.Heard, error) {
	if err := context.Cause(ctx); err != nil {
		return session.Heard{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed = p.hear(l.Files) + time.Second
	says := p.Answer(l.Files, p.Began.Add(p.passed))
	if l.OptOut != 0 && strings.HasPrefix(says, string(rune(l.OptOut))) {
		return session.Heard{Class: session.OptedOut}, nil
	}
	return session.Heard{Class: session.Input, Words: session.NewSecret([]byte(says)), Confidence: 1}, nil
}

// Transfer implements session.Channel.
func (p *Patient) Transfer(ctx context.Context, h session.Handover) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handover = h
	return context.Cause(ctx)
}

// Hangup implements session.Channel.
func (p *Patient) Hangup(ctx context.Context, _ string) error { return context.Cause(ctx) }
