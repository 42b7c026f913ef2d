package sim

import (
	"fmt"
	"time"
)

type destination struct{ extension, dialplan, context string }

func (d destination) String() string { return d.extension + " " + d.dialplan + " " + d.context }

// deadline is a scheduled transfer (sched_transfer).
type deadline struct {
	id string
	at time.Time
	to destination
}

// route takes a transferred call to its next extension.
func (c *call) route() []Action {
	to := c.pending.String()
	c.pending = nil
	active := c.state.call
	c.hidden(1)
	c.state.running, c.state.call = "CS_ROUTING", "RINGING"
	c.fire(channelState)
	c.hidden(2)
	c.state.running, c.state.call, c.state.number = "CS_EXECUTE", active, "4"
	c.fire(channelState)
	c.vars.set("call_uuid", c.profile.uuid)
	return c.sw.extension(to)
}

// transfer is switch_ivr_session_transfer.
func (c *call) transfer(to destination) {
	forwards := atoi(c.vars.get("max_forwards")) - 1
	if forwards <= 0 {
		c.hangup("EXCHANGE_ROUTING_ERROR", false)
		return
	}
	if to.dialplan == "" {
		to.dialplan = "XML"
	}
	if to.context == "" {
		to.context = c.profile.context
	}
	now := c.now()
	c.profile.rdnis, c.profile.destination, c.profile.context = c.profile.destination, to.extension, to.context
	c.profile.index++
	c.profile.created = now
	c.profile.transferSource = fmt.Sprintf("%d:%s:bl_xfer:%s/%s/%s",
		now.Unix(), newUUID(), to.extension, to.context, to.dialplan)
	c.profileChanged()
	c.vars.set("max_forwards", fmt.Sprint(forwards))
	c.vars.push("transfer_history", c.profile.transferSource)
	c.vars.set("transfer_source", c.profile.transferSource)
	c.state.number = "2"
	c.pending = &to
	c.result.Destination = to.String()
	c.snapshot()
}
