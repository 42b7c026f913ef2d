package lines_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/lines"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the goldens")

// small is the shortest valid file.
const small = "format: 1\nline: retail\nidentify:\n  - ani: {}\nroutes:\n  identified: agents XML default\n"

// with adds lines to the small file.
func with(more string) string { return small + more }

// said returns the problems of a text without the file's name.
func said(t *testing.T, text string) []string {
	t.Helper()
	def, err := lines.Parse("f", []byte(text))
	if err == nil {
		require.NotNil(t, def)
		return nil
	}
	require.Nil(t, def)
	var all lines.Problems
	require.ErrorAs(t, err, &all)
	var out []string
	for _, p := range all {
		assert.Positive(t, p.Line)
		assert.Positive(t, p.Column)
		out = append(out, strings.TrimPrefix(p.String(), "f:"))
	}
	return out
}

func TestMissingSettingsHaveDefaults(t *testing.T) {
	t.Parallel()
	def, err := lines.Parse(
		"f", []byte(with("verify:\n  questions:\n    - pin: {}\n    - birth_date: {}\n    - sms_code: {}\n    - totp: {}\n")),
	)
	require.NoError(t, err)
	assert.Equal(t, []string{"en"}, def.Languages)
	assert.Equal(t, lines.Timers{FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second}, def.Timers)
	assert.Equal(t, &lines.ANI{Enabled: true, Several: "ask", Attestation: "any"}, def.Identify[0].Way)
	q := def.Verify.Questions
	assert.Equal(t, 2, def.Verify.Level)
	assert.Equal(t, &lines.PIN{Digits: lines.Digits{Min: 4, Max: 6}, Reasks: 2}, q[0].Kind)
	assert.Equal(t, &lines.BirthDate{Reasks: 2, Speech: true}, q[1].Kind)
	assert.Equal(t, &lines.SMSCode{Ways: []lines.CodeWay{"sms"}, Digits: 6, Lifetime: 5 * time.Minute, Tries: 3,
		Speech: true, FirstDigit: time.Minute}, q[2].Kind)
	assert.Equal(t, &lines.TOTP{Tries: 5, Speech: true}, q[3].Kind)
}

func TestAllProblemsAreReportedWithTheirPlaces(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "wrong.yaml"))
	require.NoError(t, err)
	_, err = lines.Parse("wrong.yaml", text)
	require.Error(t, err)
	golden := filepath.Join("testdata", "wrong.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644))
	}
	want, readErr := os.ReadFile(golden)
	require.NoError(t, readErr)
	// A new kind must not change the golden.
	golds := strings.ReplaceAll(string(want), "pin, birth_date, fact, passphrase, sms_code or totp", lines.ListedKinds())
	assert.Equal(t, golds, err.Error()+"\n")
}

