package lines_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"countersign/lines"
	"countersign/session"
	"countersign/session/event"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nobody has no customers, codes or messages.
type nobody struct{ steps.Directory }

func (nobody) NotSent(context.Context, session.Sending)                   {}
func (nobody) MaySend(context.Context, session.Sending) (bool, time.Time) { return false, time.Time{} }
func (nobody) Send(context.Context, session.Message) error                { return nil }
func (nobody) Use(context.Context, string, time.Duration) (bool, error)   { return true, nil }

func parts() lines.Parts {
	return lines.Parts{Directory: nobody{}, Sends: nobody{}, Senders: lines.EveryWay(nobody{}), Once: nobody{}}
}

func parsed(t *testing.T, text string) *lines.Definition {
	t.Helper()
	def, err := lines.Parse("f", []byte(text))
	require.NoError(t, err)
	return def
}

func to(extension string) session.Destination {
	return session.Destination{Extension: extension, Dialplan: "XML", Context: "default"}
}

func TestTheBuiltInLine(t *testing.T) {
	t.Parallel()
	def, text := lines.Default()
	p := parts()
	p.Region, p.PopURL = "DE", "https://crm/{customer}"
	got, err := lines.Compile(def, 1, p)
	require.NoError(t, err)
	d := p.Directory
	assert.Equal(t, &session.Line{
		Name: "default", Version: 1, Region: "DE", Languages: []string{"en"}, Level: session.Verified,
		PopURL:   "https://crm/{customer}",
		Greeting: steps.Greeting{Prompt: "greeting"},
		ANI:      steps.ANI{Directory: d},
		Identify: []session.Step{steps.Number{
			Directory: d, Kind: "account", Prompt: "ask-account", Again: "ask-account-again", Min: 6, Max: 10,
			Limits: steps.DefaultLimits(3), Conceal: true,
		}},
		Verify: []session.Question{{
			Step: steps.PIN{
				Directory: d, Prompt: "ask-pin", Again: "ask-pin-again", Min: 4, Max: 6, Limits: steps.DefaultLimits(2),
			},
			Factor: session.Knowledge,
		}},
		Confirmation: steps.Confirmation{Prompt: "confirmation"},
		Failure:      steps.Announcement{Step: "failure", Prompt: "failure"},
		StepUp:       steps.Greeting{Step: "step_up", Prompt: "step-up"},
		Routes:       session.Routes{Verified: to("menu"), Identified: to("agents"), Unidentified: to("agents")},
	}, withoutCheck(got))
	assert.Contains(t, string(text), "line: default")
}

// withoutCheck requires that no number of a line has a check digit: functions cannot be compared.
func withoutCheck(l *session.Line) *session.Line {
	for _, s := range l.Identify {
		if n, ok := s.(steps.Number); ok && n.Check != nil {
			panic("a check digit")
		}
	}
	return l
}

// strict is a line of level 3 with most settings.
const strict = `format: 1
line: strict
numbers: ["5200"]
region: DE
languages: [de, en]
language_menu: true
identify:
  - ani: {attestation: A}
  - number: {name: account, digits: 10, check: mod97, read_back: unattested}
  - number: {name: customer, digits: 8-11, check: luhn, read_back: true}
  - number: {name: contract, digits: 9, check: mod11}
verify:
  level: 3
  questions:
    - pin: {digits: 6}
    - totp: {else: sms_code}
remember_number: true
send_token: true
pop_url: https://crm.example/customers/{customer}?call={call}
timers: {first_digit: 7s, inter_digit: 4s}
prompts:
  greeting:
    de: {text: "Guten Tag. Hier ist Ihre Musterbank."}
    en: {file: retail/hello.wav}
  ask-contract:
    de: {text: "Ihre Vertragsnummer, bitte."}
    en: {text: "Your contract number, please."}
routes:
  verified: banking XML default
  identified: agents XML default
  unidentified: reception XML default
  locked: security XML default
hours:
  tz: Europe/Berlin
  open: Mo-Fr 08:00-20:00, Sa 09:00-14:00
  closed: mailbox XML default
`

