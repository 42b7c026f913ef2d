package session

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"countersign/session/event"
)

// Line is a compiled service line: what happens on a call to one number. It is immutable, and a call keeps the version
// it started with.
type Line struct {
	Name    string
	Version int
	// Region is the ISO 3166 country of numbers without a country code; if empty, such numbers are not understood.
	Region string
	// Languages are the line's, the default first.
	Languages []string
	// Level is what the caller must reach to be "verified" on this line.
	Level Level

	// Hours are the opening hours; nil means always open.
	Hours Hours
	// Closed is played outside of them, Greeting opens the call, LanguageMenu asks for a language. Confirmation or
	// Failure is played before the call is handed on, Enrol before the Confirmation of a verified caller, Wait behind both
	// if the call goes where those of identified callers go, StepUp before the questions of a step-up.
	Closed, Greeting, LanguageMenu, Enrol, StepUp, Confirmation, Failure, Wait Step
	// ANI identifies by the caller's number before any question. Identify is tried in order until the caller is
	// identified.
	ANI      Step
	Identify []Step
	// Verify is asked in order until Level is reached; questions that cannot help are skipped.
	Verify []Question

	Routes Routes
	// SendToken sends an ID&V token on with a verified call, as X-Countersign-Token.
	SendToken bool
	// Replaced holds the line's own prompts, by language and prompt.
	Replaced map[string]map[string]Replacement
	// PopURL is the template of the agent's screen pop, with {customer}, {call}, {line} and {status}; empty for none.
	PopURL string
	// OnPage is what a verified caller can do next on their own page.
	OnPage []PageChoice
	// Allows says on the agent's screen what agents may do for a caller at a level, by language.
	Allows map[Level]map[string]string
}

// Hours says when a line is open.
type Hours interface{ Open(at time.Time) bool }

// Question is a step that verifies.
type Question struct {
	Step Step
	// Factor is what a right answer proves.
	Factor Factor
	// Else is asked if this one was not answered right; nil sends the call to an agent.
	Else *Question
}

// helps says whether a right answer would still bring the caller closer to the required level.
func (q Question) helps(proven []Factor, required Level) bool {
	switch {
	case levelOf(true, proven) >= required:
		return false
	case required >= Strong: // needs knowledge and possession
		return q.Factor != Weak && !slices.Contains(proven, q.Factor)
	default:
		return true
	}
}

// Replacement is a line's own prompt: a recording, or a text to be spoken.
type Replacement struct{ File, Text string }

// Routes is the line's table of destinations. Rows after the first three may be zero; the row of the call's status
// applies then.
type Routes struct {
	Verified, Identified, Unidentified            Destination
	Failed, OptedOut, Locked, Unavailable, Closed Destination
}

// For picks the route of a call and names its row.
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
		event.ReasonNoInput: {"failed", r.Failed}, event.ReasonNoMatch: {"failed", r.Failed},
		event.ReasonNotFound:    {"failed", r.Failed},
		event.ReasonWrongAnswer: {"failed", r.Failed}, event.ReasonVoid: {"failed", r.Failed},
		event.ReasonDenied:   {"failed", r.Failed},
		event.ReasonNotHeard: {"failed", r.Failed},
		event.ReasonTooLong:  {"failed", r.Failed}, event.ReasonSendLimit: {"failed", r.Failed},
		event.ReasonOptedOut: {"opted_out", r.OptedOut}, event.ReasonLocked: {"locked", r.Locked},
		event.ReasonVelocity:    {"locked", r.Locked},
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
			return Destination{}, fmt.Errorf(
				"route %q: %q has a character that FreeSWITCH would take for something else; use letters, digits and _ - . * # + @",
				s, word)
		}
	}
	if len(f) == 1 && f[0] == Hangup.Extension {
		return Hangup, nil
	}
	if len(f) != 3 {
		return Destination{}, fmt.Errorf(
			"route %q: want three words, <extension> <dialplan> <context>, such as \"agents XML default\"", s)
	}
	return Destination{Extension: f[0], Dialplan: f[1], Context: f[2]}, nil
}

// IsExtension says whether a word may stand in a Destination.
func IsExtension(word string) bool {
	return word != "" && isAlphanumericOr(word, "_-.*#+@")
}

// IsEngine says whether a name is safe for a speech engine: FreeSWITCH reads it as nothing else.
func IsEngine(name string) bool {
	return name != "" && isAlphanumericOr(name, "_:.-")
}

// IsGrammar is IsEngine for a grammar: a name or a path of at most 512 bytes.
func IsGrammar(name string) bool {
	return name != "" && len(name) <= 512 && isAlphanumericOr(name, "_:/.-")
}

// IsValue says whether a text is safe as a channel variable and a SIP header: printable ASCII without what FreeSWITCH
// would expand, quote or take for a separator.
func IsValue(text string) bool {
	return !strings.ContainsFunc(
		text, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune("|$\\'\"`^", r) },
	)
}

func isAlphanumericOr(text, others string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune(others, r) })
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
		"{customer}", url.QueryEscape(customer), "{call}", url.QueryEscape(call),
		"{line}", url.QueryEscape(l.Name), "{status}", string(status),
	).Replace(l.PopURL)
}

// Own is the line's own version of a prompt, and the language that it is in: that of the call or, for a language with a
// region, its language.
func (l *Line) Own(language, prompt string) (own Replacement, in string, ok bool) {
	base, _, _ := strings.Cut(language, "-")
	for _, in = range []string{language, base} {
		if own, ok = l.Replaced[in][prompt]; ok {
			return own, in, true
		}
	}
	return Replacement{}, "", false
}

// PageChoice is what a verified caller can do next on their own page.
type PageChoice struct {
	// Title is what the button says, by language.
	Title map[string]string
	// To is where the call goes; URL is where the browser goes, with an ID&V token, if To is zero.
	To  Destination
	URL string
}
