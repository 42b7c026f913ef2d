package esl

import (
	"fmt"
	"time"

	"countersign/session"
)

const (
	// silenceAtMost is when the dead-man switch takes a caller to a person if we do nothing. It must be longer than we
	// need between two prompts (steps: 8 s for a look-up, with guard and shared state). FreeSWITCH adds up to a second.
	silenceAtMost = 18 * time.Second
	// hearAtMost is the same after the longest time that a Listen takes, which is silence for a caller who has spoken.
	hearAtMost = 5 * time.Second
)

// deadMan is the dead-man switch of a call, in commands that need no answer: off before what takes its own time, and on
// again behind it, so that it runs while FreeSWITCH waits for us, and then only. Both are empty if the dialplan does
// not say where the switch leads to; its own, which comes later, then stays on.
type deadMan struct {
	to      string // the destination; empty if the dialplan names none
	off, on string
}

func newDeadMan(to session.Destination) (d deadMan) {
	if to == (session.Destination{}) {
		return d
	}
	d.to, d.off = to.String(), disarm
	d.on = d.after(silenceAtMost)
	return d
}

// after arms the switch.
func (d deadMan) after(wait time.Duration) string {
	return constant("sched_transfer", fmt.Sprintf("+%d %s", wait/time.Second, d.to))
}

// around puts the switch around commands.
func (d deadMan) around(commands ...outgoing) []outgoing {
	if d.to == "" {
		return commands
	}
	all := make([]outgoing, 0, len(commands)+2)
	all = append(all, outgoing{text: d.off})
	all = append(all, commands...)
	return append(all, outgoing{text: d.on})
}
