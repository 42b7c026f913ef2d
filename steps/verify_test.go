package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enrolled is a bank where Ada has everything on file.
func enrolled() *directory {
	d := bank()
	all := session.Customer{
		ID: "C-1", Name: "Ada", Enrolled: []string{"pin", "birth_date", "postcode", "passphrase", "totp"},
	}
	d.byPhone["+15551230001"] = []session.Customer{all}
	d.secrets = map[string]string{
		"C-1 birth_date": "19151210", "C-1 postcode": "10115", "C-1 passphrase": "white horse", "C-1 totp": "287082",
	}
	d.phones = map[string][]session.Phone{"C-1": {{E164: "+4917139200001"}}}
	return d
}

// verifying is the default line with these questions in place of the PIN, and level.
func verifying(d steps.Directory, level session.Level, questions ...session.Question) *session.Line {
	l := line(d)
	l.Level, l.Verify = level, questions
	return l
}

func weak(s session.Step) session.Question { return session.Question{Step: s, Factor: session.Weak} }
func knowledge(s session.Step) session.Question {
	return session.Question{Step: s, Factor: session.Knowledge}
}
func possession(s session.Step) session.Question {
	return session.Question{Step: s, Factor: session.Possession}
}

func birthDate(d steps.Directory) steps.BirthDate {
	return steps.BirthDate{
		Directory: d, Prompt: "ask-birth-date", Again: "ask-birth-date-again", Limits: steps.DefaultLimits(2),
	}
}

func postcode(d steps.Directory) steps.Fact {
	return steps.Fact{
		Directory: d, Fact: "postcode", Prompt: "ask-fact", Again: "ask-fact-again", Min: 5, Max: 5,
		Limits: steps.DefaultLimits(2),
	}
}

func TestADateOfBirthIsKeyedInTheLanguagesOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ language, keys, result string }{
		{"en", "12101915", "accepted"}, {"en", "121015", "accepted"}, {"en-US", "12101915", "accepted"},
		{"en-GB", "10121915", "accepted"}, {"de", "10121915", "accepted"}, {"de", "101215", "accepted"},
		{"sv", "19151210", "accepted"}, {"sv", "151210", "accepted"},
		{"de", "12101915", "rejected"}, {"de", "10121916", "rejected"},
		{"en", "13101915", "no_match"}, {"en", "02301915", "no_match"}, {"de", "00121915", "no_match"},
		{"en", "1210191", "no_match"},
		{"en", "12102999", "no_match"}, {"de", "31121899", "no_match"}, {"de", "01011900", "rejected"},
	} {
		d := enrolled()
		l := verifying(d, 2, weak(birthDate(d)))
		l.Languages = []string{c.language}
		_, j, _ := dial(t, l, "+15551230001", keys(c.keys+"#")...)
		assert.Equal(t, c.result, string(attempts(j, "birth_date")[0]), "%s %s", c.language, c.keys)
	}
}

func TestTwoWeakAnswersVerifyAndOneDoesNot(t *testing.T) {
	t.Parallel()
	d := enrolled()
	_, _, v := dial(
		t, verifying(d, 2, weak(birthDate(d)), weak(postcode(d))), "+15551230001", keys("12101915#", "10115")...,
	)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, "ani,birth_date,postcode", v["cs_methods"])
	_, _, v = dial(t, verifying(d, 2, weak(birthDate(d))), "+15551230001", keys("12101915#")...)
	assert.Equal(t, "identified", v["cs_status"])
	assert.Equal(t, "1", v["cs_level"])
	_, _, v = dial(
		t, verifying(d, 2, weak(birthDate(d)), weak(postcode(d))), "+15551230001",
		keys("12101915#", "10116", "10117", "10118")...,
	)
	assert.Equal(t, "identified", v["cs_status"])
	assert.Equal(t, "wrong_answer", v["cs_reason"])
}

func passphrase(d steps.Directory) steps.Passphrase {
	return steps.Passphrase{
		Directory: d, Prompt: "ask-passphrase", Again: "ask-passphrase-again", Engine: "pocketsphinx", Grammar: "words",
		Confidence: 0.8, Tries: 2, OptOut: '*',
	}
}