func TestAStrictLineCompiles(t *testing.T) {
	t.Parallel()
	def := parsed(t, strict)
	assert.Empty(t, def.Warnings(nil))
	p := parts()
	p.Countries = map[event.Way][]string{event.WaySMS: {"DE", "AT"}}
	l, err := lines.Compile(def, 7, p)
	require.NoError(t, err)
	assert.Equal(t, 7, l.Version)
	assert.Equal(t, session.Strong, l.Level)
	assert.Equal(t, []string{"de", "en"}, l.Languages)
	assert.Equal(t, steps.ANI{Directory: p.Directory, Attested: true}, l.ANI)
	limits := func(reasks int) steps.Limits {
		x := steps.DefaultLimits(reasks)
		x.FirstDigit, x.InterDigit = 7*time.Second, 4*time.Second
		return x
	}
	assert.Equal(t, steps.LanguageMenu{Limits: limits(0)}, l.LanguageMenu)
	require.Len(t, l.Identify, 3)
	account := l.Identify[0].(steps.Number)
	assert.True(t, account.Check("0000000098"), "mod 97")
	assert.False(t, account.Check("0000000097"))
	assert.Equal(t, steps.ReadBackUnattested, account.ReadBack)
	customer, contract := l.Identify[1].(steps.Number), l.Identify[2].(steps.Number)
	assert.True(t, customer.Check("79927398713"), "Luhn")
	assert.Equal(t, steps.ReadBackAlways, customer.ReadBack)
	assert.True(t, contract.Check("000000019"), "mod 11")
	assert.Equal(
		t, []string{"contract", "ask-contract", "ask-contract"}, []string{contract.Kind, contract.Prompt, contract.Again},
		"there is no other prompt to ask again",
	)
	require.Len(t, l.Verify, 2)
	assert.Equal(
		t, steps.TOTP{Directory: p.Directory, Once: p.Once, Prompt: "ask-totp", Again: "ask-totp-again", Limits: limits(4)},
		l.Verify[1].Step,
	)
	assert.Equal(t, &session.Question{
		Step: steps.SMSCode{
			Directory: p.Directory, Sends: p.Sends, Digits: 6, Lifetime: 5 * time.Minute, Patience: time.Minute,
			Limits: limits(2),
			Ways:   []steps.CodeWay{{Way: event.WaySMS, Sender: nobody{}, Countries: []string{"DE", "AT"}}},
		},
		Factor: session.Possession,
	}, l.Verify[1].Else, "one that is not in the list has the usual settings")
	assert.Equal(t, steps.RememberNumber{Directory: p.Directory, Limits: limits(0)}, l.Enrol)
	assert.Equal(t, session.Routes{
		Verified: to("banking"), Identified: to("agents"), Unidentified: to("reception"), Locked: to("security"),
		Closed: to("mailbox"),
	}, l.Routes)
	assert.Equal(t, session.Replacement{Text: "Guten Tag. Hier ist Ihre Musterbank."}, l.Replaced["de"]["greeting"])
	assert.Equal(t, session.Replacement{File: "retail/hello.wav"}, l.Replaced["en"]["greeting"])
	assert.True(t, l.SendToken)
	assert.Equal(t, "https://crm.example/customers/{customer}?call={call}", l.PopURL)
	assert.Equal(t, steps.Announcement{Step: "closed", Prompt: "closed"}, l.Closed)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	assert.True(t, l.Hours.Open(time.Date(2026, 11, 21, 13, 59, 59, 0, berlin)), "a Saturday")
	assert.False(t, l.Hours.Open(time.Date(2026, 11, 21, 14, 0, 0, 0, berlin)))
}

func TestNumbersWithLettersCompile(t *testing.T) {
	t.Parallel()
	numbers := "- number: {name: account, digits: 5, letters: true, check: %s}\n  - number: {name: phone}"
	for check, keys := range map[string]map[string]bool{
		"none": nil, "mod97": nil, "mod37-2": nil, "mod37-36": nil, "luhn36": nil,
		"mod11-2": {"0799": true, "07940": true, "0798": false},
	} {
		def := parsed(t, with2("identify", fmt.Sprintf(numbers, check))+"region: DE\n")
		assert.Contains(t, def.Plays(), "letters", check)
		l, err := lines.Compile(def, 1, parts())
		require.NoError(t, err)
		n := l.Identify[0].(steps.Number)
		assert.True(t, n.Letters, check)
		if keys == nil {
			assert.Nil(t, n.Check, "%s: what is keyed tells nothing", check)
		}
		for key, right := range keys {
			assert.Equal(t, right, n.Check(key), "%s: %s", check, key)
		}
		assert.False(t, l.Identify[1].(steps.Number).Letters, check)
	}
	def := parsed(t, with2("identify", "- number: {name: account, digits: 5, check: mod11-2}"))
	assert.NotContains(t, def.Plays(), "letters")
	l, err := lines.Compile(def, 1, parts())
	require.NoError(t, err)
	n := l.Identify[0].(steps.Number)
	assert.True(t, n.Check("07940"))
	assert.False(t, n.Check("0799"), "an X that has no key without letters")
}

// A check's names in lines are those of the steps.
func TestEveryCheckCanBeSet(t *testing.T) {
	t.Parallel()
	check := parsedSchema(t).at("identify").at("items").at("properties").at("number").at("properties").at("check")
	names := []any{"none"}
	for _, c := range steps.Checks() {
		names = append(names, c.Name)
	}
	assert.Equal(t, names, check["enum"])
}

