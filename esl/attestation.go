package esl

import (
	"strings"

	"countersign/session"
)

// The lines in which the network attests the caller's number (docs/freeswitch.md#stirshaken), in three dialects.
// FreeSWITCH or the network sets all but the last. That is a plain header that anybody can send, and is believed only
// when it lowers the trust.
const (
	lineVerstatDetailed = iota
	lineVerstat
	lineAssertedIdentity
	lineAttestationIndicator
	attestationCount
)

var attestationLines = [attestationCount]string{
	lineVerstatDetailed:      "variable_sip_verstat_detailed",
	lineVerstat:              "variable_sip_verstat",
	lineAssertedIdentity:     "variable_sip_P-Asserted-Identity",
	lineAttestationIndicator: "variable_sip_h_P-Attestation-Indicator",
}

// attestation is what one source says, ordered so that the larger value overrules.
type attestation int

const (
	none    attestation = iota // no validation, or an unknown word
	full                       // attestation A
	partial                    // attestation B or C: signed, but not by a network that knows the caller
	failed                     // the signature is wrong
)

// trust combines all sources for one call. A source that says nothing does not weaken another, because a FreeSWITCH
// without libstirshaken always says No-TN-Validation; of two that speak, the lower one counts.
func trust(values [attestationCount][]byte) session.Trust {
	text := func(line int) string { return string(decoded(values[line])) }
	combined := max(
		verstat(text(lineVerstatDetailed)), verstat(text(lineVerstat)), asserted(text(lineAssertedIdentity)),
	)
	// Bandwidth says TN-Validation-Passed for A, B and C, and sends the letter in a header of its own.
	letter := strings.TrimRight(text(lineAttestationIndicator), "; ")
	if letter != "" && !strings.EqualFold(letter, "A") {
		combined = max(combined, partial)
	}
	switch combined {
	case full:
		return session.TrustFull
	case failed:
		return session.TrustFailed
	default:
		return session.TrustUnknown
	}
}

// verstat reads one word: FreeSWITCH's sip_verstat (A is -Passed, B and C are No-TN-Validation), its
// sip_verstat_detailed (with a letter), and the carriers' (Telnyx: A is -Passed, B and C have their letter).
func verstat(word string) attestation {
	word = strings.ToLower(strings.TrimSpace(word))
	if rest, ok := strings.CutPrefix(word, "tn-validation-failed"); ok && (rest == "" || rest[0] == '-') {
		return failed
	}
	switch word {
	case "tn-validation-passed", "tn-validation-passed-a":
		return full
	case "tn-validation-passed-b", "tn-validation-passed-c":
		return partial
	default:
		return none
	}
}

// asserted reads the verstat parameters of a P-Asserted-Identity, which FreeSWITCH keeps verbatim: of the user part
// (3GPP TS 24.229, section 7.2A.20), the URI or the header. Only the first address counts, without its display name,
// which the caller chooses.
func asserted(identity string) attestation {
	if strings.ContainsAny(identity, `"<`) {
		identity = withoutName(identity)
	}
	sum := none
	isSeparator := func(r rune) bool { return strings.ContainsRune(`;@<>"?& `, r) }
	for parameter := range strings.FieldsFuncSeq(identity, isSeparator) {
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
