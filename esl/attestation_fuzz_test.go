package esl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"countersign/session"
)

// FuzzAttestations: whatever headers a caller chooses, a number counts as the network's own word only if a header says
// so, and the one that anybody may send never raises the trust.
func FuzzAttestations(f *testing.F) {
	f.Add("TN-Validation-Passed", "+15551230001", "", "", "")
	f.Add("TN-Validation-Passed-C", "+15551230001", ";verstat=TN-Validation-Passed", `"a<b" <sip:+15551230001@x;verstat=no>`, "A;")
	f.Add("", "", "", `"\" <sip:+1;verstat=TN-Validation-Passed>, <sip:+2>;verstat=TN-Validation-Failed`, "B")
	f.Add("%54N-Validation-Passed", "%2B1", "%", "<", "a ; ;")
	f.Fuzz(func(t *testing.T, verstat, from, parameters, identity, letter string) {
		read := func(letter string) session.Trust {
			values := [attestationCount][]byte{
				lineVerstat: []byte(verstat), lineFromUser: []byte(from), lineFromParameters: []byte(parameters),
				lineAssertedIdentity: []byte(identity), lineAttestationIndicator: []byte(letter),
			}
			all := attestations(values)
			require.LessOrEqual(t, len(all), 3)
			return session.Call{Caller: "+15551230001", Attestations: all}.TrustIn("US")
		}
		trust := read(letter)
		if trust != session.TrustFull {
			return
		}
		require.Equal(t, session.TrustFull, read(""), "the letter raised it")
		said := ""
		for _, text := range []string{verstat, from, parameters, identity} {
			said += " " + strings.ToLower(string(decoded([]byte(text))))
		}
		require.Contains(t, said, "tn-validation-passed")
	})
}
