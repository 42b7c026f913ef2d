package steps_test

import (
	"fmt"
	"strings"
	"testing"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wish is a command, and what it asks for.
type wish struct{ what, says string }

var wishesIn = map[string][]wish{
	"en": {
		{"again", "pardon"}, {"again", "repeat that"}, {"slower", "slower please"}, {"keys", "I'd rather key it"},
		{"none", "I don't have it"}, {"person", "agent"}, {"person", "representative"},
	},
	"de": {
		{"again", "wie bitte"}, {"again", "noch einmal"}, {"slower", "langsamer"}, {"keys", "ich tippe lieber"},
		{"none", "habe ich nicht"}, {"person", "Mitarbeiter"},
	},
}

// spot is a step at which a caller may speak.
type spot struct {
	step string
	// question is the prompt that is heard again.
	question string
	line     func(d *directory, p *phoneCompany) *session.Line
	from     string
	before   []string
	// keyed answers the question; {} is the code.
	keyed []string
	// noKeys says that it cannot be keyed: who would rather do so is asked the next question.
	noKeys bool
}

func places() []spot {
	const from = "+15551230001"
	talk := func(l *session.Line) *session.Line { return l }
	code := func(d *directory, p *phoneCompany) *session.Line {
		c := smsCode(d, p)
		c.Speech = heeds
		return verifying(d, 2, possession(c))
	}
	return []spot{
		{
			"language", "language-1", func(d *directory, _ *phoneCompany) *session.Line {
				l := line(d)
				l.Languages = append(l.Languages, "fr")
				l.LanguageMenu = steps.LanguageMenu{Limits: steps.DefaultLimits(0), Speech: heeds}
				return l
			}, "", nil, []string{"1", "100042#", "2468#"}, false,
		},
		{
			"have_account", "have-account", func(d *directory, _ *phoneCompany) *session.Line {
				l := line(d)
				choice := steps.Choice{Choice: "have_account", Prompt: "have-account", Again: "have-account-again", Key: '1',
					Limits: steps.DefaultLimits(3), Speech: heeds}
				l.Identify = []session.Step{choice, l.Identify[1]}
				return l
			}, "", nil, []string{"1", "100042#", "2468#"}, false,
		},
		{"account", "ask-account", func(d *directory, _ *phoneCompany) *session.Line { return talking(d, "en") }, "", nil,
			[]string{"100042#", "2468#"}, false},
		{"pin", "ask-pin", func(d *directory, _ *phoneCompany) *session.Line { return talking(d, "en") }, "",
			[]string{"100042#"}, []string{"2468#"}, false},
		{"passphrase", "ask-passphrase", func(d *directory, p *phoneCompany) *session.Line {
			l := verifying(d, 2, session.Question{Step: passphrase(d), Factor: session.Knowledge})
			next := possession(smsCode(d, p))
			l.Verify[0].Else = &next
			return talk(l)
		}, from, nil, []string{"white horse"}, true},
		{"sms_code", "ask-code", code, from, nil, []string{"{}#"}, false},
		{"sms_code", "code-other-number", func(d *directory, p *phoneCompany) *session.Line {
			d.phones["C-1"] = append(d.phones["C-1"], session.Phone{E164: "+4917139200047"})
			return code(d, p)
		}, from, []string{"1#"}, []string{"1", "{}#"}, false},
		{"totp", "ask-totp", func(d *directory, _ *phoneCompany) *session.Line {
			return verifying(d, 2, possession(steps.TOTP{Directory: d, Once: once{}, Prompt: "ask-totp",
				Again: "ask-totp-again", Limits: steps.DefaultLimits(2), Speech: heeds}))
		}, from, nil, []string{"287082#"}, false},
	}
}

// moves says what has a letter, and keys the rest, with the code in place of {}.
func (spot) moves(p *phoneCompany, all ...string) (m []sessiontest.Move) {
	for _, a := range all {
		if strings.ContainsAny(strings.ToLower(a), "abcdefghijklmnopqrstuvwxyz") {
			m = append(m, sessiontest.Move{Says: a})
			continue
		}
		m = append(m, reads(p, a)...)
	}
	return m
}

func TestEveryCommandWorksAtEveryStep(t *testing.T) {
	t.Parallel()
	for language, all := range wishesIn {
		for _, at := range places() {
			for _, w := range all {
				t.Run(fmt.Sprint(language, " ", at.question, " ", w.says), func(t *testing.T) {
					t.Parallel()
					d, p := enrolled(), &phoneCompany{}
					l := at.line(d, p)
					l.Languages[0] = language
					said := append(append([]string{}, at.before...), w.says)
					goesOn := w.what == "again" || w.what == "slower" || w.what == "keys" && !at.noKeys
					if goesOn {
						said = append(said, at.keyed...)
					}
					ch, j, v := dial(t, l, at.from, at.moves(p, said...)...)
					if goesOn {
						assert.Equal(t, "verified", v["cs_status"], ch.Heard())
						assert.Equal(t, 2, times(ch.Heard(), at.question)+times(ch.Heard(), at.question+"-again"), ch.Heard())
						assert.Equal(t, w.what == "slower", times(ch.Heard(), "take-your-time") == 1, ch.Heard())
						return
					}
					steps := finished(j, at.step)
					require.NotEmpty(t, steps)
					got := steps[0].Attempts[len(steps[0].Attempts)-1]
					assert.Equal(t, event.AttemptOptedOut, got.Result)
					assert.True(t, got.Spoken)
					assert.NotEqual(t, "verified", v["cs_status"])
					if w.what == "person" {
						assert.Equal(t, "opted_out", v["cs_reason"])
						assert.Equal(t, "failure", ch.Heard()[len(ch.Heard())-1])
						assert.Equal(t, 1, times(ch.Heard(), at.question), "nothing else is asked: %s", ch.Heard())
						assert.Empty(t, d.added)
					}
				})
			}
		}
	}
}

func times(all []string, what string) (n int) {
	for _, a := range all {
		if a == what {
			n++
		}
	}
	return n
}

func TestTheLanguageIsSaid(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]string{
		"German please": "de", "Deutsch": "de", "english": "en", "two": "de", "one": "en", "French": "", "mumble": "",
		"yes": "",
	} {
		d := bank()
		l := line(d)
		l.Languages = []string{"en", "de"}
		l.LanguageMenu = steps.LanguageMenu{Limits: steps.DefaultLimits(0), Speech: heeds}
		chosen := ""
		l.Confirmation = spy(func(s *session.Session) { chosen = s.Language() })
		first := sessiontest.Move{Says: says}
		moves := append([]sessiontest.Move{first}, keys("100042#", "2468#")...)
		if want == "" {
			moves = append([]sessiontest.Move{first}, keys("2", "100042#", "2468#")...)
			want = "de"
		}
		ch, j, v := dial(t, l, "", moves...)
		assert.Equal(t, "verified", v["cs_status"], "%s: %s", says, ch.Heard())
		assert.Equal(t, want, chosen, says)
		assert.True(t, finished(j, "language")[0].Attempts[0].Spoken, says)
		assert.Equal(t, "countersign-language-en", ch.Collects()[0].Speech.Grammar)
	}
}