func TestTwoWeakQuestionsCompile(t *testing.T) {
	t.Parallel()
	p := parts()
	l, err := lines.Compile(
		parsed(t, with("verify: {questions: [birth_date: {reasks: 1}, fact: {name: post_code, digits: 5, reasks: 1}]}\n")), 1,
		p,
	)
	require.NoError(t, err)
	assert.Equal(t, []session.Question{
		{
			Step: steps.BirthDate{
				Directory: p.Directory, Prompt: "ask-birth-date", Again: "ask-birth-date-again", Limits: steps.DefaultLimits(1),
			},
			Factor: session.Weak,
		},
		{
			Step: steps.Fact{
				Directory: p.Directory, Fact: "post_code", Prompt: "ask-fact", Again: "ask-fact-again", Min: 5, Max: 5,
				Limits: steps.DefaultLimits(1),
			},
			Factor: session.Weak,
		},
	}, l.Verify)
}

func TestTheExampleOfSmartFlowsCompiles(t *testing.T) {
	t.Parallel()
	def, err := lines.Parse("smartflows.yaml", shipped(t)["examples/smartflows.yaml"])
	require.NoError(t, err)
	p := parts()
	l, err := lines.Compile(def, 1, p)
	require.NoError(t, err)
	assert.Equal(t, []session.Step{
		steps.Choice{
			Choice: "have_account", Prompt: "have-account", Again: "have-account-again", Key: '1',
			Limits: steps.DefaultLimits(3),
		},
		steps.Number{
			Directory: p.Directory, Kind: "phone", Prompt: "ask-phone", Again: "ask-phone-again", Min: 5, Max: 17,
			Limits: steps.DefaultLimits(3),
		},
	}, withoutCheck(l).Identify)
	code := session.Question{
		Step: steps.SMSCode{
			Directory: p.Directory, Sends: p.Sends, Ways: []steps.CodeWay{{Way: event.WaySMS, Sender: nobody{}}}, Digits: 6,
			Lifetime: 5 * time.Minute, Patience: time.Minute,
			Limits: steps.DefaultLimits(2),
		},
		Factor: session.Possession,
	}
	assert.Equal(t, []session.Question{{
		Step: steps.Passphrase{
			Directory: p.Directory, Prompt: "ask-passphrase", Again: "ask-passphrase-again", Engine: "pocketsphinx",
			Grammar: "countersign-words", Confidence: 0.8, Tries: 2, OptOut: '*',
		},
		Factor: session.Knowledge, Else: &code,
	}, code}, l.Verify, "the one in the list stands in with its settings")
	assert.Equal(t, steps.Confirmation{Prompt: "confirmation", ByName: true}, l.Confirmation)
	assert.Equal(t, to("agents"), l.Routes.Unidentified, "as identified")
}

func TestTheOptOutKeyCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	l, err := lines.Compile(
		parsed(t, with2("identify", "- number: {name: account, digits: 8, opt_out: none}")), 1, parts(),
	)
	require.NoError(t, err)
	assert.Zero(t, l.Identify[0].(steps.Number).Limits.OptOut)
	assert.Nil(t, l.ANI)
	assert.Equal(t, session.Identified, l.Level)
}

func TestANIThatIsSwitchedOffIsNotTried(t *testing.T) {
	t.Parallel()
	l, err := lines.Compile(
		parsed(t, with2("identify", "- ani: {enabled: false}\n  - number: {name: account, digits: 8}")), 1, parts(),
	)
	require.NoError(t, err)
	assert.Nil(t, l.ANI)
}

func TestAReplacedQuestionIsAskedAgainInItsOwnWords(t *testing.T) {
	t.Parallel()
	own := "prompts:\n  ask-account: {en: {text: Key your contract.}}\n"
	l, err := lines.Compile(parsed(t, with2("identify", "- number: {name: account, digits: 8}")+own), 1, parts())
	require.NoError(t, err)
	assert.Equal(t, "ask-account", l.Identify[0].(steps.Number).Again)
	l, err = lines.Compile(
		parsed(
			t,
			with2("identify", "- number: {name: account, digits: 8}")+own+"  ask-account-again: {en: {text: Your contract.}}\n",
		),
		1, parts(),
	)
	require.NoError(t, err)
	assert.Equal(t, "ask-account-again", l.Identify[0].(steps.Number).Again)
}

func TestALineThatNeedsAMissingPartDoesNotCompile(t *testing.T) {
	t.Parallel()
	sms := parsed(t, with("verify: {questions: [pin: {else: sms_code}]}\n"))
	totp := parsed(t, with("verify: {questions: [totp: {}]}\n"))
	for name, c := range map[string]struct {
		def   *lines.Definition
		parts lines.Parts
		says  string
	}{
		"no customers": {sms, lines.Parts{}, "line retail: no directory of customers is given"},
		"no gateway": {
			sms, lines.Parts{Directory: nobody{}, Sends: nobody{}},
			"it sends one-time codes by sms, but no way to do so is given",
		},
		"no memory for codes": {totp, lines.Parts{Directory: nobody{}}, "no store for used codes is given"},
	} {
		_, err := lines.Compile(c.def, 1, c.parts)
		assert.ErrorContains(t, err, c.says, name)
	}
}
