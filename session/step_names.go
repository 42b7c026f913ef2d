package session

import (
	"regexp"
	"slices"

	"countersign/session/event"
)

// A company names its own identifiers, facts and choices. Each name is that of a step in events and reports, and may be
// a column of the customers CSV.

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// reserved are the names of other steps and columns.
var reserved = []string{
	"greeting", "language", "step_up", "confirmation", "failure", "closed", "remember_number",
	"id", "name", "phones", "emails", "totp_secret", "enrolled",
}

// IsName says whether a name has the right form: up to 32 lower-case letters, digits and _, a letter first.
func IsName(name string) bool { return namePattern.MatchString(name) }

// MayIdentify says whether an identifier may have that name, built-in or a company's own.
func MayIdentify(name string) bool {
	m, ours := MethodOf(event.Method(name))
	return IsName(name) && !slices.Contains(reserved, name) && (!ours || m.free() || m.Identifies && m.Asks != "")
}

// MayBeFact says whether a company's own numeric fact may have that name.
func MayBeFact(name string) bool {
	m, ours := MethodOf(event.Method(name))
	return IsName(name) && !slices.Contains(reserved, name) && (!ours || m.free())
}

// free says that a company may use a built-in method's name, because no call meets that method itself.
func (m Method) free() bool { return m.Asks == "" && !m.Identifies && m.By == "" }

// IsFact says whether a customer's record may have a numeric fact of that name: a company's own, or a built-in one.
func IsFact(name string) bool {
	m, _ := MethodOf(event.Method(name))
	return m.Fact || MayBeFact(name)
}
