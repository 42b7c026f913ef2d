package sim

import "time"

// park waits for the service's commands and runs them. It drops keys pressed meanwhile, one per frame.
func (c *call) park() {
	if !c.ready() {
		return
	}
	c.fire(channelPark)
	for c.ready() && c.controlled {
		c.idle()
		if !c.ready() || !c.controlled {
			break
		}
		if !c.media() && len(c.queue) > 0 {
			c.runNext() // FreeSWITCH runs the first by another path, which fires no event
		}
		c.commands()
		c.pop()
	}
	c.fire(channelUnpark)
}

// idle waits until park has something to do.
func (c *call) idle() {
	var until time.Time
	if len(c.keys) > 0 {
		until = c.now().Add(frameTime)
	}
	keys := len(c.keys)
	c.wait(until, false, func() bool { return len(c.queue) > 0 || len(c.keys) > keys || !c.ready() || !c.controlled })
	if len(c.queue) > 0 {
		c.frame()
	}
}
