package sim

import (
	"strconv"
	"time"
)

// CallOptions describe one call: who calls which number, and what the caller does.
type CallOptions struct {
	// From is the caller's number, To the dialled one, Name the caller's name (From if empty).
	From, To, Name string
	// Withheld calls with "Privacy: id": From is then the asserted number only.
	Withheld bool
	// Context is the dialplan context in which the call arrives; empty: "public".
	Context string
	// Variables are set by the dialplan before the socket, in this order: cs_line, cs_token, sip_h_X-Countersign-Token
	// and the like.
	Variables []Variable
	// Record is the path to which the dialplan records the call, as it says in cs_recording; empty: not recorded.
	Record string
	// UUID is FreeSWITCH's id of the call, so that the same call can come back; empty: a new one.
	UUID string
	// Caller is the person on the line. Nil stays silent.
	Caller Caller
	// InBand has the keys in the caller's sound: the SDP offers no telephone-event, and they count after start_dtmf only.
	InBand bool
	// Keypad presses keys as they come, in real time, in addition to Caller. Closing it hangs up. May be nil.
	Keypad <-chan rune
	// Transcript keeps every frame of both directions in the Result.
	Transcript bool
	// Watch is called for every frame, in order, by the call's goroutine. It must not keep the frame's bytes.
	Watch func(Frame)
	// CutTail drops the events of the hangup, as FreeSWITCH's listener sometimes does (recording unknown-application).
	CutTail bool
}

// Variable is a channel variable.
type Variable struct{ Name, Value string }

// Frame is one command, reply, event or notice on the wire.
type Frame struct {
	// FromService: the service sent it.
	FromService bool
	// At is the time since the connection was made.
	At    time.Duration
	Bytes []byte
}

// seconds is a duration in the dialplan's seconds; the simulator also accepts fractions.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
