package event

// FactConfigChanged: a service line was changed. It belongs to no call: its call is "line-<name>" and its seq the
// line's new version.
const FactConfigChanged Fact = "config_changed"

// ConfigChanged describes the change. The line and its version are those of the event.
type ConfigChanged struct {
	// Author is who made the change, by their own or their tool's account.
	Author string `json:"author"`
	// Comment is the author's reason, if given.
	Comment string `json:"comment,omitempty"`
	// Summary lists the changes: "verify.questions[0].pin.digits: 4-6 → 6".
	Summary []string `json:"summary"`
	// RolledBackTo is the version that this one repeats, if it was a rollback.
	RolledBackTo int `json:"rolled_back_to,omitempty"`
	// Percent of the calls that begin with this version, if it begins with a share of them; the others stay on the one
	// before.
	Percent int `json:"percent,omitempty"`
	// Removed: the line was removed.
	Removed bool `json:"removed,omitempty"`
}

// Fact implements Data.
func (ConfigChanged) Fact() Fact { return FactConfigChanged }
