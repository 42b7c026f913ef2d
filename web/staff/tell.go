package staff

import (
	"strings"

	"countersign/reports/words"
	"countersign/session/event"
)

// tell says what an event means.
func (p page) tell(e event.Event) string {
	step := func(s string) string { return p.Word(words.Steps, s) }
	reason := func(r event.Reason) string { return p.Word(words.Reasons, r) }
	switch d := e.Data.(type) {
	case event.CallStarted:
		if d.Continues != "" {
			return p.T("tell_came_back")
		}
		if d.CallerWithheld || d.CallerLast4 == "" {
			return p.T("tell_started_withheld")
		}
		return p.T("tell_started", d.CallerLast4)
	case event.StepStarted:
		return p.T("tell_step_started", step(d.Step))
	case event.StepFinished:
		text := p.T("tell_step_"+string(d.Result), step(d.Step))
		if d.Reason != "" && d.Reason != event.ReasonOK {
			text += ": " + reason(d.Reason)
		}
		if n := len(d.Attempts); n > 1 {
			text += ", " + p.T("tell_attempts", n)
		}
		return text
	case event.Identified:
		return p.T("tell_identified", d.Customer, step(string(d.Method)))
	case event.Verified:
		return p.T("tell_verified", d.Customer, d.Level)
	case event.Failed:
		return p.T("tell_failed", reason(d.Reason))
	case event.Routed:
		return p.T("tell_routed", d.Destination)
	case event.CallEnded:
		return p.T("tell_ended_" + string(d.End))
	case event.CodeSent:
		return p.T("tell_code_sent")
	case event.ProofShown:
		return p.T("tell_proof_shown")
	case event.ProofConfirmed:
		if d.Passkey {
			return p.T("tell_proof_passkey")
		}
		return p.T("tell_proof_confirmed")
	case event.ProofDenied:
		return p.T("tell_proof_denied_" + string(d.Why))
	case event.Locked:
		return p.T("tell_locked")
	case event.StepUpRequested:
		return p.T("tell_step_up")
	case event.AgentOffered:
		return p.T("tell_offered", d.Agent)
	case event.AgentConnected:
		return p.T("tell_connected", d.Agent, d.WaitedMilliseconds/1000)
	case event.AgentMissed:
		return p.T("tell_missed", d.Agent)
	case event.AgentDone:
		if d.Agent == "" {
			return p.T("tell_gave_up")
		}
		return p.T("tell_done", d.Agent, d.TalkedMilliseconds/1000)
	}
	return strings.ReplaceAll(string(e.Fact()), "_", " ")
}