func TestAPassphraseIsMarkedAsSpoken(t *testing.T) {
	t.Parallel()
	d := enrolled()
	l := verifying(d, 2, session.Question{Step: passphrase(d), Factor: session.Knowledge})
	_, j, v := dial(t, l, "+15551230001", sessiontest.Move{Says: "green sofa"}, sessiontest.Move{Says: "white horse"})
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, []bool{true, true}, spokenIn(j, "passphrase"))
	_, j, _ = dial(t, l, "+15551230001", sessiontest.Move{}, sessiontest.Move{Says: "mumble", Confidence: -1})
	assert.Equal(t, []bool{false, true}, spokenIn(j, "passphrase"), "silence is not spoken")
}

func TestACodeAndTheNumberThatItGoesToAreSaid(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), &phoneCompany{}
	d.phones["C-1"] = append(d.phones["C-1"], session.Phone{E164: "+4917139200047"})
	c := smsCode(d, p)
	c.Speech = heeds
	_, j, _ := dial(t, verifying(d, 2, possession(c)), "+15551230001",
		append(keys("1#"), sessiontest.Move{Says: "one"}, sessiontest.Move{Keys: "*"})...)
	assert.Equal(t, []string{"+4917139200001", "+4917139200047"}, p.to)
	assert.Equal(t, event.WishNumber, finished(j, "sms_code")[0].Attempts[0].Wish)
}
