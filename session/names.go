package session

import (
	"regexp"
	"slices"

	"countersign/session/event"
)

// A company names identifiers, facts and choices of its own. Each name is a step's in events and reports, and may be a
// column of the customers.

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// reserved are names of other steps and other columns.
var reserved = []string{
	"greeting", "language", "step_up", "confirmation", "failure", "closed", "remember_number",
	"id", "name", "phones", "totp_secret", "enrolled",
}

// IsName says whether something can be called so at all: up to 32 small letters, digits and _, and a letter first.
func IsName(name string) bool { return namePattern.MatchString(name) }

// MayIdentify says whether what a caller is asked for to find out who they are may be called so: by one of our names
// for it, or a company's own.
func MayIdentify(name string) bool {
	m, ours := MethodOf(event.Method(name))
	return IsName(name) && !slices.Contains(reserved, name) && (!ours || m.free() || m.Identifies && m.Asks != "")
}

// MayBeFact says whether a company may call a numeric fact of its customers so.
func MayBeFact(name string) bool {
	m, ours := MethodOf(event.Method(name))
	return IsName(name) && !slices.Contains(reserved, name) && (!ours || m.free())
}

// free says that a company may use a method's name for something else: a call never meets that method itself.
func (m Method) free() bool { return m.Asks == "" && !m.Identifies }

// IsFact says whether a customer's record may have a numeric fact of that name: a company's own, or one that a method
// of ours asks for.
func IsFact(name string) bool {
	m, _ := MethodOf(event.Method(name))
	return m.Fact || MayBeFact(name)
}
