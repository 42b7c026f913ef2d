package esl

import (
	"strings"

	"countersign/session"
)

// The lines in which the network attests numbers (docs/freeswitch.md#stirshaken), in three dialects, and the number of
// the From header, which most of them are about. FreeSWITCH or the network sets all but the last. That is a plain
// header that anybody can send, and is believed only when it lowers the trust.
const (
	lineVerstatDetailed = iota
	lineVerstat
	lineFromUser
	lineNameParameters
	lineFromParameters
	lineAssertedIdentity
	lineAttestationIndicator
	attestationCount
)

var attestationLines = [attestationCount]string{
	lineVerstatDetailed:      "variable_sip_verstat_detailed",
	lineVerstat:              "variable_sip_verstat",
	lineFromUser:             "variable_sip_from_user",
	lineNameParameters:       "variable_sip_name_params",
	lineFromParameters:       "variable_sip_from_params",
	lineAssertedIdentity:     "variable_sip_P-Asserted-Identity",
	lineAttestationIndicator: "variable_sip_h_P-Attestation-Indicator",
}

// attestations are what all sources say, each with the number that it is about. FreeSWITCH checks the signature
// against the From header (sip_verstat), where a network may write verstat as well; a P-Asserted-Identity says verstat
// about itself.
func attestations(values [attestationCount][]byte) (all []session.Attestation) {
	text := func(line int) string {
		if len(values[line]) > maxHeader {
			return ""
		}
		return string(decoded(values[line]))
	}
	add := func(number string, says session.Attested) {
		if says != session.AttestedNothing {
			all = append(all, session.Attestation{Number: number, Says: says})
		}
	}
	from := text(lineFromUser)
	add(from, max(
		verstat(text(lineVerstatDetailed)), verstat(text(lineVerstat)), parameters(from),
		parameters(text(lineNameParameters)), parameters(text(lineFromParameters)),
	))
	if identity := text(lineAssertedIdentity); identity != "" {
		if strings.ContainsAny(identity, `"<`) {
			identity = withoutName(identity)
		}
		add(identity, parameters(identity))
	}
	// Bandwidth says TN-Validation-Passed for A, B and C, and sends the letter in a header of its own.
	letter := strings.TrimRight(text(lineAttestationIndicator), "; ")
	if letter != "" && !strings.EqualFold(letter, "A") {
		add("", session.AttestedPartly)
	}
	return all
}

// verstat reads one word: FreeSWITCH's sip_verstat (A is -Passed, B and C are No-TN-Validation), its
// sip_verstat_detailed (with a letter), and the carriers' (Telnyx: A is -Passed, B and C have their letter).
func verstat(word string) session.Attested {
	word = strings.ToLower(strings.TrimSpace(word))
	if rest, ok := strings.CutPrefix(word, "tn-validation-failed"); ok && (rest == "" || rest[0] == '-') {
		return session.AttestedFalsely
	}
	switch word {
	case "tn-validation-passed", "tn-validation-passed-a":
		return session.AttestedFully
	case "tn-validation-passed-b", "tn-validation-passed-c":
		return session.AttestedPartly
	default:
		return session.AttestedNothing
	}
}

// parameters reads the verstat parameters of an address, which FreeSWITCH keeps verbatim: of the user part (3GPP TS
// 24.229, section 7.2A.20), the URI or the header. Only the first address counts, without its display name, which the
// caller chooses.
func parameters(address string) session.Attested {
	sum := session.AttestedNothing
	isSeparator := func(r rune) bool { return strings.ContainsRune(`;@<>"?& `, r) }
	for parameter := range strings.FieldsFuncSeq(address, isSeparator) {
		if name, word, ok := strings.Cut(parameter, "="); ok && strings.EqualFold(name, "verstat") {
			sum = max(sum, verstat(word))
		}
	}
	return sum
}

// withoutName is the first address and its parameters, without the display name, quoted or not; "" without an address.
func withoutName(identity string) string {
	quoted := false
	for i := 0; i < len(identity); i++ {
		switch c := identity[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			address, parameters, _ := strings.Cut(identity[i:], ">")
			parameters, _, _ = strings.Cut(parameters, ",")
			return address + ">" + parameters
		}
	}
	return ""
}
