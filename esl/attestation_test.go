package esl

import (
	"testing"

	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
)

func TestAttestationsAreReadInAllDialects(t *testing.T) {
	t.Parallel()
	const (
		detailed = "variable_sip_verstat_detailed"
		short    = "variable_sip_verstat"
		asserted = "variable_sip_P-Asserted-Identity"
		letter   = "variable_sip_h_P-Attestation-Indicator"
	)
	for _, c := range []struct {
		name  string
		lines []string
		want  session.Trust
	}{
		{"nothing is said", nil, session.TrustUnknown},
		{"FreeSWITCH: A", []string{short, "TN-Validation-Passed"}, session.TrustFull},
		{"FreeSWITCH: B, C or none", []string{short, "No-TN-Validation"}, session.TrustUnknown},
		{"FreeSWITCH: a wrong signature", []string{short, "TN-Validation-Failed"}, session.TrustFailed},
		{
			"FreeSWITCH in detail: A", []string{detailed, "TN-Validation-Passed-A", short, "TN-Validation-Passed"},
			session.TrustFull,
		},
		{
			"FreeSWITCH in detail: B", []string{detailed, "TN-Validation-Passed-B", short, "No-TN-Validation"},
			session.TrustUnknown,
		},
		{
			"FreeSWITCH in detail: C", []string{detailed, "TN-Validation-Passed-C", short, "No-TN-Validation"},
			session.TrustUnknown,
		},
		{
			"FreeSWITCH in detail: a wrong signature",
			[]string{detailed, "TN-Validation-Failed-A", short, "TN-Validation-Failed"}, session.TrustFailed,
		},
		{"FreeSWITCH in detail: B, whatever the short word is", []string{
			detailed, "TN-Validation-Passed-B", short, "TN-Validation-Passed",
		},
			session.TrustUnknown},
		{"Telnyx: A", []string{asserted, "<sip:+15551230001@10.0.0.1>;verstat=TN-Validation-Passed"}, session.TrustFull},
		{
			"Telnyx: A, spelt out", []string{asserted, "<sip:+15551230001@10.0.0.1>;verstat=TN-Validation-Passed-A"},
			session.TrustFull,
		},
		{"Telnyx: B", []string{asserted, "<sip:+15551230001@10.0.0.1>;verstat=TN-Validation-Passed-B"}, session.TrustUnknown},
		{"Telnyx: C", []string{asserted, "<sip:+15551230001@10.0.0.1>;verstat=TN-Validation-Passed-C"}, session.TrustUnknown},
		{
			"Telnyx: a wrong signature", []string{asserted, "<sip:+15551230001@10.0.0.1>;verstat=TN-Validation-Failed"},
			session.TrustFailed,
		},
		{
			"3GPP: in the user part",
			[]string{asserted, `"A. Caller" <sip:+15551230001;verstat=TN-Validation-Passed@10.0.0.1:5060;user=phone>`},
			session.TrustFull,
		},
		{"3GPP: a tel URI", []string{asserted, "<tel:+15551230001;verstat=TN-Validation-Passed>"}, session.TrustFull},
		{"without brackets", []string{asserted, "sip:+15551230001;verstat=TN-Validation-Passed@10.0.0.1"}, session.TrustFull},
		{
			"in another case", []string{asserted, "<sip:+15551230001@10.0.0.1>;VERSTAT=tn-validation-passed"}, session.TrustFull,
		},
		{"only the user part is left of it", []string{asserted, "+15551230001"}, session.TrustUnknown},
		{
			"Bandwidth: A", []string{asserted, "<sip:+15551230001;verstat=TN-Validation-Passed@10.0.0.1>", letter, "A;"},
			session.TrustFull,
		},
		{
			"Bandwidth: B", []string{asserted, "<sip:+15551230001;verstat=TN-Validation-Passed@10.0.0.1>", letter, "B;"},
			session.TrustUnknown,
		},
		{"Bandwidth: the letter alone is anybody's", []string{letter, "A"}, session.TrustUnknown},
		{"a FreeSWITCH without libstirshaken behind a carrier that checks", []string{detailed, "No-TN-Validation", short, "No-TN-Validation",
			asserted, "<sip:+15551230001@10.0.0.1>;verstat=TN-Validation-Passed"}, session.TrustFull},
		{
			"a wrong signature overrules",
			[]string{short, "TN-Validation-Passed", asserted, "<sip:+1@a>;verstat=TN-Validation-Failed"}, session.TrustFailed,
		},
		{
			"a display name in quotes that claims it",
			[]string{asserted, `";verstat=TN-Validation-Passed" <sip:+15551230001@10.0.0.1>`}, session.TrustUnknown,
		},
		{"a caller's name with a quote in it", []string{
			asserted, `"\";verstat=TN-Validation-Passed <sip:x>" <sip:+15551230001@10.0.0.1>`,
		},
			session.TrustUnknown},
		{
			"a caller's name without quotes", []string{asserted, `x;verstat=TN-Validation-Passed <sip:+15551230001@10.0.0.1>`},
			session.TrustUnknown,
		},
		{"a name and no address", []string{asserted, `"x";verstat=TN-Validation-Passed`}, session.TrustUnknown},
		{
			"a second address", []string{asserted, `<sip:+1@a>, "x" <sip:+2;verstat=TN-Validation-Passed@b>`},
			session.TrustUnknown,
		},
		{
			"a word of its own", []string{short, "TN-Validation-Passed-Z", detailed, "TN-Validation-FailedNot"},
			session.TrustUnknown,
		},
		{"a header of the caller's", []string{"variable_sip_h_X-verstat", "TN-Validation-Passed"}, session.TrustUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			call, err := callFrom(header(esltest.ChannelData(c.lines...)))
			assert.NoError(t, err)
			assert.Equal(t, c.want, call.Trust)
		})
	}
}
