package queue

import (
	"log/slog"
	"sync"
	"time"

	"countersign/session/event"
)

// Options are what a Tracker needs.
type Options struct {
	// Record journals facts. It must not wait. An error means that the fact is lost.
	Record func(...event.Event) error
	// Source is the source of events: "/countersign/<node>".
	Source string
	// Servers is how many FreeSWITCH servers tell what they see.
	Servers int
	// After runs a function later. Default: time.AfterFunc.
	After func(time.Duration, func())
	// Log gets facts that are lost. Default: no log.
	Log *slog.Logger
}

// settleAfter is how long the caller's end is waited for when caller and agent have parted: both channels may end in the
// same tick, and the caller's be told last.
const settleAfter = 500 * time.Millisecond

// longest is how long a call is followed after it was handed on.
const longest = 24 * time.Hour

// Tracker follows calls that were handed on. It is safe for use by several goroutines; of one server, what happened
// first must be told first.
type Tracker struct {
	o Options

	mu sync.Mutex
	// calls by the caller's channel, and by id.
	calls map[string]*call
	byID  map[string]*call
	// legs are channels of our calls other than the caller's: telephones that ring or talk, and relays.
	legs map[string]leg
	// links are the two ends of each relay, ours or not.
	links map[string]link
	// visits are calls that came back, with their first ids.
	visits map[string]string
}

// link is the other end of a relay, and who saw it when.
type link struct {
	other, server string
	seen          time.Time
}

// leg belongs to a call. Of a relay that rings for an agent of a queue, it knows who that is: whatever telephone is
// behind it is theirs.
type leg struct {
	call         *call
	relay        bool
	agent, queue string
	via          event.Via
	// rang: it was seen to ring. Then they talk once it is answered, and not before: a trunk may be heard earlier.
	rang, answered bool
	bridged        *Side
}

// New makes a Tracker that follows no calls yet.
func New(o Options) *Tracker {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.After == nil {
		o.After = func(d time.Duration, f func()) { time.AfterFunc(d, f) }
	}
	return &Tracker{
		o: o, calls: map[string]*call{}, byID: map[string]*call{}, legs: map[string]leg{}, links: map[string]link{},
		visits: map[string]string{},
	}
}

// See takes what a server saw at a time.
func (t *Tracker) See(server string, at time.Time, s Seen) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.see(server, at, s)
}

func (t *Tracker) see(server string, at time.Time, s Seen) {
	switch s := s.(type) {
	case Queued:
		t.on(server, at, s.Caller, func(c *call) { c.queued(at, s) })
	case Left:
		t.on(server, at, s.Caller, func(c *call) { c.queue, c.via = "", "" })
	case Rings:
		t.rings(server, at, s)
	case PickedUp:
		t.pickedUp(server, at, s.Channel)
	case Linked:
		t.links[s.A], t.links[s.B] = link{s.B, server, at}, link{s.A, server, at}
	case Answers:
		t.rings(server, at, Rings{Caller: s.Caller, Leg: s.Leg, Agent: s.Agent, Queue: s.Queue, Via: s.Via})
		t.pickedUp(server, at, s.Leg)
	case NotAnswered:
		t.on(server, at, s.Caller, func(c *call) { c.notAnswered(at, s.Agent, s.Cause) })
	case Bridged:
		t.bridged(server, at, s.A, s.B)
	case TakenOut:
		t.on(server, at, s.Caller, func(c *call) { c.takenOut(s.Leg) })
	case Parted:
		t.on(server, at, s.Caller, func(c *call) { c.parted(at, s.Leg) })
		t.settleLater(t.calls[s.Caller])
	case Moved:
		t.on(server, at, s.Caller, func(c *call) { c.moved(at, s.Leg) })
	case HungUp:
		t.hungUp(server, at, s)
	}
}

// on has a call change by what was seen, and journals the facts. A channel that is none of our callers' is ignored.
func (t *Tracker) on(server string, at time.Time, channel string, change func(*call)) {
	if c := t.calls[channel]; c != nil {
		t.change(c, server, at, change)
	}
}

func (t *Tracker) change(c *call, server string, at time.Time, change func(*call)) {
	c.server, c.touched = server, at
	change(c)
	t.flush(c)
}

// of finds the call of a channel: the caller's, one of its legs, or behind a relay.
func (t *Tracker) of(channel string) *call {
	if c := t.calls[channel]; c != nil {
		return c
	}
	if l, ok := t.legs[channel]; ok {
		return l.call
	}
	return t.relay(channel).call
}

