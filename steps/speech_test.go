package steps_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"
)

// heeds is a speech engine that works.
var heeds = steps.Speech{Engine: sessiontest.Engine, Grammars: "countersign"}

// says makes moves: what begins with a key is keyed, everything else is said.
func says(words ...string) (m []sessiontest.Move) {
	for _, w := range words {
		switch {
		case w == "mumble":
			m = append(m, sessiontest.Move{Says: w, Confidence: -1})
		case w != "" && (w[0] >= '0' && w[0] <= '9' || w[0] == '*' || w[0] == '#'):
			m = append(m, sessiontest.Move{Keys: w})
		default:
			m = append(m, sessiontest.Move{Says: w})
		}
	}
	return m
}

// talking is a line whose callers may say their account, PIN and date of birth.
func talking(d steps.Directory, language string, questions ...session.Question) *session.Line {
	l := line(d)
	l.Languages = []string{language}
	n := l.Identify[1].(steps.Number)
	n.Speech = heeds
	l.Identify = []session.Step{n}
	if len(questions) > 0 {
		l.Verify = questions
		return l
	}
	p := l.Verify[0].Step.(steps.PIN)
	p.Speech = heeds
	l.Verify[0].Step = p
	return l
}

func TestAnAccountIsSaidReadBackAndConfirmed(t *testing.T) {
	t.Parallel()
	ch, j, v := dial(t, talking(bank(), "en"), "anonymous",
		says("one double oh oh four two", "yes", "two four six eight")...)
	assert.Equal(t, "verified", v["cs_status"], ch.Heard())
	assert.Equal(t, "account,pin", v["cs_methods"])
	assert.Equal(t, []string{
		"greeting", "ask-account", "or-say-it", "read-back", "digit-1", "digit-0", "digit-0", "digit-0", "digit-4", "digit-2",
		"read-back-confirm-said", "ask-pin", "or-say-it", "confirmation",
	}, ch.Heard())
	assert.Equal(t, []bool{true}, spokenIn(j, "account"))
	assert.Equal(t, []bool{true}, spokenIn(j, "pin"))
	grammars := []string{}
	for _, c := range ch.Collects() {
		grammars = append(grammars, c.Speech.Grammar)
	}
	assert.Equal(t, []string{
		"countersign-digits-commands-en", "countersign-confirm-en", "countersign-digits-commands-en",
	}, grammars)
}

func TestAnswersThatAreSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		language       string
		says           []string
		status, reason string
	}{
		"in German": {
			"de", []string{"eins null null null vier zwo", "ja genau", "vierundzwanzig achtundsechzig"}, "verified", "ok",
		},
		"said, then keyed": {"en", []string{"one hundred thousand forty two", "1", "2468#"}, "verified", "ok"},
		"keyed, then said": {"en", []string{"100042#", "two four six eight"}, "verified", "ok"},
		"the wrong part corrected": {"en", []string{"one zero zero zero four three", "no, the last one is a two", "yes",
			"2468#"}, "verified", "ok"},
		"a new number": {"en", []string{"one zero zero zero four three", "no", "one zero zero zero four two",
			"yes", "2468#"}, "verified", "ok"},
		"a new number at once": {"en", []string{"one zero zero zero four three", "no, one zero zero zero four two",
			"yes", "2468#"}, "verified", "ok"},
		"not confirmed": {"en", []string{"one zero zero zero four two", "", ""}, "none", "no_input"},
		"a read-back heard again": {"en", []string{"one zero zero zero four two", "pardon", "yes", "2468#"},
			"verified", "ok"},
		"once not understood": {"en", []string{"mumble", "one zero zero zero four two", "yes", "2468#"},
			"verified", "ok"},
		"twice not understood":       {"en", []string{"mumble", "the weather is nice", "100042#", "2468#"}, "verified", "ok"},
		"the account is not there":   {"en", []string{"I don't have it"}, "none", "opted_out"},
		"a person":                   {"en", []string{"representative"}, "none", "opted_out"},
		"a person, in German":        {"de", []string{"ich möchte mit einem Menschen sprechen"}, "none", "opted_out"},
		"a person at the PIN":        {"en", []string{"100042#", "agent"}, "identified", "opted_out"},
		"a person at the read-back":  {"en", []string{"one zero zero zero four two", "operator"}, "none", "opted_out"},
		"the question again":         {"en", []string{"say that again", "100042#", "pardon", "2468#"}, "verified", "ok"},
		"slower":                     {"de", []string{"langsamer bitte", "100042#", "2468#"}, "verified", "ok"},
		"rather with keys":           {"de", []string{"ich tippe lieber", "100042#", "2468#"}, "verified", "ok"},
		"a PIN in doubt is no guess": {"en", []string{"100042#", "twenty four six eight", "2468#"}, "verified", "ok"},
		"the same mishearing twice is no yes": {
			"en", []string{"one zero zero zero four three", "no, one zero zero zero four three", "one zero zero zero four two",
				"yes", "2468#"}, "verified", "ok",
		},
		"wrong three times": {
			"en", []string{"100042#", "one one one one", "two two two two", "three three three three"},
			"identified", "wrong_answer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, _, v := dial(t, talking(bank(), c.language), "anonymous", says(c.says...)...)
			assert.Equal(t, c.status, v["cs_status"], ch.Heard())
			assert.Equal(t, c.reason, v["cs_reason"])
		})
	}
}

