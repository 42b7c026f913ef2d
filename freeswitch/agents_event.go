package freeswitch

import (
	"cmp"
	"net/url"
	"strings"

	"countersign/queue"
	"countersign/session/event"
)

// agentEvent is an event of FreeSWITCH: the headers that say who talks to whom, decoded.
type agentEvent map[string]string

// agentHeaders are the headers that are read. The others are left alone: they hold the whole call, keyed digits too.
var agentHeaders = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields(`Event-Name Event-Subclass Event-Date-Timestamp Unique-ID Channel-Name
		Call-Direction Caller-Username Caller-Caller-ID-Number Caller-Destination-Number Caller-Channel-Bridged-Time
		Other-Type Other-Leg-Unique-ID Other-Leg-Direction Other-Leg-Username Other-Leg-Channel-Name
		Other-Leg-Caller-ID-Number Other-Leg-Destination-Number Bridge-A-Unique-ID Bridge-B-Unique-ID Hangup-Cause
		CC-Action CC-Queue CC-Agent CC-Agent-UUID CC-Member-Session-UUID CC-Hangup-Cause CC-Cause FIFO-Action FIFO-Name
		variable_cc_side variable_cc_agent variable_cc_queue variable_cc_member_session_uuid
		variable_fifo_name variable_fifo_bridge_uuid variable_fifo_role variable_dialed_user variable_dialed_domain
		variable_user_name variable_domain_name variable_other_loopback_leg_uuid variable_loopback_leg
		variable_signal_bond variable_cs_agent_leg`) {
		names[name] = true
	}
	return names
}()

// readAgentEvent reads an event in the format "plain".
func readAgentEvent(body string) agentEvent {
	e := agentEvent{}
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break // what follows is the event's body
		}
		name, value, _ := strings.Cut(line, ": ")
		if !agentHeaders[name] {
			continue
		}
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		if value != "_undef_" {
			e[name] = value
		}
	}
	return e
}

// seen says what the event means.
func (e agentEvent) seen() []queue.Seen {
	switch e["Event-Name"] {
	case "CHANNEL_ORIGINATE":
		return e.rings()
	case "CHANNEL_ANSWER":
		return []queue.Seen{queue.PickedUp{Channel: e["Unique-ID"]}}
	case "CHANNEL_BRIDGE":
		return e.bridged()
	case "CHANNEL_UNBRIDGE":
		if e["variable_cs_agent_leg"] != "" {
			return []queue.Seen{queue.TakenOut{Caller: e["Unique-ID"], Leg: e["variable_cs_agent_leg"]}}
		}
	case "CHANNEL_HANGUP":
		return []queue.Seen{queue.HungUp{Channel: e["Unique-ID"], Cause: e["Hangup-Cause"]}}
	case "CUSTOM":
		switch e["Event-Subclass"] {
		case "callcenter::info":
			return e.callcenter()
		case "fifo::info":
			return e.fifo()
		}
	}
	return nil
}

// rings: FreeSWITCH calls somebody, for a caller who is known.
func (e agentEvent) rings() (seen []queue.Seen) {
	r := queue.Rings{Leg: e["Unique-ID"], Relay: e.isLoopback()}
	side := e.side()
	r.Agent, r.Queue, r.Via = side.Agent, side.Queue, side.Via
	switch {
	case e["variable_cc_member_session_uuid"] != "":
		r.Caller = e["variable_cc_member_session_uuid"]
	case e["variable_fifo_bridge_uuid"] != "":
		r.Caller = e["variable_fifo_bridge_uuid"]
	case e["Other-Type"] == "originator":
		r.Caller = e["Other-Leg-Unique-ID"]
	}
	if other := e["variable_other_loopback_leg_uuid"]; other != "" && r.Relay {
		seen = append(seen, queue.Linked{A: r.Leg, B: other})
	}
	if r.Caller == "" {
		return seen
	}
	return append(seen, r)
}

func (e agentEvent) isLoopback() bool { return strings.HasPrefix(e["Channel-Name"], "loopback/") }

