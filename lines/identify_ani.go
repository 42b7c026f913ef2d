package lines

import (
	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// ANI identifies by the caller's number.
type ANI struct {
	Enabled     bool   `yaml:"enabled"`
	Several     string `yaml:"several" enum:"ask"`
	Attestation string `yaml:"attestation" enum:"any,A"`
	everySettings
}

func (*ANI) key() string    { return string(event.MethodANI) }
func (a *ANI) setDefaults() { *a = ANI{Enabled: true, Several: "ask", Attestation: "any"} }

func (*ANI) warn(w *warner, at place) {
	if at.index > 0 {
		w.say(at.entry(), "the caller's number is always tried first: write it first")
	}
}

func (*ANI) prompts() []string { return nil }

func (a *ANI) addTo(l *session.Line, c compiler) {
	if a.Enabled {
		l.ANI = steps.ANI{Directory: c.parts.Directory, Attested: a.Attestation == "A"}
	}
}
