package session

import (
	"fmt"
	"net/url"
	"strings"

	"countersign/session/event"
)

// Line is a service line, compiled: what happens on a call to one number. It is immutable, and a call keeps the one it started with.
type Line struct {
	Name    string
	Version int
	// Region is the ISO 3166 code of the country that numbers without a country code belong to; empty means that they are not understood.
	Region string
	// Language is the first language of the line's prompts.
	Language string
	// Level is what the caller must reach to be "verified" on this line.
	Level Level

	// Greeting opens the call. Confirmation and Failure close it: one of them is said before the call is handed on.
	Greeting, Confirmation, Failure Step
	// Identify is tried in order until somebody is identified; Verify in order until Level is reached.
	Identify, Verify []Step

	Routes Routes
	// PopURL opens a customer on the agent's screen: {customer}, {call}, {line} and {status} are filled in. Empty means none.
	PopURL string
}

// Routes is the line's table of where a call goes.
type Routes struct {
	Verified, Identified, Unidentified Destination
}

// For picks the route for a status, and names the row of the table that it took.
func (r Routes) For(s event.Status) (outcome string, to Destination) {
	switch s {
	case event.StatusVerified:
		return "verified", r.Verified
	case event.StatusIdentified:
		return "identified", r.Identified
	default:
		return "unidentified", r.Unidentified
	}
}

// Destination is where FreeSWITCH transfers a call to.
type Destination struct{ Extension, Dialplan, Context string }

// ParseDestination reads "<extension> <dialplan> <context>".
func ParseDestination(s string) (Destination, error) {
	f := strings.Fields(s)
	if len(f) != 3 {
		return Destination{}, fmt.Errorf("route %q: want three words, <extension> <dialplan> <context>, such as \"agents XML default\"", s)
	}
	return Destination{Extension: f[0], Dialplan: f[1], Context: f[2]}, nil
}

func (d Destination) String() string { return d.Extension + " " + d.Dialplan + " " + d.Context }

func (l *Line) popURL(call string, customer string, status event.Status) string {
	if l.PopURL == "" || customer == "" {
		return ""
	}
	return strings.NewReplacer(
		"{customer}", url.QueryEscape(customer), "{call}", url.QueryEscape(call), "{line}", url.QueryEscape(l.Name), "{status}", string(status),
	).Replace(l.PopURL)
}