// wrongs are files with one problem, and its text. Those that the schema finds too are marked.
var wrongs = map[string]struct {
	text, says string
	schema     bool
}{
	"no file":        {"", "1:1: the file is empty", true},
	"only a comment": {"# soon\n", "1:1: the file is empty", true},
	"a text":         {"hello\n", "1:1: want settings (key: value), got a text", true},
	"a list":         {"- format: 1\n", "1:1: want settings", true},
	"no line":        {strings.Replace(small, "line: retail\n", "", 1), "1:1: line: is missing", true},
	"no format":      {strings.Replace(small, "format: 1\n", "", 1), "1:1: format: is missing", true},
	"a format of tomorrow": {
		strings.Replace(small, "format: 1", "format: 2", 1), "1:9: format: 2: this program reads format 1", true,
	},
	"a capital in the name": {strings.Replace(small, "retail", "Retail", 1), `2:7: line: "Retail": want`, true},
	"a name that is a number": {
		strings.Replace(small, "retail", "007", 1), "2:7: line: want a text, got a number: put 007 in quotes", true,
	},
	"no routes": {"format: 1\nline: x\nidentify: [ani: {}]\n", "1:1: routes: is missing", true},
	"no route": {
		"format: 1\nline: x\nidentify: [ani: {}]\nroutes: {}\n", "4:9: routes.identified: is missing", true,
	},
	"nothing to identify by": {
		strings.Replace(small, "\n  - ani: {}", " []", 1), "3:11: identify: has 0 entries", true,
	},
	"an unknown key":              {with("languges: [en]\n"), "7:1: languges: unknown key; did you mean languages?", true},
	"a key that is like no other": {with("x: 1\n"), "7:1: x: unknown key", true},
	"a key that appears twice":    {with("region: DE\nregion: US\n"), "8:1: region: appears twice", false},
	"an unknown region":           {with("region: de\n"), `7:9: region: "de" is not a country`, true},
	"a region of nobody":          {with("region: QQ\n"), `7:9: region: "QQ" is not a country`, false},
	"no such language": {
		with("languages: [english]\n"), `7:13: languages[0]: "english" is not a language`, true,
	},
	"a language twice": {with("languages: [en, en]\n"), "7:17: languages[1]: en appears twice", true},
	"no language":      {with("languages: []\n"), "7:12: languages: has 0 entries", true},
	"a language alone": {
		with("languages: en\n"), "7:12: languages: want a list, got a text: write [a, b]", true,
	},
	"yes": {
		with("language_menu: yes\n"), `7:16: language_menu: want true or false, got "yes"`, true,
	},
	"a number with letters": {
		with("numbers: [\"5000#\"]\n"), `7:11: numbers[0]: "5000#" is not a dialled number`, true,
	},
	"a star in the middle": {with("numbers: [\"50*00\"]\n"), "7:11: numbers[0]:", true},
	"the same number twice": {
		with("region: DE\nnumbers: [\"+4930123456\", \"030 123456\"]\n"), "8:26: numbers[1]:", true,
	},
	"the same number in two forms": {
		with("region: DE\nnumbers: [\"+4930123456\", \"030123456\"]\n"),
		"8:26: numbers[1]: 030123456 is the same number as +4930123456", false,
	},
	"an alias by mistake": {with("numbers: [*]\n"), "7:11: * is YAML's sign for an anchor or alias", true},
	"an anchor":           {with("hours: &h {tz: UTC, open: \"08:00-18:00\"}\n"), "7:8: & is YAML's sign", false},
	"a merge key":         {with("timers: {<<: {}}\n"), "7:10: a line's file cannot have YAML's <<", false},
	"a tag":               {with("region: !!str DE\n"), "7:9: a line's file cannot have YAML's !!str", false},
	"a tab":               {with("verify:\n\tlevel: 2\n"), "8:1: a tab in front of the text", true},
	"a second document":   {with("---\nformat: 1\n"), "8:1: a second document begins here", false},
	"words beside an unknown way": {with2(
		"identify", "- cookie: {}",
	) + "prompts: {greeting: {en: {text: x}}, y: {en: {text: x}}}\n",
		"4:5: identify[0].cookie: unknown key", true},
	"words beside an unknown question": {with("verify: {questions: [pinn: {}]}\nprompts: {greeting: {en: {text: x}}}\n"),
		"7:22: verify.questions[0].pinn: unknown key; did you mean pin?", true},
	"a bracket too few":   {with("numbers: [\"1\"\n"), "this is not YAML", true},
	"not UTF-8":           {with("# \xff\n"), "7:1: not UTF-8", false},
	"a control character": {with("region: \"\x1b[31m\"\n"), "7:10: the control character U+001B", true},

	"an unknown way to identify": {with2("identify", "- cookie: {}"), "4:5: identify[0].cookie: unknown key", true},
	"two ways in one entry": {
		with2("identify", "- ani: {}\n    choice: {}"),
		"4:5: identify[0]: want exactly one of ani, choice or number, got 2 keys", true,
	},
	"a kind alone": {
		with2("identify", "- ani"), "4:5: identify[0]: want settings (key: value), got a text: write ani: {}", true,
	},
	"a kind with nothing": {
		with2("identify", "- ani:"),
		"4:9: identify[0].ani: want settings (key: value), got nothing: give its settings, or {} for the usual ones", true,
	},
	"a trust nobody gives": {
		with2("identify", "- ani: {attestation: B}"), `identify[0].ani.attestation: "B": it can be any or A`, true,
	},
	"names read out": {
		with2("identify", "- ani: {several: names}"), `identify[0].ani.several: "names": it can be ask`, true,
	},
	"a key that ends entries": {
		with2("identify", "- choice: {key: \"#\"}\n  - ani: {}"), `identify[0].choice.key: "#" is not a key`, true,
	},
	"two keys": {
		with2("identify", "- choice: {key: 12}\n  - ani: {}"), `identify[0].choice.key: "12" is not a key`, true,
	},
	"no key": {
		with2("identify", "- choice: {key: none}\n  - ani: {}"), "identify[0].choice.key: want the key to press", true,
	},
	"a number without a name": {
		with2("identify", "- number: {digits: 6}"), "4:13: identify[0].number.name: is missing", true,
	},
	"a number without digits": {
		with2("identify", "- number: {name: account}"), "identify[0].number.digits: is missing: how many digits", true,
	},
	"a name of ours": {
		with2("identify", "- number: {name: pin, prompt: ask-pin, digits: 6}"),
		"identify[0].number.name: pin means something else already", false,
	},
	"no range": {
		with2("identify", "- number: {name: account, digits: 4-}"),
		`4:37: identify[0].number.digits: "4-" is not a range: write 6 or 4-6`, true,
	},
	"a range backwards": {with2("identify", "- number: {name: account, digits: 6-4}"), `"6-4" runs backwards`, false},
	"too many digits": {
		with2("identify", "- number: {name: account, digits: 40}"), "40 is out of bounds: it can be 1 to 32", true,
	},
	"an unknown check": {
		with2("identify", "- number: {name: account, digits: 8, check: lunh}"),
		`"lunh": it can be none, luhn, mod97, mod11, mod11-2, mod37-2, mod37-36 or luhn36`, true,
	},
	"letters with a check of digits": {
		with2("identify", "- number: {name: account, digits: 8, letters: true, check: luhn}"),
		"identify[0].number.check: luhn knows no letters: use mod97, mod11-2, mod37-2, mod37-36 or luhn36, or none", true,
	},
	"a check of letters without letters": {
		with2("identify", "- number: {name: account, digits: 8, check: mod37-36}"),
		"mod37-36 is for identifiers with letters: set letters: true, or use luhn, mod97, mod11 or mod11-2", true,
	},
	"a phone with letters": {
		with2("identify", "- number: {name: phone, letters: true}"), "a telephone number has no letters", true,
	},
	"a customer's id with letters": {
		with2("identify", "- number: {name: customer, digits: 8, letters: true}"),
		"import the number as an identifier of its own", true,
	},
	"letters in words": {
		with2("identify", "- number: {name: account, digits: 8, letters: two}"), `want true or false, got "two"`, true,
	},
	"a phone with a check digit": {
		with2("identify", "- number: {name: phone, check: luhn}"), "a telephone number has no check digit", true,
	},
	"asked too often": {
		with2("identify", "- number: {name: account, digits: 8, reasks: 4}"), "identify[0].number.reasks: 4 is more than 3",
		true,
	},
	"asked far too often": {
		with2("identify", "- number: {name: account, digits: 8, reasks: 11, allow_unsafe: true}"),
		"11 is out of bounds: it can be 0 to 10", true,
	},
	"re-asks in words": {
		with2("identify", "- number: {name: account, digits: 8, reasks: three}"), `want a whole number, got "three"`, true,
	},
	"an opt-out that is a digit": {
		with2("identify", "- number: {name: account, digits: 8, opt_out: 0}"), `"0": it can be * or none`, true,
	},
	"read back now and then": {
		with2("identify", "- number: {name: account, digits: 8, read_back: sometimes}"),
		"it can be false, true or unattested", true,
	},
	"a prompt that nobody says": {
		with("prompts: {greting: {en: {text: x}}}\n"),
		"prompts.greting: nothing on this line plays greting: name your own prompt in a question's prompt; did you mean " +
			"greeting",
		false,
	},
	"an unknown prompt": {
		with2("identify", "- number: {name: meter, digits: 8}"), "identify[0].number.prompt: there is no prompt ask-meter",
		false,
	},
	"a prompt with a slip": {
		with2("identify", "- number: {name: account, digits: 8, prompt: ask-acount}"),
		"there is no prompt ask-acount: use an existing one, or define it under prompts; did you mean ask-account?", false,
	},
	"a prompt that is a path": {
		with2("identify", "- number: {name: account, digits: 8, prompt: ../x}"), `"../x" is not a prompt`, true,
	},
	"asked twice": {
		with2("identify", "- number: {name: account, digits: 8}\n  - number: {name: account, digits: 6}"),
		"5:13: identify[1].number: account is asked twice", false,
	},

	"no questions": {with("verify: {level: 2}\n"), "7:9: verify.questions: is missing", true},
	"level 1": {
		with("verify: {level: 1, questions: [pin: {}]}\n"), "verify.level: 1 is out of bounds: it can be 2 to 3", true,
	},
	"level 3 with a PIN alone": {
		with("verify: {level: 3, questions: [pin: {}, birth_date: {}]}\n"), "7:17: verify.level: level 3 cannot be reached",
		false,
	},
	"level 2 with one weak": {
		with("verify: {questions: [birth_date: {}]}\n"), "7:9: verify: level 2 cannot be reached", false,
	},
	"a PIN of three digits": {
		with("verify: {questions: [pin: {digits: 3-6}]}\n"), "3-6 is out of bounds: it can be 4 to 12", false,
	},
	"a PIN of twenty digits": {with("verify: {questions: [pin: {digits: 20}]}\n"), "20 is out of bounds", true},
	"a PIN asked four times": {
		with("verify: {questions: [pin: {reasks: 4}]}\n"), "4 is out of bounds: it can be 0 to 3", true,
	},
	"a code of four digits": {
		with("verify: {questions: [sms_code: {digits: 4}]}\n"), "4 is out of bounds: it can be 6 to 8", true,
	},
	"a code that never ends": {
		with("verify: {questions: [sms_code: {lifetime: 1h}]}\n"), "1h0m0s is out of bounds: it can be 60s to 600s", false,
	},
	"a time without its unit": {
		with("verify: {questions: [sms_code: {lifetime: 300}]}\n"), `"300" is not a time: write it with its unit`, true,
	},
	"too many tries": {
		with("verify: {questions: [totp: {tries: 6}]}\n"), "6 is out of bounds: it can be 1 to 5", true,
	},
	"a fact that is a PIN": {
		with("verify: {questions: [pin: {}, fact: {name: pin, digits: 4}]}\n"), "pin means something else already", false,
	},
	"a fact that identifies": {
		with("verify: {questions: [pin: {}, fact: {name: account, digits: 4}]}\n"), "account means something else already",
		false,
	},
	"no engine": {
		with("verify: {questions: [passphrase: {grammar: words}]}\n"), "verify.questions[0].passphrase.engine: is missing",
		true,
	},
	"an engine in two lines": {
		with("verify: {questions: [passphrase: {engine: \"a b\", grammar: words}]}\n"), "is not an engine", true,
	},
	"an empty grammar": {
		with("verify: {questions: [passphrase: {engine: a, grammar: \"\"}]}\n"), "passphrase.grammar: is empty", true,
	},
	"hardly confident": {
		with("verify: {questions: [passphrase: {engine: a, grammar: b, confidence: 0.3}]}\n"),
		"0.3 is out of bounds: it can be 0.5 to 1", true,
	},
	"no number": {
		with("verify: {questions: [passphrase: {engine: a, grammar: b, confidence: .nan}]}\n"), "want a number", true,
	},
	"an unknown else": {
		with("verify: {questions: [pin: {else: smscode}]}\n"), `there is no question "smscode"; did you mean sms_code?`,
		false,
	},
	"an else without settings": {
		with("verify: {questions: [pin: {else: passphrase}]}\n"), `there is no question "passphrase"`, false,
	},
	"an else to itself": {
		with("verify: {questions: [pin: {else: pin}]}\n"), "verify.questions[0].pin.else: goes in a circle: pin → pin",
		false,
	},
	"a circle of three": {
		with("verify: {questions: [pin: {else: totp}, totp: {else: sms_code}, sms_code: {else: pin}]}\n"),
		"goes in a circle: pin → totp → sms_code → pin", false,
	},
	"the same question twice": {
		with("verify: {questions: [pin: {}, pin: {}]}\n"), "7:36: verify.questions[1].pin: pin is asked twice", false,
	},

	"hangup for a failure": {
		with("  failed: hangup\n"), "7:11: routes.failed: hangup is only for verified and hours.closed", true,
	},
	"a route of two words": {
		with("  locked: agents XML\n"), `7:11: routes.locked: "agents XML" is not a destination`, true,
	},
	"a route that is a command":           {with("  locked: \"${system(reboot)} XML default\"\n"), "is not a destination", true},
	"an unknown route":                    {with("  lost: agents XML default\n"), "7:3: routes.lost: unknown key", true},
	"words for a level that there is not": {with("allows:\n  4: {en: All.}\n"), `allows.4: "4" is not a level: it can be`, true},
	"words for no language":               {with("allows:\n  2: {}\n"), "8:6: allows.2: is empty", true},
	"words for something else": {
		with("allows:\n  2: {English: All.}\n"), `allows.2.English: "English" is not a language`, true,
	},
	"no words": {with("allows:\n  2: {en: \" \"}\n"), "8:11: allows.2.en: want one line of text, up to 300 characters", false},
	"two lines": {
		with("allows:\n  2: {en: \"one\\ntwo\"}\n"), "8:11: allows.2.en: want one line of text, up to 300 characters", false,
	},
	"a page that is not a URL": {with("pop_url: crm/{customer}\n"), "7:10: pop_url:", true},
	"a page that is a script":  {with("pop_url: \"javascript:alert(1)\"\n"), "7:10: pop_url:", true},
	"a page with an unknown word": {
		with("pop_url: https://crm/{name}\n"), "{name} is not a placeholder: use {customer}, {call}, {line} and {status}",
		false,
	},
	"timers the wrong way round": {
		with("timers: {first_digit: 3s, inter_digit: 4s}\n"),
		"7:40: timers.inter_digit: the time between digits (4s) must be shorter", false,
	},
	"a first digit before a second": {
		with("timers: {first_digit: 500ms}\n"), "500ms is out of bounds: it can be 1s to 99s", false,
	},
	"words in a foreign language": {
		with("prompts: {greeting: {fr: {text: Bonjour}}}\n"),
		`7:26: prompts.greeting.fr: the line does not speak "fr": its languages are en`, false,
	},
	"words and a recording": {
		with("prompts: {greeting: {en: {text: Hello, file: x.wav}}}\n"), "want either text or file", false,
	},
	"neither":         {with("prompts: {greeting: {en: {}}}\n"), "want either text or file", true},
	"no words at all": {with("prompts: {greeting: {}}\n"), "prompts.greeting: is empty", true},
	"a prompt named with capitals": {
		with("prompts: {Greeting: {en: {text: Hello}}}\n"), "a prompt's name has lower-case letters", true,
	},
	"a recording with a quote": {
		with("prompts: {greeting: {en: {file: \"a'b.wav\"}}}\n"), "is not a letter, a digit", true,
	},
	"a prompt twice": {
		with("prompts: {greeting: {en: {text: a}}, greeting: {en: {text: b}}}\n"), "prompts.greeting: appears twice", false,
	},

	"no time zone": {with("hours: {open: \"08:00-18:00\"}\n"), "7:8: hours.tz: is missing", true},
	"a zone of nobody": {
		with("hours: {tz: Europe/Berln, open: \"08:00-18:00\"}\n"), `"Europe/Berln" is not a time zone`, false,
	},
	"the machine's zone": {with("hours: {tz: Local, open: \"08:00-18:00\"}\n"), `"Local" is not a time zone`, false},
	"hours without time": {with("hours: {tz: UTC, open: Mo-Fr}\n"), `"Mo-Fr" has no time`, false},
	"a day of nobody": {
		with("hours: {tz: UTC, open: Mo-Xx 08:00-18:00}\n"), `"Mo-Xx" is neither a day nor a time`, true,
	},
	"25 hours":         {with("hours: {tz: UTC, open: Mo 08:00-25:00}\n"), `"08:00-25:00" is not a time of day`, false},
	"no time at all":   {with("hours: {tz: UTC, open: Mo 08:00-08:00}\n"), `"08:00-08:00" is an empty time`, false},
	"a comma too many": {with("hours: {tz: UTC, open: \"Mo 08:00-09:00,\"}\n"), "has an empty entry", false},
	"a forgotten comma": {
		with("hours: {tz: UTC, open: Mo 08:00-09:00 Tu 08:00-09:00}\n"), `"Tu" stands behind a time: put a comma in between`,
		false,
	},
	"a day that is not": {
		with("hours: {tz: UTC, open: \"08:00-09:00\", holidays: [2026-02-30]}\n"),
		`hours.holidays[0]: "2026-02-30" is not a date`, false,
	},
	"a day as at home": {
		with("hours: {tz: UTC, open: \"08:00-09:00\", holidays: [25.12.2026]}\n"),
		`"25.12.2026" is not a date: write it as 2026-12-25`, true,
	},
	"a holiday twice": {
		with("hours: {tz: UTC, open: \"08:00-09:00\", holidays: [2026-12-25, 2026-12-25]}\n"), "2026-12-25 appears twice",
		true,
	},
}