// What people who answer by voice may say in place of an answer, at every question.
func TestCommandsAreHeardAtEveryQuestion(t *testing.T) {
	t.Parallel()
	d := bank()
	d.byAccount["100042"] = session.Customer{ID: "C-1", Enrolled: []string{"pin", "birth_date", "postcode"}}
	d.secrets = map[string]string{"C-1 birth_date": "19840704", "C-1 postcode": "4711"}
	date := weak(steps.BirthDate{
		Directory: d, Prompt: "ask-birth-date", Again: "ask-birth-date-again", Limits: steps.DefaultLimits(2), Speech: heeds,
	})
	fact := weak(steps.Fact{
		Directory: d, Fact: "postcode", Prompt: "ask-fact", Again: "ask-fact-again", Min: 4, Max: 5,
		Limits: steps.DefaultLimits(2), Speech: heeds,
	})
	for _, l := range []struct {
		language string
		before   []string
		commands map[string][]string
	}{
		{"en", []string{"100042#", "the fourth of July nineteen eighty four", "four seven one one"}, map[string][]string{
			"again": {"pardon", "repeat that", "say it again"}, "slower": {"slower please"}, "key": {"I'd rather key it"},
			"none": {"I don't have it", "I forgot it"}, "person": {"agent", "representative", "operator"},
		}},
		{"de", []string{"100042#", "vierter siebter neunzehnhundertvierundachtzig", "vier sieben eins eins"},
			map[string][]string{
				"again": {"wie bitte", "noch einmal bitte"}, "slower": {"langsamer"}, "key": {"ich tippe lieber"},
				"none": {"habe ich nicht", "weiß ich nicht"}, "person": {"Mitarbeiter", "Berater bitte"},
			}},
	} {
		for at := range l.before {
			for kind, all := range l.commands {
				for _, command := range all {
					t.Run(fmt.Sprint(l.language, " ", at, " ", command), func(t *testing.T) { // one after the other: they share d
						moves := append(append([]string{}, l.before[:at]...), command)
						goesOn := kind == "again" || kind == "slower" || kind == "key"
						if goesOn {
							keyed := []string{"100042#", map[string]string{"en": "07041984", "de": "04071984"}[l.language], "4711#"}
							moves = append(moves, keyed[at:]...)
						}
						ch, j, v := dial(t, talking(d, l.language, date, fact), "anonymous", says(moves...)...)
						if goesOn {
							assert.Equal(t, "verified", v["cs_status"], ch.Heard())
							return
						}
						assert.Equal(t, "opted_out", v["cs_reason"], ch.Heard())
						assert.Equal(t, "agents", v["to"])
						assert.Len(t, finished(j, []string{"account", "birth_date", "postcode"}[at]), 1)
					})
				}
			}
		}
	}
}

func TestWhoAsksForAPersonIsAskedNothingElse(t *testing.T) {
	t.Parallel()
	d := bank()
	d.secrets = map[string]string{"C-1 totp": "424242"}
	l := talking(d, "en")
	other := possession(steps.TOTP{
		Directory: d, Once: once{}, Prompt: "ask-totp", Again: "ask-totp-again", Limits: steps.DefaultLimits(2),
	})
	l.Verify[0].Else = &other
	l.Identify = append([]session.Step{}, l.Identify...)
	l.ANI = steps.ANI{Directory: d}
	ch, _, v := dial(t, l, "+15551230001", says("a human please")...)
	assert.Equal(t, "identified", v["cs_status"])
	assert.Equal(t, []string{"greeting", "ask-pin", "or-say-it", "failure"}, ch.Heard(),
		"neither another account nor a code")
}

