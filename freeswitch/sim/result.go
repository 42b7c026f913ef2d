package sim

import (
	"slices"
	"time"
)

// End says how a call left the service.
type End string

// The ways a call leaves the service.
const (
	// Transferred: the service handed the call on.
	Transferred End = "transferred"
	// CallerHungUp: the caller gave up, or the call's context ended.
	CallerHungUp End = "caller hung up"
	// HungUp: FreeSWITCH hung up, because the service asked for it or made a fatal mistake. Cause tells which.
	HungUp End = "hung up"
	// Resumed: the socket ended, or never began, and the dialplan went on without the service.
	Resumed End = "resumed"
	// DeadMan: the service hung and the dead-man switch took the call away.
	DeadMan End = "dead man"
	// Stranded: the service closed the socket when the call was already elsewhere, with socket_resume still true.
	// FreeSWITCH 1.10.12 then resets the channel: the other party is gone, and the caller hears silence until they hang up
	// (tried).
	Stranded End = "stranded"
)

// Result is the result of a call.
type Result struct {
	// UUID is FreeSWITCH's id of the call.
	UUID string
	// End is how the call left the service, Destination where it went then ("menu XML default"); empty if nowhere.
	End         End
	Destination string
	// Agent took the call at the Desk; empty if nobody did.
	Agent string
	// Cause is the Q.850 cause with which the call ended.
	Cause string
	// Lost: the caller did not hang up and reached no destination. A hangup by the service counts too: a test that expects
	// one checks End.
	Lost bool
	// Reason describes a fault of the service; empty if there was none.
	Reason string

	// Variables are the channel variables, Headers the exported SIP headers of the next leg by name
	// (X-Countersign-Status), both when the call left the service.
	Variables map[string]string
	Headers   map[string]string

	// Recordings are those of the call (record_session), in the order in which they ended.
	Recordings []Recording
	// Prompts are the prompts that were played, in order.
	Prompts []Prompt
	// Times are the durations of the call's parts.
	Times Times
	// Transcript holds every frame in both directions, if CallOptions.Transcript is set.
	Transcript []Frame
}

// Times are real durations, at any Speed: the service's time plus the simulator's waiting for the caller.
type Times struct {
	// Connect is the time to reach the service; Answer and FirstPrompt are the times from then to the answer and to the
	// first prompt. 0 if it did not happen.
	Connect, Answer, FirstPrompt time.Duration
	// Reactions are the times from the last digit (or the time-out) of each entry to the start of the next prompt.
	Reactions []time.Duration
	// Handover is the time from the last digit to the transfer; 0 without one.
	Handover time.Duration
	// Silence is how long the caller had heard nothing, and was asked nothing, when the call left the service.
	Silence time.Duration
	// Total is the whole call. Call is the same on the caller's watch, which does not depend on Speed.
	Total, Call time.Duration
}

// Prompt is a prompt as the caller hears it.
type Prompt struct {
	// Files are played in order: the parts of a file_string.
	Files []string
	// At is its start on the caller's watch, since the call came in. Length is its length without interruption.
	At, Length time.Duration
	// Digits: it asks for at most Max keys.
	Digits bool
	Max    int
	// Speech: it asks for spoken words. If it plays nothing, After are the files that were played just before.
	Speech bool
	After  []string
}

// Name is the base name, without extension, of the last file that is not silence or a tone.
func (p Prompt) Name() string {
	for i := len(p.Files) - 1; i >= 0; i-- {
		if name := baseName(p.Files[i]); name != "" {
			return name
		}
	}
	return ""
}

// Has reports whether Files or After include a file with this base name, without extension.
func (p Prompt) Has(name string) bool {
	is := func(f string) bool { return baseName(f) == name }
	return slices.ContainsFunc(p.Files, is) || slices.ContainsFunc(p.After, is)
}
