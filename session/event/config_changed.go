package event

// FactConfigChanged: somebody changed a service line. It is about no call: its call is "line-<name>" and its seq the line's new version.
const FactConfigChanged Fact = "config_changed"

// ConfigChanged says who changed what. The line and its version are those of the event.
type ConfigChanged struct {
	// Author is who did it, as they or their tool say.
	Author string `json:"author"`
	// Comment says why, if they did.
	Comment string `json:"comment,omitempty"`
	// Summary has one entry for each thing that changed: "verify.questions[0].pin.digits: 4-6 → 6".
	Summary []string `json:"summary"`
	// RolledBackTo is the version that this one repeats, if it was a rollback.
	RolledBackTo int `json:"rolled_back_to,omitempty"`
	// Removed says that the line is gone.
	Removed bool `json:"removed,omitempty"`
}

// Fact implements Data.
func (ConfigChanged) Fact() Fact { return FactConfigChanged }
