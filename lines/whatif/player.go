package whatif

import (
	"context"
	"fmt"
	"sync"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// player replays one recorded call after the other. Look-ups run in goroutines of their own, one at a time.
type player struct {
	mu sync.Mutex
	playback
}

// playback is one call, and how far it has been replayed.
type playback struct {
	rec  *record
	line *trialLine
	end  context.CancelCauseFunc

	clock time.Time
	gone  error

	// name is the step that runs, or empty; step its record, or nil; next the number of its attempts replayed so far.
	name string
	step *step
	next int
	// unchecked: a number was keyed and has not been looked up or checked yet.
	unchecked bool
	// code is the one-time code that the step sent.
	code []byte
	// locked: the call's attempts have brought its lock about.
	locked bool

	// spent is how long the steps that were replayed took in the recorded call.
	spent      time.Duration
	identified int // customers that the caller was identified as
	outcome    Outcome
	finished   int                        // steps
	divergence struct{ step, why string } // the first difference
	// unknown says why the outcome is unknown, unknownAt in which step.
	unknown, unknownAt string
}

// load makes the player ready for a call.
func (p *player) load(rec *record, line *trialLine, end context.CancelCauseFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.playback = playback{rec: rec, line: line, end: end, clock: rec.startedAt}
}

func (p *player) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clock
}

// begin starts a step: its next recorded run is replayed.
func (p *player) begin(name string) {
	p.name, p.step, p.next, p.unchecked, p.code = name, nil, 0, false, nil
	for _, s := range p.rec.steps {
		if s.name == name && !s.used {
			s.used = true
			p.step, p.clock = s, s.began
			p.spent += time.Duration(s.Milliseconds) * time.Millisecond
			return
		}
	}
}

// answer is what the caller did next in the step. What was not understood counts for nothing, unless the question is one
// for words alone.
func (p *player) answer(words bool) (event.AttemptResult, error) {
	s := p.step
	if s == nil {
		return "", p.notRecorded()
	}
	if p.next == len(s.Attempts) {
		if s.failure != nil {
			return "", p.fail(s.failure)
		}
		return "", p.giveUp("the caller was asked %s, and would be asked again", times(len(s.Attempts)))
	}
	a := s.Attempts[p.next]
	p.next++
	p.advance(a)
	if isWish(a) || !words && a.Spoken && a.Result == event.AttemptNoMatch {
		return p.answer(words) // a wish, or not understood: neither counts
	}
	switch a.Result {
	case event.AttemptAbandoned, event.AttemptError:
		if s.failure == nil {
			return "", p.giveUp("the events do not say what failed")
		}
		return "", p.fail(s.failure)
	}
	return a.Result, nil
}

// isWish says that an attempt was a wish that changes nothing but what the caller hears. A code sent again and the way
// back to the identifier are others.
func isWish(a event.Attempt) bool {
	if a.Result != event.AttemptServed {
		return false
	}
	switch a.Wish {
	case event.WishRepeat, event.WishClear, event.WishSlower, event.WishKeys:
		return true
	case "": // an older version
		return a.Spoken
	}
	return false
}

// checkTime is how long checking an answer may have taken.
const checkTime = time.Second

// advance sets the clock to when an answer was checked: not later than it was, unless the answer was too late.
func (p *player) advance(a event.Attempt) {
	s, at := p.step, p.step.began
	for _, before := range s.Attempts[:p.next-1] {
		at = at.Add(time.Duration(before.Milliseconds) * time.Millisecond)
	}
	p.clock = at.Add(max(0, time.Duration(a.Milliseconds)*time.Millisecond-checkTime))
	if p.tooLate() {
		p.clock = s.ended
	}
}

// tooLate says that the last attempt came too late.
func (p *player) tooLate() bool {
	return p.step.Reason == event.ReasonVoid && p.next == len(p.step.Attempts)
}

// last is the result of the attempt replayed last.
func (p *player) last() event.AttemptResult {
	if p.step == nil || p.next == 0 {
		return ""
	}
	return p.step.Attempts[p.next-1].Result
}

// notRecorded is for a question or look-up that the call never had.
func (p *player) notRecorded() error {
	if p.rec.goneBetween != nil {
		return p.fail(p.rec.goneBetween)
	}
	return p.giveUp("not asked in the recorded call")
}

// fail ends the step as it ended before.
func (p *player) fail(err error) error {
	if err == session.ErrTooLong && p.divergence.step != "" {
		return p.giveUp("the call took too long here, and its steps were others before")
	}
	if err != errFailed && err != session.ErrTooLong {
		p.endCall(err)
	}
	return err
}

// endCall ends the call's context.
func (p *player) endCall(err error) {
	if p.gone == nil {
		p.gone = err
		p.end(err)
	}
}

// giveUp ends the call because the events do not say how it goes on.
func (p *player) giveUp(format string, a ...any) error {
	if p.unknown == "" {
		p.unknown, p.unknownAt = fmt.Sprintf(format, a...), p.name
	}
	p.endCall(errUnknown)
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
