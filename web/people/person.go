// Package people keeps who may sign in to the screens: accounts with roles, invitations, passwords and sessions, on
// the state that machines share. It answers "who is this, and what may they see?". It serves no pages.
package people

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"countersign/web/access"
)

// Person is somebody who may sign in.
type Person struct {
	// ID is the name that they sign in with, in lower case: a word or an e-mail address.
	ID string `json:"id"`
	// Name is how others know them.
	Name string `json:"name"`
	// Roles are what they may do; Lines the service lines that they see, none for all.
	Roles []access.Role `json:"roles"`
	Lines []string      `json:"lines,omitempty"`
	// Agents are their extensions and mod_callcenter agents.
	Agents []string `json:"agents,omitempty"`
	// Language is that of their screens: en, de, or "" for the browser's.
	Language string `json:"language,omitempty"`
	// Disabled: they cannot sign in, and their sessions are over.
	Disabled bool      `json:"disabled,omitempty"`
	Created  time.Time `json:"created"`

	// Password is an argon2id hash in PHC format; "" before the invitation is accepted.
	Password string `json:"password,omitempty"`
	// Generation counts up to end all sessions at once.
	Generation int `json:"generation,omitempty"`
	// Subject is the hash of who they are at the identity provider, or "".
	Subject string `json:"subject,omitempty"`
	// Passkeys are the keys of their devices, and Handle what the devices know them by; nil before the first.
	Passkeys []Passkey `json:"passkeys,omitempty"`
	Handle   []byte    `json:"handle,omitempty"`
	// Seen is when they last marked their missed calls as seen.
	Seen time.Time `json:"seen,omitzero"`
}

// Who is what others may know about the person.
func (p Person) Who() access.Who {
	return access.Who{
		ID: p.ID, Name: p.Name, Roles: p.Roles, Lines: p.Lines, Agents: p.Agents, Language: p.Language,
	}
}

// State is "invited" before the first password, passkey or sign-in elsewhere, "disabled", or "active".
func (p Person) State() string {
	switch {
	case p.Disabled:
		return "disabled"
	case p.Password == "" && p.Subject == "" && len(p.Passkeys) == 0:
		return "invited"
	}
	return "active"
}

// idPattern is also what a key of the shared state may hold, but for @ and +, which keyOf writes in another way.
var idPattern = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?(?:@[a-z0-9-]+(?:\.[a-z0-9-]+)+)?$`)

const (
	maxText = 100
	maxID   = 254 // RFC 5321 allows an address no more
)

func isID(id string) bool {
	return len(id) <= maxID && idPattern.MatchString(id) && !strings.Contains(id, "..")
}

// Check lists what is wrong with a person.
func (p Person) Check() error {
	var errs []error
	if !isID(p.ID) {
		errs = append(errs, fmt.Errorf("the id %q must be a word of letters, digits, dots and hyphens, or an e-mail address",
			p.ID))
	}
	if p.Name == "" || len(p.Name) > maxText || strings.ContainsFunc(p.Name, unicode.IsControl) {
		errs = append(errs, fmt.Errorf("the name must have 1 to %d bytes and no control characters", maxText))
	}
	if len(p.Roles) == 0 && p.Subject == "" { // the identity provider lets in whom it knows, and a role comes later
		errs = append(errs, fmt.Errorf("a role is missing: %s", joined(access.Roles())))
	}
	for _, r := range p.Roles {
		if !slices.Contains(access.Roles(), r) {
			errs = append(errs, fmt.Errorf("there is no role %q: it can be %s", r, joined(access.Roles())))
		}
	}
	if p.Language != "" && p.Language != "en" && p.Language != "de" {
		errs = append(errs, fmt.Errorf("the language %q must be en or de", p.Language))
	}
	for _, list := range [][]string{p.Lines, p.Agents} {
		for _, s := range list {
			if s == "" || len(s) > maxText || strings.ContainsFunc(s, unicode.IsControl) {
				errs = append(errs, fmt.Errorf("%q is no name of a line or agent", s))
			}
		}
	}
	return errors.Join(errs...)
}

// RolesText is what the audit log says of a person's roles.
func RolesText(p Person) string { return "roles " + joined(p.Roles) }

func joined[S ~string](all []S) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}
