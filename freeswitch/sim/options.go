package sim

import (
	"strconv"
	"time"
)

// CallOptions is one call: who calls which number, and what the caller does.
type CallOptions struct {
	// From is the caller's number, To the dialled one, Name the caller's name (From if empty).
	From, To, Name string
	// Withheld calls with "Privacy: id": From is then what the network asserts, not what the caller shows.
	Withheld bool
	// Context is the dialplan context that the call arrives in; empty is "public".
	Context string
	// Variables are set by the dialplan before the socket, in this order: cs_line, cs_token, sip_h_X-Countersign-Token and
	// the like.
	Variables []Variable
	// UUID is FreeSWITCH's id of the call, so that the same call can come back; empty makes one up.
	UUID string
	// Caller is the person on the line. Nil stays silent.
	Caller Caller
	// Keypad presses keys as they come, in real time, besides what Caller does. Closing it hangs up. Nil has no keypad.
	Keypad <-chan rune
	// Transcript keeps every frame of both directions in the Result.
	Transcript bool
	// Watch is told of every frame as it passes, in order, by the call's own goroutine. It must not keep the frame's
	// bytes.
	Watch func(Frame)
	// CutTail loses the events of the hang-up, as FreeSWITCH's listener sometimes does (recording unknown-application).
	CutTail bool
}

// Variable is a channel variable.
type Variable struct{ Name, Value string }

// Frame is what went over the wire at one time: one command, reply, event or notice.
type Frame struct {
	// FromService tells the service's frames from ours.
	FromService bool
	// At is the time since the connection was made.
	At    time.Duration
	Bytes []byte
}

// seconds writes a duration as the dialplan does, in seconds; the simulator also takes fractions.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
