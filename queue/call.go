package queue

import (
	"cmp"
	"slices"
	"time"

	"countersign/session/event"
)

// call is what is known of one of our calls after it was handed on. It decides what the facts are; it has neither a
// clock nor a lock.
type call struct {
	id, line    string
	lineVersion int
	channel     string
	server      string // that has the channel; "" until one was heard of
	seq         int    // of its last event
	// since is when the present wait began: the call was handed on, joined the queue, or left an agent.
	since time.Time
	// touched is when something was seen last.
	touched time.Time
	// queue is where the caller waits, if anywhere; via is of that queue.
	queue string
	via   event.Via

	offers  []*offer
	offered int // how many there were
	talk    *talk
	// waits: it rang or waited in a queue, and nobody has taken the call since.
	waits bool
	gone  bool

	handedOn bool          // our part is over: facts may follow
	held     []pendingFact // until then
	missing  map[string]bool
}

type pendingFact struct {
	at   time.Time
	data event.Data
}

// offer is an agent at whom it rings.
type offer struct {
	agent, queue string
	via          event.Via
	began        time.Time
	legs         []string
	// named: a queue said so, and will say when it gives up.
	named bool
}

// talk is the conversation with an agent.
type talk struct {
	agent, queue string
	via          event.Via
	leg          string
	began        time.Time
	waited       time.Duration
	// takenOut: the caller is in a step-up and comes back.
	takenOut bool
	// parted is when they were seen to part, until it is known whether the caller has hung up: that may be told after it.
	// Zero while they talk. end and cause are what it was, if the caller has not.
	parted time.Time
	end    event.AgentEnd
	cause  string
}

func (c *call) fact(at time.Time, d event.Data) { c.held = append(c.held, pendingFact{at, d}) }

func since(from, to time.Time) time.Duration { return max(0, to.Sub(from)) }

func (c *call) queued(at time.Time, q Queued) {
	if c.settle(); c.talk != nil {
		return
	}
	c.queue, c.via, c.waits = q.Queue, q.Via, true
	if c.offerIn(q.Queue) == nil { // mod_callcenter may offer a call before it says that it is there
		c.since = at
	}
}

func (c *call) offerIn(queue string) *offer {
	for _, o := range c.offers {
		if o.queue == queue {
			return o
		}
	}
	return nil
}

func (c *call) rings(at time.Time, r Rings) {
	if c.settle(); c.talk != nil && r.Leg != "" && c.talk.leg == r.Leg || r.Agent == "" {
		return
	}
	o := c.offerTo(r.Agent)
	if o == nil {
		if r.Queue == "" && c.queue != "" { // a queue that does not say whom it calls for
			r.Queue, r.Via = c.queue, c.via
		}
		o = &offer{agent: r.Agent, queue: r.Queue, via: r.Via, began: at}
		c.offers = append(c.offers, o)
		c.offered++
		c.waits = c.waits || c.talk == nil
		c.fact(at, event.AgentOffered{
			Agent: o.agent, Queue: o.queue, Via: o.via, Offer: c.offered,
			WaitedMilliseconds: since(c.since, at).Milliseconds(),
		})
	}
	if r.Leg == "" {
		o.named = true
	} else if !slices.Contains(o.legs, r.Leg) {
		o.legs = append(o.legs, r.Leg)
	}
}

func (c *call) offerTo(agent string) *offer {
	for _, o := range c.offers {
		if o.agent == agent {
			return o
		}
	}
	return nil
}

func (c *call) offerAt(leg string) *offer {
	for _, o := range c.offers {
		if slices.Contains(o.legs, leg) {
			return o
		}
	}
	return nil
}

func (c *call) drop(o *offer) {
	c.offers = slices.DeleteFunc(c.offers, func(x *offer) bool { return x == o })
}

func (c *call) missed(at time.Time, o *offer, why event.MissedReason, cause string) {
	c.drop(o)
	c.fact(at, event.AgentMissed{
		Agent: o.agent, Queue: o.queue, Via: o.via, Reason: why, Cause: cause,
		RangMilliseconds: since(o.began, at).Milliseconds(),
	})
}

func (c *call) notAnswered(at time.Time, agent, cause string) {
	if o := c.offerTo(agent); o != nil {
		c.missed(at, o, missedBy(cause), cause)
	}
}

