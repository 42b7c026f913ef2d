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
	// HungUp: the system hung up, because the service said so or did something that FreeSWITCH does not forgive. Cause
	// says which.
	HungUp End = "hung up"
	// Resumed: the socket ended, or never began, and the dialplan went on without the service.
	Resumed End = "resumed"
	// DeadMan: the service hung and the dead-man switch took the call away.
	DeadMan End = "dead man"
	// Stranded: the service closed the socket when the call was already elsewhere, with socket_resume still true.
	// FreeSWITCH 1.10.12 then resets the channel: whoever the caller was talking to is gone, and the caller hears silence
	// until they hang up (tried).
	Stranded End = "stranded"
)

// Result is what became of a call.
type Result struct {
	// UUID is FreeSWITCH's id of the call.
	UUID string
	// End is how the call left the service, Destination where it went from there ("menu XML default"); empty if nowhere.
	End         End
	Destination string
	// Cause is the Q.850 cause name with which the call ended at last.
	Cause string
	// Lost says that the caller did not hang up and yet reached nobody. A hang-up by the service counts: a test that
	// expects one looks at End.
	Lost bool
	// Reason says in words what went wrong with the service, empty if nothing did.
	Reason string

	// Variables are the channel variables, Headers the exported SIP headers of the next leg by name
	// (X-Countersign-Status), both at the time the call left the service.
	Variables map[string]string
	Headers   map[string]string

	// Prompts are the files that were played, each once for every time, in order.
	Prompts []Prompt
	// Times says how long things took.
	Times Times
	// Transcript is every frame of both directions, if CallOptions asked for it.
	Transcript []Frame
}

// Times are real durations, whatever Speed says: what the service took, plus what the simulator waited for the caller.
type Times struct {
	// Connect is how long it took to reach the service, Answer from there to the answer of the call, FirstPrompt to the
	// first prompt. 0 if it did not happen.
	Connect, Answer, FirstPrompt time.Duration
	// Reactions are, for every finished entry of digits, the time from the last digit (or the time-out) to the start of
	// the next prompt.
	Reactions []time.Duration
	// Handover is the time from the last digit to the transfer, 0 without one.
	Handover time.Duration
	// Total is the whole call. Call is the same on the caller's watch, which Speed does not touch.
	Total, Call time.Duration
}

// Prompt is a prompt as the caller hears it.
type Prompt struct {
	// Files are what is played, in order: the parts of a file_string.
	Files []string
	// At is when it starts on the caller's watch since the call came in, Length how long it takes if nobody interrupts.
	At, Length time.Duration
	// Digits says that keys are asked for, at most Max of them.
	Digits bool
	Max    int
	// Speech says that spoken words are asked for. If nothing is played meanwhile, After are the files that were heard
	// just before.
	Speech bool
	After  []string
}

// Name is what the prompt ends with: the base name, without its extension, of the last file that is not silence or a
// tone.
func (p Prompt) Name() string {
	for i := len(p.Files) - 1; i >= 0; i-- {
		if name := baseName(p.Files[i]); name != "" {
			return name
		}
	}
	return ""
}

// Has says whether a file with this base name, without its extension, is part of the prompt, or of the one that asked
// for the words.
func (p Prompt) Has(name string) bool {
	is := func(f string) bool { return baseName(f) == name }
	return slices.ContainsFunc(p.Files, is) || slices.ContainsFunc(p.After, is)
}
