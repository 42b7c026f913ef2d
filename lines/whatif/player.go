package whatif

import (
	"context"
	"fmt"
	"sync"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// player plays what is recorded of one call after the other. Look-ups come from goroutines of their own, one at a time.
type player struct {
	mu sync.Mutex
	tape
}

// tape is one call, and how far it has been played.
type tape struct {
	rec  *record
	line *trialLine
	end  context.CancelCauseFunc

	clock time.Time
	gone  error

	// name is the step that runs, or empty; step what is recorded of it, or nil; next the number of its attempts that
	// were played.
	name string
	step *step
	next int
	// given says that a number was keyed and nobody has looked at it yet.
	given bool
	// code is the one-time code that the step sent.
	code []byte
	// locked says that the lock has begun which the call brought about.
	locked bool

	outcome  Outcome
	finished int
	differs  struct{ step, why string }
	unknown  string
	// unknownAt is the step in which something is unknown.
	unknownAt string
}

// load makes the player ready for a call.
func (p *player) load(rec *record, line *trialLine, end context.CancelCauseFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tape = tape{rec: rec, line: line, end: end, clock: rec.startedAt}
}

func (p *player) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clock
}

// begin starts a step: the next run of it in the record is what is played.
func (p *player) begin(name string) {
	p.name, p.step, p.next, p.given, p.code = name, nil, 0, false, nil
	for _, s := range p.rec.steps {
		if s.name == name && !s.used {
			s.used = true
			p.step, p.clock = s, s.began
			return
		}
	}
}

// answer is the next thing that the caller did in the step.
func (p *player) answer() (event.AttemptResult, error) {
	s := p.step
	if s == nil {
		return "", p.unasked()
	}
	if p.next == len(s.Attempts) {
		if s.broke != nil {
			return "", p.breaks(s.broke)
		}
		return "", p.doubt("the caller was asked %s, and would be asked once more", times(len(s.Attempts)))
	}
	a := s.Attempts[p.next]
	p.next++
	p.advance(a)
	switch a.Result {
	case event.AttemptAbandoned, event.AttemptError:
		if s.broke == nil {
			return "", p.doubt("it is not known what broke")
		}
		return "", p.breaks(s.broke)
	}
	return a.Result, nil
}

// judging is the time that an attempt may have taken after its answer was in.
const judging = time.Second

// advance is the time at which an answer was judged: no later than it was, unless it was too late.
func (p *player) advance(a event.Attempt) {
	s, at := p.step, p.step.began
	for _, before := range s.Attempts[:p.next-1] {
		at = at.Add(time.Duration(before.Milliseconds) * time.Millisecond)
	}
	p.clock = at.Add(max(0, time.Duration(a.Milliseconds)*time.Millisecond-judging))
	if p.void() {
		p.clock = s.ended
	}
}

// void says that the last attempt came too late.
func (p *player) void() bool {
	return p.step.Reason == event.ReasonVoid && p.next == len(p.step.Attempts)
}

// last is the attempt that was played last.
func (p *player) last() event.AttemptResult {
	if p.step == nil || p.next == 0 {
		return ""
	}
	return p.step.Attempts[p.next-1].Result
}

// unasked is for what the caller was never asked, or never looked up.
func (p *player) unasked() error {
	if p.rec.silent != nil {
		return p.breaks(p.rec.silent)
	}
	return p.doubt("it did not come in this call")
}

// breaks ends the step as it ended then.
func (p *player) breaks(err error) error {
	if err == session.ErrTooLong && p.differs.step != "" {
		return p.doubt("the call took too long here, and it took another way before")
	}
	if err != errBroke && err != session.ErrTooLong {
		p.leave(err)
	}
	return err
}

// leave ends the call's context.
func (p *player) leave(err error) {
	if p.gone == nil {
		p.gone = err
		p.end(err)
	}
}

// doubt ends the call, because it is not known how it goes on.
func (p *player) doubt(format string, a ...any) error {
	if p.unknown == "" {
		p.unknown, p.unknownAt = fmt.Sprintf(format, a...), p.name
	}
	p.leave(errUnknown)
	return errUnknown
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