func TestAPassphraseIsHeardAndCompared(t *testing.T) {
	t.Parallel()
	says := func(words string, confidence float64) sessiontest.Move {
		return sessiontest.Move{Says: words, Confidence: confidence}
	}
	for _, c := range []struct {
		name           string
		moves          []sessiontest.Move
		status, reason string
		attempts       string
	}{
		{"right", []sessiontest.Move{says("White  Horse!", 0.95)}, "verified", "ok", "accepted"},
		{
			"not sure enough, then surely", []sessiontest.Move{says("white horse", 0.79), says("white horse", 0.8)}, "verified",
			"ok", "no_match accepted",
		},
		{
			"not understood twice", []sessiontest.Move{says("mumble", -1), says("mumble", -1), says("white horse", 1)},
			"identified", "not_heard", "no_match no_match",
		},
		{
			"wrong twice", []sessiontest.Move{says("black horse", 1), says("white house", 1)}, "identified", "wrong_answer",
			"rejected rejected",
		},
		{"silence", nil, "identified", "no_input", "no_input no_input"},
		{"the star key", []sessiontest.Move{{Keys: "*"}}, "identified", "opted_out", "opted_out"},
		{
			"words of no letters", []sessiontest.Move{says("...", 1), says("white horse", 1)}, "verified", "ok",
			"no_match accepted",
		},
		{"the engine is gone", []sessiontest.Move{{Break: session.ErrNoSpeech}}, "identified", "unavailable", "error"},
	} {
		d := enrolled()
		ch, j, v := dial(t, verifying(d, 2, knowledge(passphrase(d))), "+15551230001", c.moves...)
		assert.Equal(t, c.status, v["cs_status"], c.name)
		assert.Equal(t, c.reason, v["cs_reason"], c.name)
		var results []string
		for _, a := range attempts(j, "passphrase") {
			results = append(results, string(a))
		}
		assert.Equal(t, c.attempts, strings.Join(results, " "), c.name)
		assert.Equal(t, "pocketsphinx", ch.Listens()[0].Engine)
		assert.NotContains(t, ch.Listens()[0].Grammar, "horse")
	}
}

// phoneCompany is a scripted steps.Sender and steps.Sends that keeps the messages.
type phoneCompany struct {
	sent    []string // codes
	to      []string
	err     error
	most    int
	expires time.Duration
	notSent int
}

func (p *phoneCompany) Send(_ context.Context, m session.Message) error {
	if p.err != nil {
		return p.err
	}
	p.sent, p.to, p.expires = append(p.sent, string(m.Code.Reveal())), append(p.to, m.To), m.Lifetime
	return nil
}

func (p *phoneCompany) NotSent(context.Context, session.Sending) { p.notSent++ }

func (p *phoneCompany) MaySend(context.Context, session.Sending) (bool, time.Time) {
	return p.most == 0 || len(p.sent) < p.most, time.Now()
}

func smsCode(d steps.Directory, p *phoneCompany) steps.SMSCode {
	limits := steps.DefaultLimits(2)
	return steps.SMSCode{Directory: d, Sends: p, Ways: []steps.CodeWay{{Way: event.WaySMS, Sender: p}}, Digits: 6,
		Lifetime: 5 * time.Minute, Limits: limits}
}

// reads is a caller who keys the code of the last text message in place of {}.
func reads(p *phoneCompany, answers ...string) []sessiontest.Move {
	var moves []sessiontest.Move
	for _, a := range answers {
		moves = append(moves, sessiontest.Move{KeysNow: func() string {
			if !strings.Contains(a, "{}") {
				return a
			}
			return strings.ReplaceAll(a, "{}", p.sent[len(p.sent)-1])
		}})
	}
	return moves
}