// with2 replaces a setting of the small file.
func with2(key, entries string) string {
	return strings.Replace(small, key+":\n  - ani: {}\n", key+":\n  "+entries+"\n", 1)
}

func TestEveryMistakeIsReported(t *testing.T) {
	t.Parallel()
	for name, c := range wrongs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := said(t, c.text)
			require.NotEmpty(t, got)
			assert.Contains(t, strings.Join(got, "\n"), c.says)
			assert.LessOrEqual(t, len(got), 2, "one mistake is not said in many words: %v", got)
		})
	}
}

func TestAHostileFileIsHarmless(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"brackets":     strings.Repeat("[", 200<<10),
		"braces":       strings.Repeat("{a: ", 60<<10),
		"dashes":       strings.Repeat("- ", 100<<10),
		"marks":        strings.Repeat("? ", 100<<10),
		"keys":         strings.Repeat("a: 1\n", 50<<10),
		"colons":       strings.Repeat("a: ", 80<<10),
		"anchors":      strings.Repeat("&a ", 80<<10),
		"laughs":       "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n",
		"deep indents": deep(600),
		"a long key":   strings.Repeat("x", 200<<10) + ": 1\n",
		"many unknown": with(many(3000)),
		"too big":      strings.Repeat("#\n", 129<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const quick = 10 * time.Second // without the limits one core takes longer
			fastest := time.Hour           // of a few runs: the machine may be busy
			for tries := 0; tries < 5 && fastest >= quick; tries++ {
				started := time.Now()
				got := said(t, text)
				fastest = min(fastest, time.Since(started))
				assert.NotEmpty(t, got)
				assert.LessOrEqual(t, len(got), 200)
				for _, s := range got {
					assert.Less(t, len(s), 500)
				}
			}
			assert.Less(t, fastest, quick)
		})
	}
}