// side is who the channel of the event is, if it is an agent's.
func (e agentEvent) side() queue.Side {
	s := queue.Side{Channel: e["Unique-ID"], Via: event.ViaBridge}
	switch {
	case e["variable_cc_side"] == "agent":
		s.Agent, s.Queue, s.Via = e["variable_cc_agent"], e["variable_cc_queue"], event.ViaCallcenter
	case e["variable_dialed_user"] != "":
		s.Agent = address(e["variable_dialed_user"], e["variable_dialed_domain"])
	case e["Call-Direction"] == "inbound":
		s.Agent = cmp.Or(address(e["variable_user_name"], e["variable_domain_name"]), e["Caller-Username"],
			e["Caller-Caller-ID-Number"])
	default:
		s.Agent = e["Caller-Destination-Number"]
	}
	if e["variable_fifo_name"] != "" && s.Via == event.ViaBridge {
		s.Queue, s.Via = e["variable_fifo_name"], event.ViaFIFO
	}
	s.Agent = queue.Canonical(s.Agent)
	return s
}

// otherSide is who the other channel is.
func (e agentEvent) otherSide() queue.Side {
	agent := e["Other-Leg-Destination-Number"]
	if e["Other-Leg-Direction"] == "inbound" {
		agent = cmp.Or(e["Other-Leg-Username"], e["Other-Leg-Caller-ID-Number"])
	}
	return queue.Side{Channel: e["Other-Leg-Unique-ID"], Agent: queue.Canonical(agent), Via: event.ViaBridge}
}

// address is user@domain, or user alone.
func address(user, domain string) string {
	if user == "" || domain == "" {
		return user
	}
	return user + "@" + domain
}

// bridged: two channels hear each other. The event is the first one's.
func (e agentEvent) bridged() []queue.Seen {
	own, other := e.side(), e.otherSide()
	own.Channel = cmp.Or(e["Bridge-A-Unique-ID"], own.Channel)
	other.Channel = cmp.Or(e["Bridge-B-Unique-ID"], other.Channel)
	if own.Channel != e["Unique-ID"] {
		own, other = queue.Side{Channel: own.Channel}, queue.Side{Channel: other.Channel}
	}
	return []queue.Seen{queue.Bridged{A: own, B: other}}
}

// callcenter reads mod_callcenter's events (mod_callcenter.c, callcenter::info).
func (e agentEvent) callcenter() []queue.Seen {
	caller, name, agent := e["CC-Member-Session-UUID"], e["CC-Queue"], queue.Canonical(e["CC-Agent"])
	if caller == "" {
		return nil
	}
	switch e["CC-Action"] {
	case "member-queue-start", "member-queue-resume":
		return []queue.Seen{queue.Queued{Caller: caller, Queue: name, Via: event.ViaCallcenter}}
	case "member-queue-end":
		if e["CC-Cause"] == "Cancel" {
			return []queue.Seen{queue.Left{Caller: caller}}
		}
	case "agent-offering":
		return []queue.Seen{queue.Rings{Caller: caller, Agent: agent, Queue: name, Via: event.ViaCallcenter}}
	case "bridge-agent-start":
		return []queue.Seen{queue.Answers{
			Caller: caller, Leg: e["CC-Agent-UUID"], Agent: agent, Queue: name, Via: event.ViaCallcenter,
		}}
	case "bridge-agent-end":
		return []queue.Seen{queue.Parted{Caller: caller, Leg: e["CC-Agent-UUID"]}}
	case "bridge-agent-fail":
		return []queue.Seen{queue.NotAnswered{Caller: caller, Agent: agent, Cause: e["CC-Hangup-Cause"]}}
	}
	return nil
}

// fifo reads mod_fifo's events (mod_fifo.c, fifo::info), of the caller's channel.
func (e agentEvent) fifo() []queue.Seen {
	caller := e["Unique-ID"]
	switch e["FIFO-Action"] {
	case "push":
		return []queue.Seen{queue.Queued{Caller: caller, Queue: e["FIFO-Name"], Via: event.ViaFIFO}}
	case "abort", "timeout":
		return []queue.Seen{queue.Left{Caller: caller}}
	case "bridge-caller-stop":
		if leg := e["variable_cs_agent_leg"]; leg != "" { // a step-up: they meet again
			return []queue.Seen{queue.TakenOut{Caller: caller, Leg: leg}}
		}
		return []queue.Seen{queue.Parted{Caller: caller}}
	}
	return nil
}
