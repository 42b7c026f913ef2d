package staff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"countersign/reports/words"
	"countersign/session/event"
	"countersign/web/live"
)

// why says in a sentence what is known of the caller, and how.
func (p page) why(call live.Call) string {
	switch call.Status {
	case event.StatusVerified:
		return p.T("why_verified", p.methods(call))
	case event.StatusIdentified:
		by := string(call.IdentifiedBy)
		if by == "" && len(call.Methods) > 0 {
			by = string(call.Methods[0])
		}
		if reason := p.reasonText(call.Reason); reason != "" && call.Reason != event.ReasonOK {
			return p.T("why_identified_because", p.Word(words.Steps, by), reason)
		}
		return p.T("why_identified", p.Word(words.Steps, by))
	}
	if reason := p.reasonText(call.Reason); reason != "" && call.Reason != event.ReasonOK {
		return p.T("why_none_because", reason)
	}
	return p.T("why_none")
}

// methods are what proved it, with the number of tries where the first was not right.
func (p page) methods(call live.Call) string {
	var all []string
	for _, m := range call.Methods {
		said := p.Word(words.Steps, m)
		if m == event.MethodANI && call.Start.Attestation == "A" {
			said = p.T("ani_attested")
		}
		if n := tries(call, string(m)); n > 1 {
			said = p.T("at_try", said, n)
		}
		all = append(all, said)
	}
	return strings.Join(all, ", ")
}

// tries counts the answers of the step that passed.
func tries(call live.Call, step string) (n int) {
	for _, s := range call.Steps {
		if s.Step != step || s.Result != event.StepPassed {
			continue
		}
		n = 0
		for _, a := range s.Attempts {
			if a.Result == event.AttemptAccepted || a.Result == event.AttemptRejected {
				n++
			}
		}
	}
	return n
}

// do says what that means for the agent, in the words of the line if it has some.
func (p *Pages) do(shown page, call live.Call) string {
	if p.Allows == nil || call.Reason == event.ReasonUnavailable {
		return shown.do(call)
	}
	texts := p.Allows(call.Line, call.Level)
	first := ""
	for _, l := range slices.Sorted(maps.Keys(texts)) { // en before en-GB
		if words.Language(l) == shown.Language || strings.HasPrefix(l, string(shown.Language)+"-") {
			return texts[l]
		}
		first = cmp.Or(first, texts[l])
	}
	return cmp.Or(first, shown.do(call)) // the line's words in another language say more than ours
}

// do is what the status alone says.
func (p page) do(call live.Call) string {
	switch {
	case call.Reason == event.ReasonUnavailable:
		return p.T("do_unavailable")
	case call.Status == event.StatusVerified && call.Level >= 3:
		return p.T("do_strong")
	case call.Status == event.StatusVerified:
		return p.T("do_verified")
	case call.Status == event.StatusIdentified:
		return p.T("do_identified")
	}
	return p.T("do_none")
}