func deep(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + ": 1\n")
	}
	return b.String()
}

func TestFilesOfOtherEditorsAreRead(t *testing.T) {
	t.Parallel()
	assert.Empty(t, said(t, "\uFEFF"+small), "a byte order mark")
	assert.Empty(t, said(t, strings.ReplaceAll(small, "\n", "\r\n")), "ends of lines of Windows")
	assert.Empty(t, said(t, "---\n"+small+"...\n"), "marks of a document")
	got := said(t, strings.ReplaceAll(with("region: Germany\n"), "\n", "\r\n"))
	require.Len(t, got, 1)
	assert.True(t, strings.HasPrefix(got[0], "7:9: region:"), got[0])
}

func TestTheLinesOwnPromptIsKnown(t *testing.T) {
	t.Parallel()
	text := with2(
		"identify", "- number: {name: meter, digits: 8}",
	) + "prompts: {ask-meter: {en: {text: Key your meter's number.}}}\n"
	assert.Empty(t, said(t, text))
	p := lines.Parser{Prompt: func(name string) bool { return name == "ask-gas" }}
	_, err := p.Parse("f", []byte(with2("identify", "- number: {name: gas, digits: 8}")))
	assert.NoError(t, err)
	_, err = p.Parse("f", []byte(with2("identify", "- number: {name: account, digits: 8}")))
	assert.ErrorContains(t, err, "no prompt ask-account")
}

