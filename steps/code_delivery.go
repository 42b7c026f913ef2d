package steps

import (
	"context"
	"sync/atomic"
	"time"

	"countersign/session"
	"countersign/session/event"
)

const (
	// deliveredSilence is how long a caller may be silent who has the message (docs/policy.md#otp-entry).
	deliveredSilence = 10 * time.Second
	// calledSilence is how long they may be while another telephone rings and the code is spoken there.
	calledSilence = 30 * time.Second
)

// delivery is what is known about a code on its way. Its zero value knows nothing, and never will.
type delivery struct {
	told event.CodeSent
	at   time.Time
	// receipts and reference find the gateway's receipt; nil if there will be none.
	receipts  Receipts
	reference string
	// reported is what the sender itself has told, from any goroutine.
	reported *atomic.Value
	known    event.CodeState
}

// follow prepares a message so that its delivery becomes known.
func (c SMSCode) follow(m *session.Message, told event.CodeSent, now time.Time) delivery {
	d := delivery{told: told, at: now, reported: new(atomic.Value)}
	m.Report = func(state event.CodeState) { d.reported.Store(state) }
	if told.Way == event.WaySMS && c.Receipts != nil {
		d.receipts, d.reference = c.Receipts, c.Receipts.Reference()
		m.Reference = d.reference
	}
	return d
}

// lost says that the code is known not to have arrived.
func (d *delivery) lost() bool { return d.known == event.CodeNotDelivered }

// mayCome says that news may come.
func (d *delivery) mayCome() bool {
	return d.known != event.CodeDelivered && (d.receipts != nil || d.reported != nil && d.reported.Load() != nil)
}

// news is what became of the code, if it is not known yet.
func (d *delivery) news(ctx context.Context) (state event.CodeState, is bool) {
	if !d.mayCome() {
		return "", false
	}
	told := true
	if d.receipts != nil {
		state, told = d.receipts.State(ctx, d.reference)
	} else {
		state, _ = d.reported.Load().(event.CodeState)
	}
	final := state == event.CodeDelivered || state == event.CodeNotDelivered
	return state, told && final && state != d.known
}

// note records news, once.
func (d *delivery) note(ctx context.Context, s *session.Session) (state event.CodeState, is bool) {
	if state, is = d.news(ctx); is {
		d.known = state
		d.told.State, d.told.Milliseconds = state, s.Now().Sub(d.at).Milliseconds()
		s.CodeSent(d.told)
	}
	return state, is
}

// silence is how long the caller may be silent.
func (c *code) silence() time.Duration {
	switch {
	case c.told.Way == event.WayCall:
		return calledSilence
	case c.known == event.CodeDelivered:
		return deliveredSilence
	}
	return c.step.silence()
}

// listen asks for the code. While the caller is silent it looks for news of the code: when it has arrived they have
// less time, and when it cannot arrive they hear at once how to get it another way.
func (c *code) listen(ctx context.Context, s *session.Session, a session.Ask) (session.Entry, error) {
	for {
		a.FirstDigit, a.News = c.silence(), nil
		if c.mayCome() {
			a.News = func() bool { _, is := c.news(ctx); return is }
		}
		entry, err := s.Ask(ctx, a)
		if err != nil {
			return entry, err
		}
		state, is := c.note(ctx, s)
		if !is || entry.Class != session.NoInput {
			return entry, nil
		}
		a.Prompts = nil
		if state == event.CodeNotDelivered {
			a.Prompts = []string{"code-reminder-2", "ask-code-again"}
			if len(c.reach.usual) > 1 && c.resent < resends {
				a.Prompts[0] = "code-not-delivered"
			}
		}
	}
}