func TestACodeBySMSVerifies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		answers        []string
		status, reason string
		sent           int
	}{
		{"keyed at once", []string{"{}#"}, "verified", "ok", 1},
		{"keyed without the hash key", []string{"{}"}, "verified", "ok", 1},
		{"after two silences, as text messages take their time", []string{"", "", "{}#"}, "verified", "ok", 1},
		{"after a wrong one", []string{"000000#", "{}#"}, "verified", "ok", 1},
		{
			"too late after three wrong ones", []string{"000000#", "000001#", "000002#", "{}#"}, "identified", "wrong_answer", 1,
		},
		{"sent again: the same code", []string{"0#", "{}#"}, "verified", "ok", 2},
		{"after two silences the code is asked for again", []string{"", "", "0#", "{}#"}, "verified", "ok", 2},
		{"sent again, and still on its way", []string{"0#", "", "", "{}#"}, "verified", "ok", 2},
		{"asked for again for ever", []string{"0#", "0#", "0#", "0#", "0#"}, "identified", "no_match", 3},
		{"silence for a minute", nil, "identified", "no_input", 1},
		{"I do not have it", []string{"*"}, "identified", "opted_out", 1},
		{"five digits", []string{"12345#", "{}#"}, "verified", "ok", 1},
	} {
		d, p := enrolled(), &phoneCompany{}
		ch, _, v := dial(t, verifying(d, 2, possession(smsCode(d, p))), "+15551230001", reads(p, c.answers...)...)
		if len(p.sent) > 0 && (strings.HasPrefix(p.sent[0], "00000")) {
			continue // one in 10^5: the guesses were right
		}
		assert.Equal(t, c.status, v["cs_status"], c.name)
		assert.Equal(t, c.reason, v["cs_reason"], c.name)
		require.Len(t, p.sent, c.sent, c.name)
		assert.Len(t, p.sent[0], 6)
		assert.Equal(t, p.sent[0], p.sent[len(p.sent)-1], c.name)
		assert.Equal(t, "+4917139200001", p.to[0])
		assert.Equal(t, 5*time.Minute, p.expires)
		assert.Equal(t, 20*time.Second, ch.Collects()[0].FirstDigit)
		assert.Equal(t, []string{"greeting", "code-sent", "ask-code"}, ch.Heard()[:3])
	}
}

func TestACodeExpires(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), &phoneCompany{}
	sms := smsCode(d, p)
	sms.Lifetime = -time.Second
	_, _, v := dial(t, verifying(d, 2, possession(sms)), "+15551230001", reads(p, "{}#", "{}#")...)
	assert.Equal(t, "void", v["cs_reason"])
	assert.Equal(t, "identified", v["cs_status"])
}

func TestACodeGoesOnlyToATelephoneThatHasBeenOnFileForAWeek(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		name   string
		phones []session.Phone
		to     string
	}{
		{"none on file", nil, ""},
		{"a land line", []session.Phone{{E164: "+493023125001"}}, ""},
		{"put on file yesterday", []session.Phone{{E164: "+4917139200001", Since: now.Add(-24 * time.Hour)}}, ""},
		{
			"yesterday's, and an old one",
			[]session.Phone{
				{E164: "+4917139200001", Since: now.Add(-24 * time.Hour)},
				{E164: "+4917139200002", Since: now.Add(-8 * 24 * time.Hour)},
			},
			"+4917139200002",
		},
		{
			"the one that is calling, of two", []session.Phone{{E164: "+4917139200001"}, {E164: "+15551230001"}}, "+15551230001",
		},
	} {
		d, p := enrolled(), &phoneCompany{}
		d.phones["C-1"] = c.phones
		_, _, v := dial(t, verifying(d, 2, possession(smsCode(d, p))), "+15551230001", reads(p, "{}#")...)
		if c.to == "" {
			assert.Equal(t, "not_enrolled", v["cs_reason"], c.name)
			assert.Empty(t, p.sent, c.name)
			continue
		}
		assert.Equal(t, []string{c.to}, p.to, c.name)
		assert.Equal(t, "verified", v["cs_status"], c.name)
	}
	d, p := enrolled(), &phoneCompany{}
	sms := smsCode(d, p)
	sms.Ways[0].Countries = []string{"US"}
	_, _, v := dial(t, verifying(d, 2, possession(sms)), "+15551230001")
	assert.Equal(t, "not_enrolled", v["cs_reason"], "codes are not sent to that country")
}