func TestAllowUnsafe(t *testing.T) {
	t.Parallel()
	text := with2("identify", "- number: {name: account, digits: 8, reasks: 5, allow_unsafe: true}")
	def, err := lines.Parse("f", []byte(text))
	require.NoError(t, err)
	assert.Contains(t, def.Warnings(nil).Error(), "asked 6 times, callers can guess numbers")
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	pin := "verify: {questions: [pin: {digits: 6}]}\n"
	for name, c := range map[string]struct{ text, says string }{
		"nothing":                {with(pin), ""},
		"nobody can be verified": {small, "f:1:1: no verify: callers are identified at most"},
		"a greeting for nobody":  {with("greet_by_name: true\n"), "this line verifies nobody"},
		"a PIN of four digits": {
			with("verify: {questions: [pin: {digits: 4-6}]}\n"),
			"f:7:36: verify.questions[0].pin.digits: a PIN of 4 digits is guessed in one call with a chance of 0.03 % (6 " +
				"digits: 0.0003 %)",
		},
		"one weak question at the end": {
			with("verify: {questions: [pin: {digits: 6}, birth_date: {}]}\n"), "f:7:40: verify.questions[1]: has no effect",
		},
		"one weak question in front": {with("verify: {questions: [birth_date: {}, pin: {digits: 6}]}\n"), ""},
		"a weak question at level 3": {
			with("verify: {level: 3, questions: [birth_date: {}, pin: {digits: 6}, totp: {}]}\n"),
			"f:7:32: verify.questions[0]: is never asked",
		},
		"two weak questions at the end": {
			with("verify: {questions: [pin: {digits: 6}, birth_date: {}, fact: {name: post_code, digits: 5}]}\n"), "",
		},
		"the caller's number second": {
			with2("identify", "- number: {name: account, digits: 8}\n  - ani: {}") + pin,
			"f:5:5: identify[1]: the caller's number is always tried first",
		},
		"a phone without a region": {
			with2("identify", "- number: {name: phone}") + pin, "without a region only numbers with their country code",
		},
		"letters with nothing behind them": {
			with2("identify", "- number: {name: phone}\n  - number: {name: account, digits: 8, letters: true}\n  - choice: {}") +
				"region: DE\n" + pin,
			"f:5:49: identify[1].number.letters: no number is asked for behind it",
		},
		"letters with a telephone number behind them": {
			with2("identify", "- number: {name: account, digits: 8, letters: true}\n  - number: {name: phone}") +
				"region: DE\n" + pin, "",
		},
		"a final X that is not looked up": {
			with2("identify", "- number: {name: account, digits: 8, check: mod11-2}") + pin,
			"f:4:47: identify[0].number.check: one number in eleven ends in X",
		},
		"a choice that leads nowhere": {with2("identify", "- choice: {}") + pin, "no question follows this choice"},
		"a menu of one language": {
			with("language_menu: true\n" + pin), "f:7:16: language_menu: there is one language to choose from",
		},
		"words in one language of two": {
			with(
				"languages: [en, de]\nprompts: {ask-meter: {en: {text: x}}}\nverify: {questions: [pin: {digits: 6}, fact: " +
					"{name: meter, digits: 5, prompt: ask-meter}]}\n",
			),
			"prompts.ask-meter: has no words in de",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			def, err := lines.Parse("f", []byte(c.text))
			require.NoError(t, err)
			if c.says == "" {
				assert.Empty(t, def.Warnings(nil))
				return
			}
			assert.Contains(t, def.Warnings(nil).Error(), c.says)
		})
	}
}

