package sim

import (
	"math"
	"time"
)

// clock is the caller's watch: real time plus the time that Speed saved. Only the call's goroutine uses it.
type clock struct {
	real  func() time.Time
	speed float64 // +Inf: the caller never waits
	ahead time.Duration
	timer *time.Timer
}

func newClock(real func() time.Time, speed float64) clock {
	if !(speed > 0) {
		speed = math.Inf(1)
	}
	return clock{real: real, speed: speed}
}

func (c *clock) now() time.Time { return c.real().Add(c.ahead) }

// instant: the caller never waits.
func (c *clock) instant() bool { return math.IsInf(c.speed, 1) }

// after is a channel that fires when d has passed; stop it with the timer before the next one.
func (c *clock) after(d time.Duration) <-chan time.Time {
	if c.timer == nil {
		c.timer = time.NewTimer(d)
	} else {
		c.timer.Reset(d)
	}
	return c.timer.C
}

// frameTime is one media frame, the interval at which FreeSWITCH polls.
const frameTime = 20 * time.Millisecond

// wait lets time pass until done returns true or the watch shows until (zero: no limit). Meanwhile it answers the
// service's commands, reads keys, and runs deadlines and the caller's acts. hurried: Speed shortens this time.
func (c *call) wait(until time.Time, hurried bool, done func() bool) {
	if c.ackDue {
		c.ackDue = false
		c.acknowledged()
	}
	for {
		c.due()
		if done() {
			return
		}
		now, next := c.now(), until
		if !until.IsZero() && !now.Before(until) {
			return
		}
		if at := c.nextDue(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
		if hurried && c.instant() && !next.IsZero() {
			if !c.poll() {
				c.ahead += max(next.Sub(now), 0)
			}
			continue
		}
		c.block(now, next, hurried)
	}
}

// poll takes one input without waiting, and reports whether there was one.
func (c *call) poll() bool {
	select {
	case b, ok := <-c.wire.in:
		c.take(b, ok)
	case k, ok := <-c.o.Keypad:
		c.press(k, ok)
	case <-c.cancelled:
		c.callerGone()
	default:
		return false
	}
	return true
}

// block waits for the next input, at most until the watch shows next.
func (c *call) block(now, next time.Time, hurried bool) {
	c.wire.flush()
	speed := 1.0
	if hurried {
		speed = c.speed
	}
	var timer <-chan time.Time
	if !next.IsZero() {
		timer = c.after(time.Duration(math.Ceil(float64(next.Sub(now)) / speed)))
	}
	began := c.real()
	select {
	case b, ok := <-c.wire.in:
		c.take(b, ok)
	case k, ok := <-c.o.Keypad:
		c.press(k, ok)
	case <-c.cancelled:
		c.callerGone()
	case <-timer:
	}
	if timer != nil {
		c.timer.Stop()
	}
	if speed > 1 || speed < 1 {
		c.ahead += time.Duration(float64(c.real().Sub(began)) * (speed - 1))
	}
}

// frame waits for the next media frame, when FreeSWITCH starts the applications that were queued.
func (c *call) frame() {
	if c.instant() {
		return
	}
	since := c.now().Sub(c.profile.arrived)
	c.wait(c.now().Add(frameTime-since%frameTime), true, func() bool { return !c.ready() })
}

// nextDue is the time of the next deadline or caller's act; zero if there is none.
func (c *call) nextDue() time.Time {
	next := c.caller.nextAt()
	for _, d := range c.deadlines {
		if next.IsZero() || d.at.Before(next) {
			next = d.at
		}
	}
	return next
}

// due runs the caller's acts and scheduled transfers whose time has come.
func (c *call) due() {
	for c.cause == "" {
		now := c.now()
		if act, ok := c.caller.next(now); ok {
			c.act(act)
			continue
		}
		i := -1
		for j, d := range c.deadlines {
			if !d.at.After(now) && c.pending == nil {
				i = j
				break
			}
		}
		if i < 0 {
			return
		}
		d := c.deadlines[i]
		c.deadlines = append(c.deadlines[:i], c.deadlines[i+1:]...)
		c.leave(DeadMan, "the service did not finish in time: sched_transfer took the call")
		c.transfer(d.to)
	}
}
