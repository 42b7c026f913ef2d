package queue

import "countersign/session/event"

// Seen is something that a FreeSWITCH saw: one of the types below. Channels are FreeSWITCH's Unique-IDs. What happens on
// channels that have nothing to do with our calls may be told, too, and is ignored.
type Seen interface{ seen() }

// Queued: the caller waits in a queue.
type Queued struct {
	Caller, Queue string
	Via           event.Via
}

// Left: the caller left the queue, and nobody took the call.
type Left struct{ Caller string }

// Rings: it rings at an agent for the caller.
type Rings struct {
	// Caller is the channel that is to be connected, or one that stands for it (Relay).
	Caller string
	// Leg is the agent's channel; "" if it is not known, as when mod_callcenter says that it will ring.
	Leg string
	// Agent is who, as Canonical writes it.
	Agent string
	Queue string
	Via   event.Via
	// Relay: Leg is no telephone but stands for the caller on the way to one, as FreeSWITCH's loopback channels do.
	Relay bool
}

// PickedUp: a channel was answered.
type PickedUp struct{ Channel string }

// Linked: two channels are the two ends of one relay.
type Linked struct{ A, B string }

// Answers: the agent's telephone was picked up. Caller and agent are about to be connected.
type Answers struct {
	Caller, Leg, Agent, Queue string
	Via                       event.Via
}

// NotAnswered: the queue gave up an offer.
type NotAnswered struct{ Caller, Agent, Cause string }

// Bridged: two channels hear each other, maybe before the telephone is picked up. Either may be the caller's.
type Bridged struct{ A, B Side }

// Side is one channel of two. Agent, Queue and Via say who it is, if it is an agent's.
type Side struct {
	Channel, Agent, Queue string
	Via                   event.Via
}

// TakenOut: the caller was taken out of the conversation with that leg for a step-up, and comes back to it.
type TakenOut struct{ Caller, Leg string }

// Parted: the queue says that the conversation of caller and agent is over. Leg may be "".
type Parted struct{ Caller, Leg string }

// HungUp: a channel is gone.
type HungUp struct{ Channel, Cause string }

func (Queued) seen()      {}
func (Left) seen()        {}
func (Rings) seen()       {}
func (PickedUp) seen()    {}
func (Linked) seen()      {}
func (Answers) seen()     {}
func (NotAnswered) seen() {}
func (Bridged) seen()     {}
func (TakenOut) seen()    {}
func (Parted) seen()      {}
func (HungUp) seen()      {}