// ringsFor is the call for which a telephone rings, nil for none of ours, and at whom: behind a relay it is the agent for
// whom that rings.
func (t *Tracker) ringsFor(r Rings) (*call, Rings) {
	if relay := t.relay(r.Caller); relay.agent != "" {
		r.Agent, r.Queue, r.Via = relay.agent, relay.queue, relay.via
	}
	return t.of(r.Caller), r
}

func (t *Tracker) rings(server string, at time.Time, r Rings) {
	c, r := t.ringsFor(r)
	if c == nil {
		return
	}
	if r.Leg != "" {
		l := leg{call: c, relay: r.Relay, rang: true, answered: t.legs[r.Leg].answered, bridged: t.legs[r.Leg].bridged}
		if r.Relay && r.Queue != "" {
			l.agent, l.queue, l.via = r.Agent, r.Queue, r.Via
		}
		t.legs[r.Leg] = l
	}
	if !r.Relay {
		t.change(c, server, at, func(c *call) { c.rings(at, r) })
	}
}

// bridged: one of both is our caller, or a relay that stands for them; the other is the agent.
func (t *Tracker) bridged(server string, at time.Time, a, b Side) {
	if t.calls[a.Channel] == nil && (t.calls[b.Channel] != nil || !t.isRelay(a.Channel)) {
		a, b = b, a
	}
	c := t.of(a.Channel)
	if c == nil || t.isRelay(b.Channel) || t.calls[b.Channel] != nil || t.calls[a.Channel] == nil && !t.isRelay(a.Channel) {
		return
	}
	l := t.legs[b.Channel]
	l.call, l.answered = c, l.answered || b.Answered
	if l.rang && !l.answered {
		l.bridged = &b
		t.legs[b.Channel] = l
		return
	}
	t.legs[b.Channel] = l
	t.change(c, server, at, func(c *call) { c.bridged(at, b) })
}

// pickedUp: now they talk, if they hear each other already.
func (t *Tracker) pickedUp(server string, at time.Time, channel string) {
	l, ok := t.legs[channel]
	if !ok || l.answered || l.relay {
		return
	}
	b := l.bridged
	l.answered, l.bridged = true, nil
	t.legs[channel] = l
	if b != nil {
		t.change(l.call, server, at, func(c *call) { c.bridged(at, *b) })
	}
}

// relay is a channel that is either end of a relay of ours, or nothing.
func (t *Tracker) relay(channel string) leg {
	l, ok := t.legs[channel]
	if !ok {
		l = t.legs[t.links[channel].other]
	}
	if !l.relay {
		return leg{}
	}
	return l
}

func (t *Tracker) isRelay(channel string) bool { return t.relay(channel).relay }

func (t *Tracker) hungUp(server string, at time.Time, h HungUp) {
	if l, ok := t.links[h.Channel]; ok {
		delete(t.links, h.Channel)
		if _, both := t.legs[l.other]; !both {
			delete(t.links, l.other)
		}
	}
	if l, ok := t.legs[h.Channel]; ok {
		delete(t.legs, h.Channel)
		if !l.relay {
			t.change(l.call, server, at, func(c *call) { c.legHungUp(at, h) })
			t.settleLater(l.call)
		}
		return
	}
	if c := t.calls[h.Channel]; c != nil {
		t.change(c, server, at, func(c *call) { c.hungUp(at, h) })
	}
}

// settleLater waits for the caller's end, if they have parted.
func (t *Tracker) settleLater(c *call) {
	if c == nil || c.talk == nil || c.talk.parted.IsZero() {
		return
	}
	talk := c.talk
	t.o.After(settleAfter, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if c.talk == talk {
			t.change(c, c.server, c.touched, (*call).settle)
		}
	})
}

// flush journals the facts of a call whose part with us is over, and forgets a call whose caller is gone.
func (t *Tracker) flush(c *call) {
	if !c.handedOn {
		return
	}
	for _, f := range c.held {
		c.seq++
		e := event.Event{
			ID: event.ID(c.id, c.seq), Source: t.o.Source, Time: f.at, Call: c.id, Seq: c.seq, Line: c.line,
			LineVersion: c.lineVersion, Data: f.data,
		}
		if err := t.o.Record(e); err != nil {
			t.o.Log.Error("event lost", "call", c.id, "event", string(e.Fact()), "seq", c.seq, "err", err)
		}
	}
	c.held = nil
	if c.gone {
		t.forget(c)
	}
}

func (t *Tracker) forget(c *call) {
	if t.calls[c.channel] == c {
		delete(t.calls, c.channel)
	}
	delete(t.byID, c.id)
	for channel, l := range t.legs {
		if l.call == c {
			delete(t.legs, channel)
		}
	}
}