func TestACheckDigitSettlesWhatWasHeard(t *testing.T) {
	t.Parallel()
	d := bank()
	d.byAccount["100040"] = session.Customer{ID: "C-1", Name: "Ada", Enrolled: []string{"pin"}}
	l := talking(d, "en")
	n := l.Identify[0].(steps.Number)
	n.Check = func(number string) bool { return number == "100040" }
	l.Identify = []session.Step{n}
	ch, _, v := dial(t, l, "anonymous", says("one hundred thousand forty", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"], ch.Heard())
	assert.NotContains(t, ch.Heard(), "read-back", "nobody has to be asked")
	ch, _, _ = dial(t, l, "anonymous", says("one hundred thousand forty one")...)
	assert.NotContains(t, ch.Heard(), "read-back")
	assert.Contains(t, ch.Heard(), "not-heard-1", "none that there is")
}

func TestAMissingEngineCostsNothingButTheVoice(t *testing.T) {
	t.Parallel()
	l := talking(bank(), "en")
	n := l.Identify[0].(steps.Number)
	n.Speech.Engine = "missing"
	l.Identify = []session.Step{n}
	ch, _, v := dial(t, l, "anonymous", says("12#", "100042#", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"], ch.Heard())
	assert.Nil(t, ch.Collects()[1].Speech, "it is not tried again at this question")
}

func TestALanguageThatIsNotUnderstoodIsKeyed(t *testing.T) {
	t.Parallel()
	ch, _, v := dial(t, talking(bank(), "fr"), "anonymous", says("100042#", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.NotContains(t, ch.Heard(), "or-say-it")
	assert.Nil(t, ch.Collects()[0].Speech)
}

func TestWhatIsSaidIsInNoEvent(t *testing.T) {
	t.Parallel()
	_, j, _ := dial(t, talking(bank(), "en"), "anonymous",
		says("one zero zero zero four three", "no", "one zero zero zero four two", "yes", "two four six nine",
			"two four six eight")...)
	for _, e := range j.Events() {
		b, err := e.MarshalJSON()
		assert.NoError(t, err)
		for _, secret := range []string{"2468", "2469", "two four", "100043", "zero zero"} {
			assert.NotContains(t, string(b), secret)
		}
	}
	assert.Equal(t, []event.AttemptResult{event.AttemptRejected, event.AttemptAccepted}, attempts(j, "pin"))
}

func TestAChoiceIsAnsweredByYesAndNo(t *testing.T) {
	t.Parallel()
	l := talking(bank(), "en")
	l.Identify = append([]session.Step{steps.Choice{
		Choice: "have_account", Prompt: "have-account", Again: "have-account-again", Key: '1', Limits: steps.DefaultLimits(0),
		Speech: heeds,
	}}, l.Identify...)
	for said, status := range map[string]string{
		"yes": "verified", "no": "none", "I don't have one": "none", "agent": "none", "1": "verified",
	} {
		_, _, v := dial(t, l, "anonymous", says(said, "100042#", "2468#")...)
		assert.Equal(t, status, v["cs_status"], said)
	}
	ch, _, v := dial(t, l, "anonymous", says("one two three", "pardon", "yes", "100042#", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"], ch.Heard())
}

func TestAReadBackIsConfirmedOnlyByAClearYes(t *testing.T) {
	t.Parallel()
	moves := says("one zero zero zero four three", "yes", "yes")
	moves[1].Confidence, moves[2].Confidence = 0.05, 0.05
	ch, _, v := dial(t, talking(bank(), "en"), "anonymous", moves...)
	assert.Equal(t, "none", v["cs_status"], ch.Heard())
}

func TestWhoWouldRatherKeyIsNotListenedToAnyMore(t *testing.T) {
	t.Parallel()
	ch, _, v := dial(t, talking(bank(), "en"), "anonymous",
		says("one zero zero zero four three", "I'd rather key it", "100042#", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"], ch.Heard())
	assert.Nil(t, ch.Collects()[2].Speech)
}

// spokenIn says of each attempt of a step whether it was spoken.
func spokenIn(j *sessiontest.Journal, step string) (all []bool) {
	for _, f := range finished(j, step) {
		for _, a := range f.Attempts {
			all = append(all, a.Spoken)
		}
	}
	return all
}

func TestWhatWasSaidAndConfirmedByAKeyWasSaid(t *testing.T) {
	t.Parallel()
	_, j, v := dial(t, talking(bank(), "en"), "anonymous", says("one double oh oh four two", "1", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, []bool{true}, spokenIn(j, "account"))
	assert.Equal(t, []bool{false}, spokenIn(j, "pin"))
}

// heard is what a recogniser may have heard, the likeliest first: words and how sure it is.
func heard(sure float64, likeliest string, others ...session.Hypothesis) sessiontest.Move {
	return sessiontest.Move{Says: likeliest, Confidence: sure, Or: others}
}

func or(sure float64, words string) session.Hypothesis {
	return session.Hypothesis{Words: session.NewSecret([]byte(words)), Confidence: sure}
}

func TestWhatElseTheCallerMayHaveSaid(t *testing.T) {
	t.Parallel()
	account := heard(0.9, "one zero zero zero four two")
	yes := sessiontest.Move{Says: "yes"}
	for name, c := range map[string]struct {
		moves  []sessiontest.Move
		status string
		heard  string // among the prompts
	}{
		"the first that can be an account is read back": {
			[]sessiontest.Move{heard(0.8, "one zero zero", or(0.7, "one zero zero zero four two")), yes, {Keys: "2468#"}},
			"verified", "digit-4",
		},
		"what the recogniser hardly believes does not count": {
			[]sessiontest.Move{heard(0.9, "one zero zero", or(0.6, "one zero zero zero four two")), {Keys: "100042#"}, {Keys: "2468#"}},
			"verified", "not-heard-1",
		},
		"a PIN that may be another one is asked for again": {
			[]sessiontest.Move{account, yes, heard(0.8, "two four six eight", or(0.75, "two four six nine")), {Keys: "2468#"}},
			"verified", "not-heard-1",
		},
		"a PIN that hardly is another one counts": {
			[]sessiontest.Move{account, yes, heard(0.95, "two four six eight", or(0.6, "two four six nine"))}, "verified", "confirmation",
		},
		"the same in other words is no doubt": {
			[]sessiontest.Move{account, yes, heard(0.8, "two four six eight", or(0.8, "2 4 6 8"))}, "verified", "confirmation",
		},
		"another PIN is not tried": {
			[]sessiontest.Move{account, yes, heard(0.8, "two four six nine", or(0.75, "two four six eight")), {}, {}, {}},
			"identified", "not-heard-1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, _, v := dial(t, talking(bank(), "en"), "anonymous", c.moves...)
			assert.Equal(t, c.status, v["cs_status"], ch.Heard())
			assert.Contains(t, ch.Heard(), c.heard)
		})
	}
}

func TestACheckDigitSettlesWhatElseMayHaveBeenSaid(t *testing.T) {
	t.Parallel()
	d := bank()
	d.byAccount["100040"] = d.byAccount["100042"]
	l := talking(d, "en")
	n := l.Identify[0].(steps.Number)
	n.Check, n.ReadBack = steps.Luhn, steps.ReadBackNever
	l.Identify = []session.Step{n}
	ch, _, v := dial(t, l, "anonymous",
		heard(0.8, "one zero zero zero four two", or(0.75, "one zero zero zero four zero")), sessiontest.Move{Keys: "2468#"})
	assert.Equal(t, "verified", v["cs_status"], ch.Heard())
	assert.NotContains(t, ch.Heard(), "read-back")
}

func TestCallersWhomNobodyHearsAreNotToldToSpeak(t *testing.T) {
	t.Parallel()
	l := talking(bank(), "en")
	n := l.Identify[0].(steps.Number)
	n.Speech.Engine = "away"
	l.Identify = []session.Step{n}
	ch, _, v := dial(t, l, "anonymous", says("100042#", "two four six eight")...)
	assert.Equal(t, "verified", v["cs_status"], ch.Heard())
	assert.Equal(t, []string{"greeting", "ask-account", "ask-pin", "or-say-it", "confirmation"}, ch.Heard())
}
