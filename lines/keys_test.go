package lines_test

import (
	"strings"
	"testing"
	"time"

	"countersign/lines"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoKeyMeansTwoThings(t *testing.T) {
	t.Parallel()
	const code = "verify: {questions: [sms_code: {}]}\n"
	for text, want := range map[string]string{
		"keys: {}\n":                             "",
		"keys: {repeat: \"9\", clear: \"*\"}\n":  "",
		"keys: {repeat: 8}\n":                    "",
		"keys: {repeat: none}\n":                 "",
		"keys: {opt_out: none, repeat: \"*\"}\n": "",
		"keys: {repeat: \"*\"}\n": "7:16: keys.repeat: the star key is «I don't have it»: set opt_out: none beside it, " +
			"or take 9, which callers key with the hash key behind it",
		"keys: {repeat: 0}\n" + code: "7:16: keys.repeat: 0 and the hash key are «I did not get the code»: take 6 to 9",
		"keys: {repeat: 0}\n":        "",
		"keys: {repeat: 1}\n":        "7:16: keys.repeat: \"1\": it can be auto, none, *, 0, 6, 7, 8 or 9",
		"keys: {clear: 7}\n":         "7:15: keys.clear: \"7\": it can be * or none",
	} {
		got := said(t, with(text))
		if want == "" {
			assert.Empty(t, got, text)
			continue
		}
		assert.Equal(t, []string{want}, got, text)
	}
}

// compiled are the limits of a line's identifiers and questions.
func compiled(t *testing.T, text string) map[string]steps.Limits {
	def, err := lines.Parse("f", []byte(text))
	require.NoError(t, err)
	l, err := lines.Compile(def, 1, parts())
	require.NoError(t, err)
	all := map[string]steps.Limits{}
	for _, s := range l.Identify {
		switch s := s.(type) {
		case steps.Number:
			all[s.Kind] = s.Limits
		case steps.Choice:
			all[s.Choice] = s.Limits
		}
	}
	for _, q := range l.Verify {
		switch s := q.Step.(type) {
		case steps.PIN:
			all["pin"] = s.Limits
		case steps.SMSCode:
			all["sms_code"] = s.Limits
			assert.Equal(t, 90*time.Second, s.Patience)
		}
	}
	return all
}

func TestKeysAndTimersOfEachQuestion(t *testing.T) {
	t.Parallel()
	const identify = `format: 1
line: retail
timers: {first_digit: 8s, inter_digit: 4s}
%s
identify:
  - choice: {key: "1", first_digit: 12s}
  - choice: {name: member, key: "9"}
  - number: {name: account, digits: 6, inter_digit: 6s}
  - number: {name: short, digits: 1-6, prompt: ask-account}
  - number: {name: tracking, digits: 10, opt_out: none}
verify:
  questions:
    - pin: {first_digit: 20s, inter_digit: 9s}
    - sms_code: {first_digit: 90s, inter_digit: 5s}
routes: {identified: agents XML default}
`
	with := func(keys string) string { return strings.Replace(identify, "%s", keys, 1) }
	usual := compiled(t, with(""))
	for name, want := range map[string][2]time.Duration{
		"have_account": {12 * time.Second, 4 * time.Second}, "member": {8 * time.Second, 4 * time.Second},
		"account": {8 * time.Second, 6 * time.Second}, "pin": {20 * time.Second, 9 * time.Second},
		"sms_code": {8 * time.Second, 5 * time.Second},
	} {
		assert.Equal(t, want, [2]time.Duration{usual[name].FirstDigit, usual[name].InterDigit}, name)
	}
	repeat := func(l steps.Limits) string {
		switch {
		case l.RepeatStar && l.OptOut == 0, l.Repeat == '*':
			return "*"
		case l.Repeat == 0:
			return "none"
		}
		return string(rune(l.Repeat))
	}
	for keys, want := range map[string][5]string{ // account, short, tracking, member, pin
		"":                                     {"9", "none", "*", "none", "9"},
		"keys: {repeat: 8}":                    {"8", "none", "8", "8", "8"},
		"keys: {repeat: none}":                 {"none", "none", "none", "none", "none"},
		"keys: {opt_out: none}":                {"*", "*", "*", "*", "*"},
		"keys: {opt_out: none, repeat: \"*\"}": {"*", "*", "*", "*", "*"},
		"keys: {repeat: auto, clear: \"*\"}":   {"9", "none", "*", "none", "9"},
	} {
		l := compiled(t, with(keys))
		got := [5]string{}
		for i, name := range []string{"account", "short", "tracking", "member", "pin"} {
			got[i] = repeat(l[name])
		}
		assert.Equal(t, want, got, keys)
	}
	clear := compiled(t, with("keys: {clear: \"*\"}"))
	assert.Equal(t, byte('*'), clear["account"].Clear)
	assert.Equal(t, byte('*'), clear["account"].OptOut)
	assert.Zero(t, clear["tracking"].OptOut)
}
