package steps_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// Each row has one silence more than the limit, if those before the resend counted.
func TestSilencesBeforeACodeIsSentAgainDoNotCount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []string
		reason  string
		want    []event.AttemptResult
	}{
		"two before and two behind": {[]string{"", "", "0#", "", "", "{}#"}, "ok",
			results("no_input", "no_input", "served", "no_input", "no_input", "accepted")},
		"two before and three behind": {[]string{"", "", "0#", "", "", "", "{}#"}, "no_input",
			results("no_input", "no_input", "served", "no_input", "no_input", "no_input")},
		"one before each of two": {[]string{"", "", "0#", "", "", "0#", "", "", "{}#"}, "ok",
			results("no_input", "no_input", "served", "no_input", "no_input", "served", "no_input", "no_input",
				"accepted")},
		"three without one": {[]string{"", "", "", "0#", "{}#"}, "no_input",
			results("no_input", "no_input", "no_input")},
	} {
		d, p := enrolled(), &phoneCompany{}
		_, j, v := dial(t, verifying(d, 2, possession(smsCode(d, p))), "+15551230001", reads(p, c.answers...)...)
		assert.Equal(t, c.reason, v["cs_reason"], name)
		assert.Equal(t, c.want, attempts(j, "sms_code"), name)
	}
}

func TestAtAReadBackSilenceMeansYesAndOtherKeysAskAgain(t *testing.T) {
	t.Parallel()
	once, twice := []string{"read-back-confirm"}, []string{"read-back-confirm", "read-back-confirm-again"}
	for name, c := range map[string]struct {
		answers []string
		agreed  bool
		confirm []string // the prompts that asked whether it is right
	}{
		"silence":                        {[]string{""}, true, once},
		"1":                              {[]string{"1"}, true, once},
		"2":                              {[]string{"2"}, false, once},
		"the opt-out key":                {[]string{"*"}, false, once},
		"another key, then silence":      {[]string{"7", ""}, true, twice},
		"the hash key, then 1":           {[]string{"#", "1"}, true, twice},
		"the hash key, then the opt-out": {[]string{"#", "*"}, false, twice},
		"another key, twice":             {[]string{"7", "8"}, false, twice},
	} {
		d := bank()
		l := line(d)
		n := number(d, "account")
		n.ReadBack, n.Limits.NoMatches = steps.ReadBackAlways, 1
		l.Identify = []session.Step{n}
		ch, j, _ := dial(t, l, "", keys(append([]string{"100042#"}, c.answers...)...)...)
		want, asked := results("accepted"), []string{"account 100042"}
		if !c.agreed {
			want, asked = results("no_match"), nil
		}
		assert.Equal(t, want, attempts(j, "account"), name)
		assert.Equal(t, asked, d.accountsAsked, "%s: only a number that was agreed to is looked up", name)
		var confirm []string
		for _, q := range ch.Collects() {
			if last := q.Files[len(q.Files)-1]; q.Max == 1 {
				assert.True(t, q.Flush, "%s: what was keyed before the number was read back is no answer", name)
				confirm = append(confirm, last)
			}
		}
		assert.Equal(t, c.confirm, confirm, name)
	}
}