func TestALanguageWithoutRecordingsIsAWarning(t *testing.T) {
	t.Parallel()
	def, err := lines.Parse(
		"f",
		[]byte(
			with("languages: [en, nl]\nverify: {questions: [pin: {digits: 6}]}\nprompts: {greeting: {nl: {text: Welkom.}}}\n"),
		),
	)
	require.NoError(t, err)
	got := def.Warnings(func(language, _ string) bool { return language == "en" })
	require.Len(t, got, 1)
	assert.Equal(
		t,
		"f:7:17: languages[1]: 3 of the prompts that this line plays have no recording in nl (ask-pin, confirmation or "+
			"failure): callers hear en, or a tone",
		got[0].String(),
	)
}

// shipped are the files shipped with Countersign.
func shipped(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("examples/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 2)
	all := map[string][]byte{}
	for _, f := range slices.Concat(files, []string{"default.yaml"}) {
		all[f], err = os.ReadFile(f)
		require.NoError(t, err)
	}
	return all
}

func TestShippedFilesHaveNoProblems(t *testing.T) {
	t.Parallel()
	var all []*lines.Definition
	for file, text := range shipped(t) {
		def, err := lines.Parse(file, text)
		require.NoError(t, err)
		all = append(all, def)
		_, err = lines.Compile(def, 1, parts())
		require.NoError(t, err)
		warnings := def.Warnings(nil)
		if file == "default.yaml" {
			require.Len(t, warnings, 1, "the PIN of four digits")
			continue
		}
		assert.Empty(t, warnings, file)
		text, err := lines.Example(strings.TrimSuffix(filepath.Base(file), ".yaml"))
		require.NoError(t, err)
		assert.Equal(t, shipped(t)[file], text)
	}
	assert.Empty(t, lines.Conflicts(all, ""), "they go together")
}

func FuzzParse(f *testing.F) {
	for _, c := range wrongs {
		f.Add(c.text)
	}
	for _, file := range []string{
		"default.yaml", "examples/bank.yaml", "examples/smartflows.yaml", "testdata/wrong.yaml",
	} {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		def, err := lines.Parse("f", []byte(text))
		again, errAgain := lines.Parse("f", []byte(text))
		if err != nil {
			require.Nil(t, def)
			var all lines.Problems
			require.ErrorAs(t, err, &all)
			require.NotEmpty(t, all)
			for _, p := range all {
				require.Positive(t, p.Line)
				require.Positive(t, p.Column)
				require.NotEmpty(t, p.Text)
			}
			require.Equal(t, err.Error(), errAgain.Error(), "the same file has the same problems")
			return
		}
		require.NoError(t, errAgain)
		require.Empty(t, lines.Diff(def, again))
		_ = def.Warnings(func(string, string) bool { return false })
		_, err = lines.Compile(def, 1, parts())
		require.NoError(t, err, "what Parse takes compiles")
	})
}
