package session

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"countersign/session/event"
)

// Line is a service line, compiled: what happens on a call to one number. It is immutable, and a call keeps the one it started with.
type Line struct {
	Name    string
	Version int
	// Region is the ISO 3166 code of the country that numbers without a country code belong to; empty means that they are not understood.
	Region string
	// Languages are those that the line speaks, the first unless something else is known.
	Languages []string
	// Level is what the caller must reach to be "verified" on this line.
	Level Level

	// Hours are when the line is open; nil is always.
	Hours Hours
	// Closed is said outside of them, Greeting opens the call, LanguageMenu asks for a language. Confirmation and Failure close it: one of them is said
	// before the call is handed on. Enrol comes before the Confirmation of a caller who is verified, StepUp before what a step-up asks.
	Closed, Greeting, LanguageMenu, Enrol, StepUp, Confirmation, Failure Step
	// ANI identifies by the caller's number, before anything is asked. Identify is tried in order until somebody is identified.
	ANI      Step
	Identify []Step
	// Verify is asked in order until Level is reached, as far as a question can still help.
	Verify []Question

	Routes Routes
	// SendToken sends an ID&V token on with a verified call, as X-Countersign-Token.
	SendToken bool
	// Replaced holds what the line says in place of the prompts of the catalogue, by language and prompt.
	Replaced map[string]map[string]Replacement
	// PopURL opens a customer on the agent's screen: {customer}, {call}, {line} and {status} are filled in. Empty means none.
	PopURL string
}

// Hours says when a line is open.
type Hours interface{ Open(at time.Time) bool }

// Question is a step that verifies.
type Question struct {
	Step Step
	// Factor is what its right answer proves.
	Factor Factor
	// Else is asked when this one was not answered right; nil means that the call goes on to a person.
	Else *Question
}

// helps says whether a right answer would still bring the caller nearer to the level that is required.
func (q Question) helps(proven []Factor, required Level) bool {
	switch {
	case levelOf(true, proven) >= required:
		return false
	case required >= Strong: // takes one of each, and no weak one
		return q.Factor != Weak && !slices.Contains(proven, q.Factor)
	default:
		return true
	}
}

// Replacement is what a line says in place of a prompt: a recording of its own, or a text to be spoken.
type Replacement struct{ File, Text string }

// Routes is the line's table of where a call goes. Zero rows but the first three stand for the row of the call's status.
type Routes struct {
	Verified, Identified, Unidentified            Destination
	Failed, OptedOut, Locked, Unavailable, Closed Destination
}

// For picks the route of a call, and names the row of the table that it took.
func (r Routes) For(status event.Status, why event.Reason) (outcome string, to Destination) {
	if why == event.ReasonClosed && r.Closed != (Destination{}) {
		return "closed", r.Closed
	}
	if status == event.StatusVerified {
		return "verified", r.Verified
	}
	outcome, to = "unidentified", r.Unidentified
	if status == event.StatusIdentified {
		outcome, to = "identified", r.Identified
	}
	special := map[event.Reason]struct {
		row string
		to  Destination
	}{
		event.ReasonNoInput: {"failed", r.Failed}, event.ReasonNoMatch: {"failed", r.Failed}, event.ReasonNotFound: {"failed", r.Failed},
		event.ReasonWrongAnswer: {"failed", r.Failed}, event.ReasonVoid: {"failed", r.Failed}, event.ReasonNotHeard: {"failed", r.Failed},
		event.ReasonTooLong: {"failed", r.Failed}, event.ReasonSendLimit: {"failed", r.Failed},
		event.ReasonOptedOut: {"opted_out", r.OptedOut}, event.ReasonLocked: {"locked", r.Locked}, event.ReasonVelocity: {"locked", r.Locked},
		event.ReasonUnavailable: {"unavailable", r.Unavailable},
	}[why]
	if special.to != (Destination{}) {
		return special.row, special.to
	}
	return outcome, to
}

// Destination is where FreeSWITCH transfers a call to, or Hangup.
type Destination struct{ Extension, Dialplan, Context string }

// Hangup is the Destination of calls that end here.
var Hangup = Destination{Extension: "hangup"}

// ParseDestination reads "<extension> <dialplan> <context>", or "hangup".
func ParseDestination(s string) (Destination, error) {
	f := strings.Fields(s)
	for _, word := range f {
		if !IsExtension(word) {
			return Destination{}, fmt.Errorf("route %q: %q has a character that FreeSWITCH would take for something else; use letters, digits and _ - . * # + @", s, word)
		}
	}
	if len(f) == 1 && f[0] == Hangup.Extension {
		return Hangup, nil
	}
	if len(f) != 3 {
		return Destination{}, fmt.Errorf("route %q: want three words, <extension> <dialplan> <context>, such as \"agents XML default\"", s)
	}
	return Destination{Extension: f[0], Dialplan: f[1], Context: f[2]}, nil
}

// IsExtension says whether a word may stand in a Destination.
func IsExtension(word string) bool {
	return word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune("_-.*#+@", r) })
}

// IsEngine and IsGrammar say whether a speech engine or a grammar can have that name: nothing that FreeSWITCH would take for something else.
func IsEngine(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune("_:.-", r) })
}

// IsGrammar is IsEngine for a grammar: a name or a path of at most 512 bytes.
func IsGrammar(name string) bool {
	return name != "" && len(name) <= 512 && !strings.ContainsFunc(name, func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune("_:/.-", r) })
}

// IsValue says whether a text can be handed on with a call, as a channel variable and a SIP header: printable ASCII without what FreeSWITCH would expand,
// quote or take for a separator.
func IsValue(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune("|$\\'\"`^", r) })
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func (d Destination) String() string {
	return strings.TrimSpace(d.Extension + " " + d.Dialplan + " " + d.Context)
}

func (l *Line) popURL(call string, customer string, status event.Status) string {
	if l.PopURL == "" || customer == "" {
		return ""
	}
	return strings.NewReplacer(
		"{customer}", url.QueryEscape(customer), "{call}", url.QueryEscape(call), "{line}", url.QueryEscape(l.Name), "{status}", string(status),
	).Replace(l.PopURL)
}
