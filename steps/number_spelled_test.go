package steps_test

import (
	"testing"

	"countersign/session"
	"countersign/session/sessiontest"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
)

// spelling is a line whose callers may key or spell their policy, of six characters. AB1234 is Ada's, DB1234 Bob's; both
// have other keys than AC1234, which nobody has.
func spelling(language string, check steps.CheckDigit) *session.Line {
	d := insurer()
	d.byAccount["AB1234"], d.byAccount["DB1234"] = ada, bob
	l := insurersLine(d)
	l.Languages = []string{language}
	policy := l.Identify[0].(steps.Number)
	policy.Min, policy.Max, policy.Speech, policy.SpokenCheck = 6, 6, heeds, check
	l.Identify = []session.Step{policy}
	return l
}

func TestAPolicyIsSpelledReadBackAndConfirmed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		language string
		says     []string
		customer string
	}{
		"in the words of NATO":          {"en", []string{"alpha bravo one two three four", "yes", "2468#"}, "C-1"},
		"explained":                     {"en", []string{"A as in apple B as in boy one two three four", "that's right", "2468#"}, "C-1"},
		"with a number as one":          {"en", []string{"alpha bravo twelve thirty four", "1", "2468#"}, "C-1"},
		"in German":                     {"de", []string{"A wie Anton B wie Berta eins zwei drei vier", "ja", "2468#"}, "C-1"},
		"in the words of DIN 5009":      {"de", []string{"Aachen Berlin eins zwo drei vier", "stimmt", "2468#"}, "C-1"},
		"one letter corrected":          {"en", []string{"charlie bravo one two three four", "no, the first letter is alpha", "yes", "2468#"}, "C-1"},
		"one letter replaced":           {"en", []string{"echo bravo one two three four", "not echo but D as in delta", "yes", "135792#"}, "C-2"},
		"one letter corrected, German":  {"de", []string{"Cäsar Berta eins zwei drei vier", "nein, nicht Cäsar sondern Dora", "ja", "135792#"}, "C-2"},
		"the digits corrected":          {"en", []string{"alpha bravo one two five six", "the last two are three four", "yes", "2468#"}, "C-1"},
		"wholly wrong, then again":      {"en", []string{"zulu bravo one two three four", "no", "alpha bravo one two three four", "yes", "2468#"}, "C-1"},
		"not understood, and then keys": {"en", []string{"mumble", "mumble", "221234#", "2468#"}, ""},
		"a wish":                        {"en", []string{"pardon", "alpha bravo one two three four", "yes", "2468#"}, "C-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, _, v := dial(t, spelling(c.language, nil), "", says(c.says...)...)
			assert.Equal(t, c.customer, v["cs_customer"], ch.Heard())
			if c.customer != "" {
				assert.Equal(t, "verified", v["cs_status"])
			}
		})
	}
}

func TestWhatIsHeardOfASpelledPolicy(t *testing.T) {
	t.Parallel()
	ch, j, _ := dial(t, spelling("en", nil), "", says("alpha bravo one two three four", "yes", "2468#")...)
	assert.Equal(t, []string{
		"greeting", "ask-policy", "letters", "or-spell-it", "read-back", "letter-a", "letter-b", "digit-1", "digit-2", "digit-3",
		"digit-4", "read-back-confirm-said", "ask-pin", "confirmation",
	}, ch.Heard())
	assert.Equal(t, "countersign-spelling-6-en", ch.Collects()[0].Speech.Grammar)
	assert.Equal(t, "countersign-confirm-spelling-en", ch.Collects()[1].Speech.Grammar)
	assert.Equal(t, []bool{true}, spokenIn(j, "policy"))
}

// A check character settles what was heard, and only that.
func TestACheckCharacterSettlesWhatWasSpelled(t *testing.T) {
	t.Parallel()
	even := func(id string) bool { return (id[len(id)-1]-'0')%2 == 0 && id[0] == 'A' }
	ch, _, v := dial(t, spelling("en", even), "", says("alpha bravo one two three four", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.NotContains(t, ch.Heard(), "read-back")
	ch, _, v = dial(t, spelling("en", even), "", says("delta bravo one two three four", "alpha bravo one two three four", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"], "a wrong check is heard again")
	assert.Contains(t, ch.Heard(), "not-heard-1")
}

// What is keyed is still told apart by the next number, also where it could have been spelled.
func TestAPolicyThatMayBeSpelledCanBeKeyed(t *testing.T) {
	t.Parallel()
	l := spelling("en", nil)
	l.Identify = append(l.Identify, insurersLine(insurer()).Identify[1])
	_, j, v := dial(t, l, "", sessiontest.Move{Keys: "221234#"}, sessiontest.Move{Keys: "5551230001#"}, sessiontest.Move{Keys: "2468#"})
	assert.Equal(t, "phone,pin", v["cs_methods"])
	assert.Equal(t, []bool{false}, spokenIn(j, "policy"))
}