func TestWithoutACodeTheCallGoesToAnAgent(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), &phoneCompany{err: errors.New("the gateway is down")}
	_, _, v := dial(t, verifying(d, 2, possession(smsCode(d, p))), "+15551230001")
	assert.Equal(t, "unavailable", v["cs_reason"])
	assert.Equal(t, 1, p.notSent, "the send was given back")
	p = &phoneCompany{most: 1, sent: []string{"earlier"}}
	_, _, v = dial(t, verifying(d, 2, possession(smsCode(d, p))), "+15551230001")
	assert.Equal(t, "send_limit", v["cs_reason"])
	p = &phoneCompany{most: 1}
	ch, _, v := dial(t, verifying(d, 2, possession(smsCode(d, p))), "+15551230001", reads(p, "0#", "{}#")...)
	assert.Equal(t, "verified", v["cs_status"], "no second message, but the first one counts")
	assert.NotContains(t, ch.Heard(), "code-sent-again")
}

func TestAFailedPassphraseFallsBackToACode(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), &phoneCompany{}
	sms := possession(smsCode(d, p))
	q := knowledge(passphrase(d))
	q.Else = &sms
	moves := append([]sessiontest.Move{{Says: "wrong horse"}, {Says: "wrong house"}}, reads(p, "{}#")...)
	_, _, v := dial(t, verifying(d, 2, q), "+15551230001", moves...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, "ani,sms_code", v["cs_methods"])
	p.sent = nil
	_, _, v = dial(
		t, verifying(d, 2, q), "+15551230001",
		append([]sessiontest.Move{{Break: session.ErrNoSpeech}}, reads(p, "{}#")...)...,
	)
	assert.Equal(t, "verified", v["cs_status"], "also when the engine is missing")
}

// once is steps.Once in a map.
type once map[string]bool

func (o once) Use(_ context.Context, what string, _ time.Duration) (bool, error) {
	first := !o[what]
	o[what] = true
	return first, nil
}

func TestAnAuthenticatorsCodeIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	d, used := enrolled(), once{}
	totp := steps.TOTP{
		Directory: d, Once: used, Prompt: "ask-totp", Again: "ask-totp-again", Limits: steps.DefaultLimits(2),
	}
	_, _, v := dial(t, verifying(d, 2, possession(totp)), "+15551230001", keys("287082#")...)
	assert.Equal(t, "verified", v["cs_status"])
	_, j, v := dial(t, verifying(d, 2, possession(totp)), "+15551230001", keys("287082#", "287082#", "000000#")...)
	assert.Equal(t, "identified", v["cs_status"], "replayed")
	assert.Equal(t, []event.AttemptResult{"rejected", "rejected", "rejected"}, attempts(j, "totp"))
}

func TestKnowledgeAndPossessionMakeTheHighestLevel(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), &phoneCompany{}
	l := verifying(d, 3, weak(birthDate(d)), line(d).Verify[0], possession(smsCode(d, p)))
	_, _, v := dial(t, l, "+15551230001", append(keys("2468#"), reads(p, "{}#")...)...)
	assert.Equal(t, "3", v["cs_level"])
	assert.Equal(t, "ani,pin,sms_code", v["cs_methods"], "the date of birth could not have helped")
}

func TestSecretsAreWipedAfterTheirCheck(t *testing.T) {
	t.Parallel()
	d := enrolled()
	dial(t, verifying(d, 2, weak(birthDate(d))), "+15551230001", keys("12101915#")...)
	assert.Equal(t, make([]byte, 8), d.lastPIN.Reveal(), "birth date")
	dial(t, verifying(d, 2, knowledge(passphrase(d))), "+15551230001", sessiontest.Move{Says: "white horse"})
	assert.Equal(t, make([]byte, 11), d.lastPIN.Reveal(), "passphrase")
}