// bridged: the caller talks to a leg.
func (c *call) bridged(at time.Time, s Side) {
	if c.settle(); c.talk != nil && c.talk.leg == s.Channel {
		c.talk.takenOut = false
		return
	}
	if c.talk != nil {
		c.done(at, event.AgentEndTransferred, "")
	}
	o := c.offerAt(s.Channel)
	if o == nil {
		if s.Agent == "" {
			return
		}
		// Picked up elsewhere, or nobody saw it ring.
		c.rings(at, Rings{Leg: s.Channel, Agent: s.Agent, Queue: s.Queue, Via: cmp.Or(s.Via, event.ViaBridge)})
		o = c.offerTo(s.Agent)
	}
	c.drop(o)
	c.talk = &talk{
		agent: o.agent, queue: o.queue, via: o.via, leg: s.Channel, began: at, waited: since(c.since, at),
	}
	c.waits = false
	c.fact(at, event.AgentConnected{
		Agent: o.agent, Queue: o.queue, Via: o.via, Channel: s.Channel,
		WaitedMilliseconds: c.talk.waited.Milliseconds(), RangMilliseconds: since(o.began, at).Milliseconds(),
	})
}

func (c *call) takenOut(leg string) {
	if c.talk != nil && c.talk.leg == leg {
		c.talk.takenOut = true
	}
}

// parted: the queue says that the conversation is over. During a step-up it does not know better.
func (c *call) parted(at time.Time, leg string) {
	switch {
	case c.talk != nil && (leg == "" || c.talk.leg == leg):
		if !c.talk.takenOut && c.talk.parted.IsZero() {
			c.talk.parted, c.talk.end = at, event.AgentEndAgent
		}
	case leg != "": // answered, but caller and agent never met
		if o := c.offerAt(leg); o != nil {
			c.missed(at, o, event.MissedFailed, "")
		}
	}
}

func (c *call) moved(at time.Time, leg string) {
	if c.talk != nil && c.talk.leg == leg && !c.talk.takenOut {
		c.done(at, event.AgentEndTransferred, "")
	}
}

// settle: the caller goes on, although they have parted.
func (c *call) settle() {
	if c.talk != nil && !c.talk.parted.IsZero() {
		c.done(c.talk.parted, c.talk.end, c.talk.cause)
	}
}

// legHungUp: an agent's leg is gone. Of an offer that a queue has made, the queue will say why.
func (c *call) legHungUp(at time.Time, h HungUp) {
	leg, cause := h.Channel, h.Cause
	if c.talk != nil && c.talk.leg == leg {
		switch {
		case transferred(cause):
			c.done(at, event.AgentEndTransferred, cause)
		case h.Released && !c.talk.takenOut:
			c.talk.parted, c.talk.end, c.talk.cause = at, event.AgentEndTransferred, cause
		default:
			c.done(at, event.AgentEndAgent, cause)
		}
		return
	}
	o := c.offerAt(leg)
	if o == nil || o.named {
		return
	}
	o.legs = slices.DeleteFunc(o.legs, func(l string) bool { return l == leg })
	if len(o.legs) == 0 {
		c.missed(at, o, missedBy(cause), cause)
	}
}

// hungUp: the caller is gone, and with them everything that rings. If FreeSWITCH ended the call after a conversation, it
// was not the caller who ended that.
func (c *call) hungUp(at time.Time, h HungUp) {
	if h.Released && c.talk != nil && c.talk.end == event.AgentEndAgent {
		c.settle()
	}
	c.end(at, h.Cause, event.AgentEndCaller, event.MissedCallerGone)
}

func (c *call) end(at time.Time, cause string, end event.AgentEnd, missed event.MissedReason) {
	c.gone = true
	if c.talk != nil {
		c.done(at, end, cause)
		c.waits = false
	}
	for _, o := range slices.Clone(c.offers) {
		c.missed(at, o, missed, "")
	}
	if c.waits {
		if end == event.AgentEndCaller {
			end = event.AgentEndAbandoned
		}
		c.fact(at, event.AgentDone{
			Queue: c.queue, Via: cmp.Or(c.via, event.ViaBridge), End: end, Cause: cause,
			WaitedMilliseconds: since(c.since, at).Milliseconds(),
		})
		c.waits = false
	}
}

func (c *call) done(at time.Time, end event.AgentEnd, cause string) {
	t := c.talk
	talked := since(t.began, at)
	if end == event.AgentEndUnseen {
		talked = 0
	}
	c.fact(at, event.AgentDone{
		Agent: t.agent, Queue: t.queue, Via: t.via, End: end, Cause: cause,
		WaitedMilliseconds: t.waited.Milliseconds(), TalkedMilliseconds: talked.Milliseconds(),
	})
	c.talk, c.since, c.queue, c.via = nil, at, "", ""
}
