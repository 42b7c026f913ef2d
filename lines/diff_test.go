package lines_test

import (
	"testing"

	"countersign/lines"

	"github.com/stretchr/testify/assert"
)

func TestDiffListsEverySetting(t *testing.T) {
	t.Parallel()
	two := "verify: {questions: [pin: {}, birth_date: {}]}\n"
	for name, c := range map[string]struct {
		before, after string
		says          []string
	}{
		"nothing":                            {with(two), with(two), nil},
		"comments":                           {with(two), with("# why\n" + two), nil},
		"a usual value that is written down": {with(two), with("languages: [en]\ntimers: {first_digit: 5s}\n" + two), nil},
		"digits": {
			with(two), with("verify: {questions: [pin: {digits: 6}, birth_date: {}]}\n"),
			[]string{"verify.questions[0].pin.digits: 4-6 → 6"},
		},
		"the order": {
			with(two), with("verify: {questions: [birth_date: {}, pin: {}]}\n"),
			[]string{"verify.questions: order pin, birth_date → birth_date, pin"},
		},
		"the order and a setting": {
			with(two), with("verify: {questions: [birth_date: {}, pin: {reasks: 0}]}\n"),
			[]string{"verify.questions[1].pin.reasks: 2 → 0", "verify.questions: order pin, birth_date → birth_date, pin"},
		},
		"a question more": {
			with(two), with("verify: {questions: [totp: {}, pin: {}, birth_date: {}]}\n"),
			[]string{"verify.questions[0].totp: added"},
		},
		"a question less": {
			with(two), with("verify: {questions: [pin: {}]}\n"), []string{"verify.questions[1].birth_date: removed"},
		},
		"a fact for another": {
			with("verify: {questions: [pin: {}, fact: {name: post_code, digits: 5}]}\n"),
			with("verify: {questions: [pin: {}, fact: {name: card, digits: 4}]}\n"),
			[]string{"verify.questions[1].fact: removed (post_code)", "verify.questions[1].fact: added (card)"},
		},
		"a choice of the name of a number": {
			with2("identify", "- number: {name: x, prompt: ask-pin, digits: 5}"),
			with2("identify", "- choice: {name: x, prompt: ask-pin}"), []string{"identify[0].choice: in place of number (x)"},
		},
		"no questions any more": {with(two), small, []string{"verify: removed"}},
		"a country":             {small, with("region: DE\n"), []string{"region: none → DE"}},
		"numbers": {
			with("numbers: [5000]\n"), with("numbers: [\"5000\", \"+49301234*\"]\n"),
			[]string{"numbers: 5000 → 5000, +49301234*"},
		},
		"languages": {with("languages: [en, de]\n"), with("languages: [de, en]\n"), []string{"languages: en, de → de, en"}},
		"a route": {
			small, with("  failed: fraud XML default\n"), []string{"routes.failed: none → fraud XML default"},
		},
		"where the verified end": {
			with("  verified: menu XML default\n"), with("  verified: hangup\n"),
			[]string{"routes.verified: menu XML default → hangup"},
		},
		"words": {
			with("prompts: {greeting: {en: {text: Hello there.}}}\n"),
			with("prompts: {greeting: {en: {text: Welcome.}}, closed: {en: {file: a.wav}}}\n"),
			[]string{"prompts.closed: added", "prompts.greeting.en.text: \"Hello there.\" → Welcome."},
		},
		"hours": {
			with("hours: {tz: UTC, open: \"08:00-18:00\"}\n"),
			with("hours: {tz: UTC, open: \"08:00-20:00\", holidays: [2026-12-25]}\n"),
			[]string{"hours.open: 08:00-18:00 → 08:00-20:00", "hours.holidays: none → 2026-12-25"},
		},
		"times and switches": {
			small, with("timers: {first_digit: 7s}\nsend_token: true\n"),
			[]string{"send_token: false → true", "timers.first_digit: 5s → 7s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.says, lines.Diff(parsed(t, c.before), parsed(t, c.after)))
		})
	}
}
