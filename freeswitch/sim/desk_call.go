package sim

import "time"

// offer is an agent's telephone that rings for the caller.
type offer struct {
	agent, leg string
	began      time.Time
}

// callcenter is mod_callcenter's application: the caller waits in the queue until an agent takes the call and the
// conversation is over.
func (c *call) callcenter(string) {
	desk := c.sw.options.Desk
	if desk == nil {
		c.hangup("DESTINATION_OUT_OF_ORDER", false)
		return
	}
	c.answer()
	member, joined := newUUID(), c.now()
	c.deskInfo("member-queue-start", member, "")
	missed := map[string]bool{}
	for c.ready() {
		agent, freed := desk.take(missed)
		if agent == "" {
			c.waitFor(freed)
			continue
		}
		if c.serve(agent, member, joined) {
			break
		}
		missed[agent] = true
		desk.release(agent)
	}
	if c.cause != "" && c.byCaller {
		c.deskInfo("member-queue-end", member, "", "CC-Cause", "Cancel", "CC-Cancel-Reason", "BREAK_OUT")
	}
}

// waitFor lets time pass until an agent is free. The caller may hang up.
func (c *call) waitFor(freed <-chan struct{}) {
	for c.ready() {
		select {
		case <-freed:
			return
		default:
			c.wait(c.now().Add(frameTime), false, func() bool { return !c.ready() })
		}
	}
}

// serve offers the call to an agent, and reports whether that ended the caller's wait.
func (c *call) serve(agent, member string, joined time.Time) (over bool) {
	desk := c.sw.options.Desk
	o := offer{agent: agent, leg: newUUID(), began: c.now()}
	c.deskInfo("agent-offering", member, agent)
	c.legEvent("CHANNEL_ORIGINATE", o, "ringing")
	rings, answers := desk.about(desk.o.Ring), !desk.chance(desk.o.Misses)
	if !answers {
		rings = desk.o.Patience
	}
	c.spend(c.now().Add(rings), func() bool { return !c.ready() })
	switch {
	case !c.ready():
		c.giveUp(o, member, "ORIGINATOR_CANCEL")
		desk.release(agent)
		return true
	case !answers:
		c.giveUp(o, member, "NO_ANSWER")
		return false
	}
	defer desk.release(agent)
	c.legEvent("CHANNEL_ANSWER", o, "answered")
	c.deskInfo("bridge-agent-start", member, agent, "CC-Agent-UUID", o.leg)
	c.result.Agent = agent
	desk.connect(c.profile.uuid, o.leg)
	c.deskEvent("CHANNEL_BRIDGE", "Unique-ID", c.profile.uuid, "Channel-Name", c.profile.channel, "Call-Direction",
		"inbound", "Bridge-A-Unique-ID", c.profile.uuid, "Bridge-B-Unique-ID", o.leg, "Other-Type", "originatee",
		"Other-Leg-Unique-ID", o.leg, "Other-Leg-Direction", "outbound")
	c.spend(c.now().Add(desk.about(desk.o.Talk)), func() bool { return !c.ready() })
	if c.ready() && desk.chance(.5) {
		c.hangup("NORMAL_CLEARING", true)
	}
	c.legGone(o, "NORMAL_CLEARING")
	c.deskInfo("bridge-agent-end", member, agent, "CC-Agent-UUID", o.leg, "CC-Agent-Bridged", "true")
	c.deskInfo("member-queue-end", member, agent, "CC-Agent-UUID", o.leg, "CC-Cause", "Terminated")
	if c.ready() {
		c.hangup("NORMAL_CLEARING", false)
	}
	return true
}

// giveUp ends the ringing.
func (c *call) giveUp(o offer, member, cause string) {
	c.legGone(o, cause)
	c.deskInfo("bridge-agent-fail", member, o.agent, "CC-Hangup-Cause", cause)
}

func (c *call) legGone(o offer, cause string) {
	c.legEvent("CHANNEL_HANGUP", o, "hangup", "Hangup-Cause", cause)
	c.sw.options.Desk.disappears(o.leg)
}

// deskInfo is an event of mod_callcenter about the caller.
func (c *call) deskInfo(action, member, agent string, more ...string) {
	c.deskEvent("CUSTOM", append([]string{
		"Event-Subclass", "callcenter::info", "CC-Queue", c.sw.options.Desk.o.Queue, "CC-Action", action,
		"CC-Agent", agent, "CC-Member-UUID", member, "CC-Member-Session-UUID", c.profile.uuid,
	}, more...)...)
}

// legEvent is an event of an agent's channel.
func (c *call) legEvent(name string, o offer, answer string, more ...string) {
	headers := append([]string{
		"Unique-ID", o.leg, "Channel-Name", "sofia/internal/" + o.agent, "Call-Direction", "outbound", "Answer-State", answer,
		"Caller-Destination-Number", o.agent, "variable_cc_side", "agent", "variable_cc_agent", o.agent,
		"variable_cc_queue", c.sw.options.Desk.o.Queue, "variable_cc_member_session_uuid", c.profile.uuid,
	}, more...)
	if name == "CHANNEL_ORIGINATE" {
		var dump []byte
		for i := 0; i < len(headers); i += 2 {
			dump = appendHeader(dump, header{headers[i], headers[i+1]})
		}
		c.sw.options.Desk.appears(&channel{uuid: o.leg, direction: "outbound", state: "RINGING", headers: string(dump)})
	}
	c.deskEvent(name, headers...)
}
