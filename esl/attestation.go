package esl

import (
	"strings"

	"countersign/session"
)

// Where the network says how far it vouches for the caller's number (STIR/SHAKEN), in three dialects. All but the last are set by FreeSWITCH or by who
// asserts identities to it. The last is a plain header that anybody could send: it is only believed when it says less.
var attestationLines = [...]string{
	"variable_sip_verstat_detailed", "variable_sip_verstat", "variable_sip_P-Asserted-Identity", "variable_sip_h_P-Attestation-Indicator",
}

// vouched is what one source says, from the least to what overrules all others.
type vouched int

const (
	nothing vouched = iota // no validation, or a word that we do not know
	full                   // attestation A
	partly                 // attestation B or C: signed, but not by who knows the caller
	failed                 // the signature is wrong
)

// trust adds up what all sources say about one call. Silence of one does not weaken another, because a FreeSWITCH without libstirshaken always says
// No-TN-Validation; of two that speak, the one that says less is believed.
func trust(values [len(attestationLines)][]byte) session.Trust {
	identity := string(decoded(values[2]))
	sum := max(verstat(string(decoded(values[0]))), verstat(string(decoded(values[1]))), asserted(identity))
	// Bandwidth's word for all of A, B and C is TN-Validation-Passed, and the letter is in a header of its own.
	if letter := strings.TrimRight(string(decoded(values[3])), "; "); letter != "" && !strings.EqualFold(letter, "A") {
		sum = max(sum, partly)
	}
	switch sum {
	case full:
		return session.TrustFull
	case failed:
		return session.TrustFailed
	default:
		return session.TrustUnknown
	}
}

// verstat reads one word: FreeSWITCH's sip_verstat (A is -Passed, B and C are No-TN-Validation), its sip_verstat_detailed (a letter after each), and the
// carriers' (Telnyx: A is -Passed, B and C have their letter).
func verstat(word string) vouched {
	word = strings.ToLower(strings.TrimSpace(word))
	if rest, ok := strings.CutPrefix(word, "tn-validation-failed"); ok && (rest == "" || rest[0] == '-') {
		return failed
	}
	switch word {
	case "tn-validation-passed", "tn-validation-passed-a":
		return full
	case "tn-validation-passed-b", "tn-validation-passed-c":
		return partly
	default:
		return nothing
	}
}

// asserted finds the verstat parameters of a P-Asserted-Identity that FreeSWITCH keeps verbatim: of the user part (3GPP TS 24.229, section 7.2A.20), of the
// URI or of the header. Only the first address counts, and not the name in front of it, which is the caller's own to choose.
func asserted(identity string) vouched {
	if strings.ContainsAny(identity, `"<`) {
		identity = withoutName(identity)
	}
	sum := nothing
	for parameter := range strings.FieldsFuncSeq(identity, func(r rune) bool { return strings.ContainsRune(`;@<>"?& `, r) }) {
		if name, word, ok := strings.Cut(parameter, "="); ok && strings.EqualFold(name, "verstat") {
			sum = max(sum, verstat(word))
		}
	}
	return sum
}

// withoutName is the first address and its parameters, without the name in front of it, quoted or not. Without an address nothing is left.
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
