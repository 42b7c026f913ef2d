package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Channel is an answered call as a step sees it: blocking, without events and wire types. Only the call's own goroutine
// uses it. When the caller hangs up or the telephone system is gone, every method returns at once with a *HangupError
// or ErrLineLost, and the call's context is cancelled with the same cause.
type Channel interface {
	// Play plays files one after the other and returns when the last has ended. It collects no keys: FreeSWITCH drops
	// them, and * skips the rest.
	Play(ctx context.Context, files []string) error
	// Fill plays files while the caller waits for us. A key ends it, and begins the next entry.
	Fill(ctx context.Context, files []string) error
	// Collect plays files and collects digits; the first digit stops the playing. Keys pressed before, at any time since
	// the last entry, begin this one (type-ahead): what the caller keys is never lost nor split. What the caller did is
	// the Entry; an error means a fault of ours. The caller of Collect owns the entry's digits and wipes them.
	Collect(ctx context.Context, c Collect) (Entry, error)
	// Listen plays files and has a speech engine recognise what the caller says. ErrNoSpeech
	// means that the engine is missing or does not work. The caller of Listen owns the words and wipes them.
	Listen(ctx context.Context, l Listen) (Heard, error)
	// Transfer hands the call on with the result. Afterwards the Channel can only be closed.
	Transfer(ctx context.Context, h Handover) error
	// Hangup ends the call with a Q.850 cause name such as NORMAL_CLEARING.
	Hangup(ctx context.Context, cause string) error
}

// Collect says which digits to collect, and how.
type Collect struct {
	// Files are played first, as one prompt.
	Files []string
	// Min and Max bound the number of digits. Max ends the entry without a terminator.
	Min, Max int
	// FirstDigit is the time until the first digit after the prompt, InterDigit the time between digits. Both are at least
	// a second: FreeSWITCH raises anything shorter.
	FirstDigit, InterDigit time.Duration
	// OptOut is the key for "I don't have it", or 0.
	OptOut byte
	// Speech lets the caller say the answer instead; nil takes keys alone. Whichever comes first counts: the first key
	// ends the listening. A missing engine costs nothing but Entry.Deaf.
	Speech *Speech
	// Flush discards what was keyed before, all that the caller keys in one go, up to their next pause. The opt-out key
	// among it still opts out. All Files but the last are played as an explanation first, and again if keys of the same
	// go stopped them.
	Flush bool
	// Secret says that the answer must not be in a recording of the call, with the prompt and what is keyed until the next
	// prompt.
	Secret bool
}

// Speech says what to listen for beside the keys.
type Speech struct {
	// Engine and Grammar are those of Listen.
	Engine, Grammar string
	Expected
	// Length bounds how long the caller may speak.
	Length time.Duration
	// Hint, if set, is the last of Files, and says that the answer can be said. Callers whom nobody hears are not told so.
	// In an Ask it is a prompt, which Ask adds.
	Hint string
}

// WithoutHint is the files of c without that hint.
func (c Collect) WithoutHint() []string {
	if n := len(c.Files); c.Speech != nil && n > 0 && c.Files[n-1] == c.Speech.Hint {
		return c.Files[:n-1]
	}
	return c.Files
}

// Expected says what the caller is expected to say, for engines that have no grammars of ours.
type Expected struct {
	// Language is the call's, such as de or en-GB.
	Language string
	// Kind is what is asked for.
	Kind Kind
	// Min and Max bound the number of digits; 0 where nothing is counted.
	Min, Max int
}

// Kind is a kind of answer.
type Kind string

// The kinds of answers. With all of them a caller may also say a command, such as «I don't have it».
const (
	ExpectDigits Kind = "digits"
	ExpectDate   Kind = "date"
	ExpectYesNo  Kind = "yes-no"
	// ExpectConfirm is yes, no, or a correction: «no, the last two are five six».
	ExpectConfirm Kind = "confirm"
	// ExpectPhrase is a passphrase.
	ExpectPhrase Kind = "phrase"
)

// Class says what a caller did when asked (docs/freeswitch.md#truth-table).
type Class int

const (
	// NoInput: nothing in time.
	NoInput Class = iota
	// NoMatch: fewer digits than asked for, or words that are not in the grammar.
	NoMatch
	// Input: enough digits, or words. The step checks them.
	Input
	// OptedOut: the opt-out key, at any point of the entry.
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

// Entry is the result of a Collect. Digits is empty unless Class is Input.
type Entry struct {
	Class  Class
	Digits Secret
	// Keyed is the number of digits keyed; Terminated says that the hash key ended the entry.
	Keyed      int
	Terminated bool
	// Spoken says that the caller spoke. Words are what was understood, with the engine's Confidence, 0 to 1; the caller
	// of Collect owns and wipes them, too.
	Spoken     bool
	Words      Secret
	Confidence float64
	// Others are what else the caller may have said, if the engine says so, the likeliest first. They are wiped, too.
	Others []Hypothesis
	// Deaf says that the speech engine did not work, and that keys alone were taken.
	Deaf bool
}

// Wipe overwrites what the caller keyed and said.
func (e Entry) Wipe() {
	e.Digits.Wipe()
	e.Words.Wipe()
	for _, h := range e.Others {
		h.Words.Wipe()
	}
}

// Hypothesis is a sentence that a speech engine may have heard, and how sure of it the engine is, 0 to 1.
type Hypothesis struct {
	Words      Secret
	Confidence float64
}

// Listen says which words to listen for, and how.
type Listen struct {
	// Files are played first, as one prompt, to their end.
	Files []string
	// Engine is the telephone system's name of a speech engine, such as "pocketsphinx", or the name of a recogniser of
	// the company's own; Grammar names a grammar of that engine.
	Engine, Grammar string
	Expected
	// Start bounds the time until the caller begins to speak after the prompt, Speech how long they may speak.
	Start, Speech time.Duration
	// OptOut is the key for "I don't have it", or 0. Other keys are ignored.
	OptOut byte
	// Secret is as in Collect.
	Secret bool
}

// Heard is the result of a Listen. Words is empty unless Class is Input.
type Heard struct {
	Class Class
	Words Secret
	// Confidence is the engine's, 0 to 1.
	Confidence float64
}

// Handover is the destination of a call and the result that goes with it.
type Handover struct {
	To Destination
	// Variables are channel variables for the next application, in this order.
	Variables []Variable
	// Headers are SIP headers for the next leg, such as X-Countersign-Call. A header without a value is removed.
	Headers []Variable
}

// Variable is one name and its value.
type Variable struct{ Name, Value string }

// HangupError says that the caller hung up, which is normal.
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

// ErrNoSpeech says that the speech engine is missing or failed. It is never the caller's failure.
var ErrNoSpeech = errors.New("the speech engine does not work")

// ErrLineLost says that the connection to the telephone system ended without a hang-up that we know of.
var ErrLineLost = errors.New("the connection to the telephone system was lost")

// ErrTakenAway says that the telephone system took the call elsewhere because we had hung: the dead-man switch fired.
// It is with an agent now, and we must not touch it.
var ErrTakenAway = errors.New("the telephone system took the call away")

// ErrDraining is the cause of calls that are ended because the service stops.
var ErrDraining = errors.New("the service is stopping")

// ErrTooLong is the cause of calls that are ended because they took longer than the Runner allows.
var ErrTooLong = errors.New("the call took too long")
