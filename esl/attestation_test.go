package esl

import (
	"testing"

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
		{"a FreeSWITCH without libstirshaken behind a carrier that checks",
			[]string{detailed, "No-TN-Validation", short, "No-TN-Validation",
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
			lines := append([]string{
				"Caller-Caller-ID-Number", "+15551230001", "variable_sip_from_user", "+15551230001",
			}, c.lines...)
			assert.Equal(t, c.want, callWith(t, lines...).TrustIn("US"))
		})
	}
}

func TestAnAttestationCountsOnlyForTheNumberThatIsUsed(t *testing.T) {
	t.Parallel()
	const (
		caller   = "Caller-Caller-ID-Number"
		from     = "variable_sip_from_user"
		short    = "variable_sip_verstat"
		detailed = "variable_sip_verstat_detailed"
		asserted = "variable_sip_P-Asserted-Identity"
		letter   = "variable_sip_h_P-Attestation-Indicator"
		name     = "variable_sip_name_params"
		victim   = "+12125550101"
		attacker = "+13035550199"
	)
	for _, c := range []struct {
		name  string
		lines []string
		want  session.Trust
	}{
		{"P-Asserted-Identity attested, the number from P-Preferred-Identity", []string{
			caller, victim, from, victim, asserted, "<sip:" + attacker + "@carrier.example;verstat=TN-Validation-Passed-A>",
		}, session.TrustUnknown},
		{"From signed, the number from Remote-Party-ID", []string{
			caller, victim, from, attacker, short, "TN-Validation-Passed",
		}, session.TrustUnknown},
		{"From signed in detail, the number from P-Asserted-Identity", []string{
			caller, victim, from, attacker, detailed, "TN-Validation-Passed-A", asserted, "<sip:" + victim + "@x>",
		}, session.TrustUnknown},
		{"From attested in its user part, the number set by the dialplan", []string{
			caller, victim, from, attacker, name, "verstat=TN-Validation-Passed",
		}, session.TrustUnknown},
		{"no From to speak of", []string{caller, victim, from, "", short, "TN-Validation-Passed"}, session.TrustUnknown},
		{"From is a name", []string{caller, victim, from, "alice", short, "TN-Validation-Passed"}, session.TrustUnknown},
		{"no number", []string{caller, "anonymous", from, "anonymous", short, "TN-Validation-Passed"}, session.TrustUnknown},
		{"a number that could be two", []string{
			caller, "6592345678", from, "+16592345678", short, "TN-Validation-Passed",
		}, session.TrustUnknown},
		{"the attested number ends in the used one", []string{
			caller, "2125550101", from, "+492125550101", short, "TN-Validation-Passed",
		}, session.TrustUnknown},
		{"another address is attested, the first is not", []string{
			caller, victim, from, victim, asserted,
			"<sip:" + victim + "@x>, <sip:" + victim + ";verstat=TN-Validation-Passed@x>",
		}, session.TrustUnknown},

		{"the same number, with and without +", []string{caller, victim[1:], from, victim, short, "TN-Validation-Passed"},
			session.TrustFull},
		{"the same number, as the dialplan writes it", []string{
			caller, "(212) 555-0101", from, victim, short, "TN-Validation-Passed",
		}, session.TrustFull},
		{"P-Asserted-Identity is the number, From is not", []string{
			caller, victim, from, attacker, asserted, "<tel:" + victim + ";verstat=TN-Validation-Passed-A>",
		}, session.TrustFull},
		{"verstat in the user part of From", []string{caller, victim, from, victim, name, "verstat=TN-Validation-Passed"},
			session.TrustFull},
		{"verstat in the parameters of From", []string{
			caller, victim, from, victim, "variable_sip_from_params", "user=phone;verstat=TN-Validation-Passed-A",
		}, session.TrustFull},
		{"verstat left in the number", []string{
			caller, victim + ";verstat=TN-Validation-Passed", from, victim + ";verstat=TN-Validation-Passed",
		}, session.TrustFull},
		{"attested, but B by the letter", []string{
			caller, victim, from, victim, name, "verstat=TN-Validation-Passed", letter, "B",
		}, session.TrustUnknown},
		{"attested, and B for another number", []string{
			caller, victim, from, victim, short, "TN-Validation-Passed",
			asserted, "<sip:" + attacker + ";verstat=TN-Validation-Passed-B@x>",
		}, session.TrustFull},
		{"a wrong signature of another number", []string{
			caller, victim, from, attacker, short, "TN-Validation-Failed",
		}, session.TrustFailed},
		{"a wrong signature beside a right one", []string{
			caller, victim, from, attacker, short, "TN-Validation-Failed",
			asserted, "<sip:" + victim + ";verstat=TN-Validation-Passed@x>",
		}, session.TrustFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, callWith(t, c.lines...).TrustIn("US"))
		})
	}
}
