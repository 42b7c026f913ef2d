package whatif_test

import (
	"testing"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// toldApart is a call whose policy number fitted several customers, of whom the telephone number told one.
func toldApart() []event.Event {
	all := []event.Data{event.CallStarted{Channel: "leg"}}
	all = append(all, ran("greeting", event.StepPassed, "")...)
	all = append(all, ran("policy", event.StepSkipped, event.ReasonSeveral, noMatch, right)...)
	all = append(all, ran("phone", event.StepPassed, "", right)...)
	all = append(all, event.Identified{
		Customer: "C-1", Name: "Ada", Method: event.MethodPhone, Status: event.StatusIdentified, Level: 1,
	})
	return verified(append(all, ran("pin", event.StepPassed, "", right)...), event.MethodPhone, event.MethodPIN)
}

func TestACallWithLettersOnAnotherLine(t *testing.T) {
	t.Parallel()
	const policy, phone = "number: {name: policy, prompt: ask-account, digits: 6, letters: true}", "number: {name: phone}"
	for name, c := range map[string]struct {
		identify   string
		verdict    whatif.Verdict
		after, why string
	}{
		"the same line": {policy + ", " + phone, whatif.Same, "verified to menu XML default", ""},
		"a check that the keys can pass": {
			"number: {name: policy, prompt: ask-account, digits: 6, letters: true, check: mod11-2}, " + phone, whatif.Same,
			"verified to menu XML default", "",
		},
		"nothing that tells them apart": {
			policy, whatif.Changed, "none (several) to agents XML default",
			"failure: passed, in place of phone",
		},
		"the number taken for one of digits": {
			"number: {name: policy, prompt: ask-account, digits: 6}, " + phone, whatif.Unknown, "",
			"policy: what the caller keyed fitted several customers, and the line takes it for one's alone",
		},
		"a number between them that was not asked for": {
			policy + ", number: {name: account, digits: 6}, " + phone, whatif.Unknown, "",
			"account: not asked in the recorded call",
		},
		"the telephone number first": {
			phone + ", " + policy, whatif.Same, "verified to menu XML default", "phone: passed, in place of policy",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			def, err := lines.Parse("retail.yaml", []byte("format: 1\nline: retail\nidentify: ["+c.identify+
				"]\nverify: {questions: [pin: {}]}\nroutes: {verified: menu XML default, identified: agents XML default}\n"))
			require.NoError(t, err)
			r := trial(t, def).Run(t.Context(), toldApart())
			assert.Equal(t, c.verdict, r.Verdict, "%+v", r)
			why := r.Why
			if r.Step != "" {
				why = r.Step + ": " + why
			}
			assert.Equal(t, c.why, why)
			if assert.Equal(t, c.after == "", r.After == nil) && r.After != nil {
				assert.Equal(t, c.after, r.After.String())
			}
		})
	}
}

func TestALockOfOneCustomerIsNotThatOfAnother(t *testing.T) {
	t.Parallel()
	all := []event.Data{event.CallStarted{Channel: "leg", CallerLast4: "0001"}}
	identified := func(customer string, by event.Method) event.Data {
		return event.Identified{Customer: customer, Method: by, Status: event.StatusIdentified, Level: 1}
	}
	all = append(all, ran("greeting", event.StepPassed, "")...)
	all = append(all, ran("ani", event.StepPassed, "")...)
	all = append(all, identified("C-2", event.MethodANI))
	all = append(all, ran("pin", event.StepFailed, event.ReasonWrongAnswer, wrong, wrong, wrong)...)
	all = append(all, ran("account", event.StepPassed, "", right)...)
	all = append(all, identified("C-1", event.MethodAccount), event.Locked{On: event.LockOnCustomer, Customer: "C-1"})
	all = append(all, ran("pin", event.StepFailed, event.ReasonLocked, wrong, wrong, wrong)...)
	r := trial(t, retail(t, "pin: {}", "")).Run(t.Context(), failed(all, "", event.ReasonLocked))
	assert.Equal(t, whatif.Same, r.Verdict, "%+v", r)
	assert.Empty(t, r.Step, "the first one is asked again: %s", r.Why)
}
