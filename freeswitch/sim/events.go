package sim

import (
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// kind is a kind of event: its name and where FreeSWITCH's source fires it, which every event carries.
type kind struct {
	name    string
	calling [releases]string
	bare    bool // carries no channel variables
}

// newKind makes a kind that is fired at a line of each release.
func newKind(name, file, function string, lines [releases]int, bare bool) *kind {
	k := &kind{name: name, bare: bare}
	for r, line := range lines {
		k.calling[r] = "\nEvent-Calling-File: " + file + "\nEvent-Calling-Function: " + function +
			"\nEvent-Calling-Line-Number: " + strconv.Itoa(line) + "\nEvent-Sequence: "
	}
	return k
}

// at are the line numbers in 1.10.12 and 1.11.2.
func at(old, now int) [releases]int { return [releases]int{old, now} }

const (
	inChannel = "switch_channel.c"
	inSession = "switch_core_session.c"
	inIVR     = "switch_ivr.c"
	inMachine = "switch_core_state_machine.c"
)

// The events that myevents passes.
var (
	channelData     = newKind("CHANNEL_DATA", "mod_event_socket.c", "parse_command", at(2021, 2029), false)
	channelPark     = newKind("CHANNEL_PARK", inIVR, "switch_ivr_park", at(1002, 1002), false)
	channelUnpark   = newKind("CHANNEL_UNPARK", inIVR, "switch_ivr_park", at(1213, 1213), false)
	channelExecute  = newKind("CHANNEL_EXECUTE", inSession, "switch_core_session_exec", at(2944, 2949), false)
	channelComplete = newKind("CHANNEL_EXECUTE_COMPLETE", inSession, "switch_core_session_exec", at(2967, 2972), false)
	channelAnswer   = newKind("CHANNEL_ANSWER", inChannel, "switch_channel_perform_mark_answered", at(3846, 3848), false)
	channelMedia    = newKind("CHANNEL_PROGRESS_MEDIA", inChannel, "switch_channel_perform_mark_pre_answered",
		at(3560, 3562), false)
	channelHangup = newKind("CHANNEL_HANGUP", inChannel, "switch_channel_perform_hangup", at(3445, 3447), false)
	channelState  = newKind("CHANNEL_STATE", inChannel, "switch_channel_perform_set_running_state", at(2408, 2409), true)
	channelEnd    = newKind("CHANNEL_HANGUP_COMPLETE", inMachine, "switch_core_session_reporting_state",
		at(943, 943), false)
	dtmf = newKind("DTMF", inChannel, "switch_channel_dequeue_dtmf", at(677, 678), true)
)

// header is an additional header of an event; empty ones are left out.
type header struct{ name, value string }

// hidden counts events that FreeSWITCH fires but the service never sees (CALL_UPDATE, PLAYBACK_START and so on): they
// leave gaps in the sequence numbers.
func (c *call) hidden(n uint64) { c.sw.sequence.Add(n) }

// fire sends an event to the service if it subscribed to it.
func (c *call) fire(k *kind, more ...header) {
	sequence := c.sw.sequence.Add(1)
	if !c.wire.wants(k) {
		return
	}
	start := len(c.wire.out)
	out := append(c.wire.out, eventHead...)
	out = c.event(out, k, sequence)
	for _, h := range more {
		out = appendHeader(out, h)
	}
	out = append(out, '\n')
	if body := out[start+len(eventHead):]; !c.wire.passes(k, body) {
		return
	}
	c.wire.sent(measured(out, start), start)
}

// eventHead precedes an event; nearly all are between 1,000 and 9,999 bytes long.
const eventHead, lengthAt = "Content-Length: 0000\nContent-Type: text/event-plain\n\n", len("Content-Length: ")

// measured fills in the length of the event whose head starts at out[start].
func measured(out []byte, start int) []byte {
	length := strconv.Itoa(len(out) - start - len(eventHead))
	if len(length) != 4 {
		return slices.Replace(out, start+lengthAt, start+lengthAt+4, []byte(length)...)
	}
	copy(out[start+lengthAt:], length)
	return out
}

func appendHeader(dst []byte, h header) []byte {
	if h.value == "" {
		return dst
	}
	dst = append(append(dst, h.name...), ": "...)
	return append(encode(dst, h.value), '\n')
}

// event appends the headers that every event of a channel has (switch_event_prep_for_delivery,
// switch_channel_event_set_data).
func (c *call) event(dst []byte, k *kind, sequence uint64) []byte {
	now := c.now()
	dst = append(append(append(dst, "Event-Name: "...), k.name...), '\n')
	dst = append(dst, c.sw.core...)
	dst = append(dst, dates(now)...)
	dst = strconv.AppendInt(dst, now.UnixMicro(), 10)
	dst = append(dst, k.calling[c.sw.options.Release]...)
	dst = append(strconv.AppendUint(dst, sequence, 10), '\n')
	switch k {
	case channelData:
		dst = c.profile.render(dst, "Channel-")
	case channelEnd:
		dst = appendHeader(dst, header{"Hangup-Cause", c.cause})
	}
	dst = c.state.render(dst, c)
	dst = append(dst, c.callerHeaders...)
	if !k.bare {
		dst = c.vars.render(dst)
	}
	return dst
}

// state is the channel's state as events carry it.
type state struct {
	running string // CS_EXECUTE
	call    string // RINGING, EARLY, ACTIVE, HANGUP
	number  string // of the state it goes to
	answer  string // ringing, early, answered, hangup
}

func (s *state) render(dst []byte, c *call) []byte {
	dst = append(append(dst, "Channel-State: "...), s.running...)
	dst = append(append(dst, "\nChannel-Call-State: "...), s.call...)
	dst = append(append(dst, "\nChannel-State-Number: "...), s.number...)
	dst = append(append(dst, c.identity...), s.answer...)
	dst = append(dst, '\n')
	if c.cause != "" {
		dst = append(append(append(dst, "Hangup-Cause: "...), c.cause...), '\n')
	}
	return append(dst, codecs...)
}

const codecs = "Channel-Read-Codec-Name: PCMU\nChannel-Read-Codec-Rate: 8000\nChannel-Read-Codec-Bit-Rate: 64000\n" +
	"Channel-Write-Codec-Name: PCMU\nChannel-Write-Codec-Rate: 8000\nChannel-Write-Codec-Bit-Rate: 64000\n"

// second holds the rendered dates of one second; all calls share the last one.
type second struct {
	unix int64
	text string
}

var lastSecond atomic.Pointer[second]

// dates are an event's date headers up to the value of Event-Date-Timestamp.
func dates(t time.Time) string {
	if s := lastSecond.Load(); s != nil && s.unix == t.Unix() {
		return s.text
	}
	s := &second{t.Unix(), encoded(t.Local().Format(time.DateTime)) + "\nEvent-Date-GMT: " +
		encoded(t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")) + "\nEvent-Date-Timestamp: "}
	lastSecond.Store(s)
	return s.text
}
