package shared

import "time"

// LineVersion is one version of a service line, as its author wrote it. Removed with version 0 means that somebody
// deleted the line's key in the store itself: nothing is known of its versions any more.
type LineVersion struct {
	Name    string    `json:"-"`
	Version int       `json:"version"`
	YAML    string    `json:"yaml,omitempty"`
	Author  string    `json:"author"`
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
	// RolledBackTo is the version that this one repeats, if it was a rollback.
	RolledBackTo int `json:"rolled_back_to,omitempty"`
	// Removed: the line was removed. It has no YAML then.
	Removed bool `json:"removed,omitempty"`
	// Staged: it begins with a share of the calls; nil for all.
	Staged  *Staged  `json:"staged,omitempty"`
	Summary []string `json:"summary,omitempty"`
}

// OlderThan reports whether other replaces v: it has a higher version, or the same one and was written later, because
// the count began anew.
func (v LineVersion) OlderThan(other LineVersion) bool {
	if v.Version != other.Version {
		return v.Version < other.Version
	}
	return v.At.Before(other.At)
}
