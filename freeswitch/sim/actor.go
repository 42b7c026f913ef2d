package sim

import (
	"strings"
	"time"
)

// actor is the caller and the acts that they have yet to do.
type actor struct {
	Caller
	acts []timedAct
}

type timedAct struct {
	Act
	at time.Time
}

// hear tells the caller of a prompt that starts now. Their reaction comes after the acts that are still pending.
func (a *actor) hear(now time.Time, p Prompt) {
	if a.Caller == nil {
		return
	}
	at := now
	if n := len(a.acts); n > 0 {
		at = a.acts[n-1].at
	}
	for _, act := range a.Hear(p) {
		at = at.Add(act.Wait)
		a.acts = append(a.acts, timedAct{act, at})
	}
}

func (a *actor) nextAt() time.Time {
	if len(a.acts) == 0 {
		return time.Time{}
	}
	return a.acts[0].at
}

// next takes the first act whose time has come.
func (a *actor) next(now time.Time) (Act, bool) {
	if len(a.acts) == 0 || a.acts[0].at.After(now) {
		return Act{}, false
	}
	act := a.acts[0].Act
	a.acts = a.acts[1:]
	return act, true
}

// act does one of the caller's acts.
func (c *call) act(a Act) {
	switch {
	case a.HangUp:
		c.hangup("NORMAL_CLEARING", true)
	case a.Says != "":
		switch { // otherwise it is lost
		case c.listening && c.said == nil:
			c.said = &a
		case c.tap != nil:
			c.tap.speak(a)
		}
	case a.Key != 0:
		c.press(rune(a.Key), true)
	}
}

// press presses a key; ok is false when CallOptions.Keypad was closed, which hangs up.
func (c *call) press(k rune, ok bool) {
	if !ok {
		c.o.Keypad = nil
		c.callerGone()
		return
	}
	if k < 128 && strings.ContainsRune("0123456789ABCD*#", k) && c.heardInBand(byte(k)) {
		c.keys = append(c.keys, key{byte(k), c.vars.truth("sensitive_dtmf")})
	}
}

// callerGone hangs up because the keypad was closed or the call's context ended.
func (c *call) callerGone() {
	c.cancelled = nil
	c.hangup("NORMAL_CLEARING", true)
}

// pop takes the next key from the queue (switch_channel_dequeue_dtmf).
func (c *call) pop() (byte, bool) {
	if len(c.keys) == 0 {
		return 0, false
	}
	k := c.keys[0]
	c.keys = c.keys[1:]
	if !k.secret {
		c.dialed = append(c.dialed, k.digit)
		c.fire(dtmf, header{"DTMF-Digit", string(k.digit)}, header{"DTMF-Duration", "2000"}, header{"DTMF-Source", "RTP"})
	}
	return k.digit, true
}
