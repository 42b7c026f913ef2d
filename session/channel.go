package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Channel is the telephone as a step sees it: an answered call, blocking, without events and without wire types. One goroutine, the
// call's own, uses it. When the caller hangs up or the telephone system is gone, every method ends at once with a *HangupError or
// ErrLineLost, and the call's context is cancelled with the same cause.
type Channel interface {
	// Play plays files one after the other and returns when the last has ended. Keys are not collected meanwhile: FreeSWITCH
	// drops them, and * skips the rest.
	Play(ctx context.Context, files []string) error
	// Collect plays files and gathers digits; the first digit stops the playing. What the caller did is the Entry; an error means that
	// something broke. The caller of Collect owns the entry's digits and wipes them.
	Collect(ctx context.Context, c Collect) (Entry, error)
	// Listen plays files and has a speech engine of the telephone system hear what the caller says. What came of it is the Heard; ErrNoSpeech means that
	// the engine is not there or does not work. The caller of Listen owns the words and wipes them.
	Listen(ctx context.Context, l Listen) (Heard, error)
	// Transfer hands the call on with the result and gives it up: afterwards the Channel can only be closed.
	Transfer(ctx context.Context, h Handover) error
	// Hangup ends the call with a Q.850 cause name such as NORMAL_CLEARING.
	Hangup(ctx context.Context, cause string) error
}

// Collect says what digits to gather, and how.
type Collect struct {
	// Files are played first, as one prompt.
	Files []string
	// Min and Max bound the number of digits. Max ends the entry without a terminator.
	Min, Max int
	// FirstDigit is the time until the first digit after the prompt, InterDigit the time between digits. Both are at least a second:
	// FreeSWITCH raises anything shorter.
	FirstDigit, InterDigit time.Duration
	// OptOut is the key that says "I don't have it", or 0.
	OptOut byte
	// Flush throws digits away that were keyed before the prompt. Without it they are the beginning of the entry (type-ahead).
	Flush bool
}

// Class says what a caller did when asked for digits (freeswitch-facts.md, "Truth table").
type Class int

const (
	// NoInput: nothing was keyed in time.
	NoInput Class = iota
	// NoMatch: something was keyed, but fewer digits than asked for.
	NoMatch
	// Input: enough digits. Whether they are right is for the step to find out.
	Input
	// OptedOut: the opt-out key, at whatever point of the entry.
	OptedOut
)

func (c Class) String() string {
	switch c {
	case NoInput:
		return "no_input"
	case NoMatch:
		return "no_match"
	case Input:
		return "input"
	case OptedOut:
		return "opted_out"
	default:
		return fmt.Sprintf("class %d", int(c))
	}
}

// Entry is what came of a Collect. Digits is empty unless Class is Input.
type Entry struct {
	Class  Class
	Digits Secret
	// Keyed is how many digits were keyed, and Terminated says that the hash key ended the entry.
	Keyed      int
	Terminated bool
}

// Listen says what to listen for, and how.
type Listen struct {
	// Files are played first, as one prompt, to their end.
	Files []string
	// Engine is the telephone system's name of a speech engine, such as "pocketsphinx", and Grammar what that engine is to understand, in its own words.
	Engine, Grammar string
	// Start is the time until the caller begins to speak after the prompt, Speech the longest that they may speak.
	Start, Speech time.Duration
	// OptOut is the key that says "I don't have it", or 0. Other keys are ignored.
	OptOut byte
}

// Heard is what came of a Listen. Class is NoInput, NoMatch (something was said that is not in the grammar), Input or OptedOut; Words is empty unless it is
// Input.
type Heard struct {
	Class Class
	Words Secret
	// Confidence is how sure the engine is, 0 to 1.
	Confidence float64
}

// Handover is what goes on with the call.
type Handover struct {
	To Destination
	// Variables are channel variables for the next application, in this order.
	Variables []Variable
	// Headers are SIP headers for the next leg, such as X-Countersign-Call. One without a value is removed.
	Headers []Variable
}

// Variable is one name and its value.
type Variable struct{ Name, Value string }

// HangupError says that the caller is gone. It is normal: calls end.
type HangupError struct {
	// Cause is the Q.850 cause name that FreeSWITCH gave, such as NORMAL_CLEARING; empty if it gave none.
	Cause string
}

func (e *HangupError) Error() string {
	if e.Cause == "" {
		return "the caller hung up"
	}
	return "the caller hung up (" + e.Cause + ")"
}

// ErrNoSpeech says that the speech engine is missing or broke. It is never the caller's failure.
var ErrNoSpeech = errors.New("the speech engine does not work")

// ErrLineLost says that the connection to the telephone system ended although the caller had not hung up, as far as we know.
var ErrLineLost = errors.New("the connection to the telephone system was lost")

// ErrTakenAway says that the telephone system took the call elsewhere while it was ours: the dead-man switch fired because we had hung. It is with a person
// now, and nothing of ours may touch it any more.
var ErrTakenAway = errors.New("the telephone system took the call away")

// ErrDraining is the cause with which calls are ended that are still going on when the service must stop.
var ErrDraining = errors.New("the service is stopping")

// ErrTooLong is the cause with which a call is ended that took longer than the runner allows.
var ErrTooLong = errors.New("the call took too long")
