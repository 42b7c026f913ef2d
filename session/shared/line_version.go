package shared

import "time"

// LineVersion is one version of a service line, as its author wrote it.
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
	Removed bool     `json:"removed,omitempty"`
	Summary []string `json:"summary,omitempty"`
}
