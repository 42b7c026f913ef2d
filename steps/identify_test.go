package steps_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckDigits(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"3214282912345698765432161182": true, "3214282912345698765432161183": false, "98": false, "": false, "1x": false,
		"0": false,
	} {
		assert.Equal(t, want, steps.Mod97(number), number)
	}
	for number, want := range map[string]bool{
		"0306406152": true, "0306406153": false, "0306406125": false, "": false, "7": false, "1x": false,
	} {
		assert.Equal(t, want, steps.Mod11(number), number)
	}
}

func number(d steps.Directory, kind string) steps.Number {
	return steps.Number{
		Directory: d, Kind: kind, Prompt: "ask-" + kind, Again: "ask-" + kind + "-again", Min: 5, Max: 15,
		Limits: steps.DefaultLimits(3),
	}
}

func TestIdentifiersAreTriedInOrder(t *testing.T) {
	t.Parallel()
	d := bank()
	l := line(d)
	l.Region = "US"
	l.Identify = []session.Step{
		steps.Choice{
			Choice: "have_account", Prompt: "have-account", Again: "have-account-again", Key: '1',
			Limits: steps.DefaultLimits(0),
		},
		number(d, "account"), number(d, "phone"),
	}
	for _, c := range []struct {
		name, status, methods, reason string
		moves                         []sessiontest.Move
		last                          string
	}{
		{"the first", "verified", "account,pin", "ok", keys("1", "100042#", "2468#"), "ask-pin"},
		{"not the first: the second", "verified", "phone,pin", "ok", keys("1", "*", "5551230001#", "2468#"), "ask-pin"},
		{
			"an unknown one four times: the second", "verified", "phone,pin", "ok",
			keys("1", "999991#", "999992#", "999993#", "999994#", "15551230001#", "2468#"), "ask-pin",
		},
		{"neither", "none", "", "opted_out", keys("1", "*", "*"), "ask-phone"},
		{"no account at all", "none", "", "opted_out", keys("2"), "have-account"},
		{"says nothing to the choice", "none", "", "no_input", nil, "have-account-again"},
		{
			"a telephone that two customers share", "none", "", "not_found",
			keys("1", "*", "5551230002#", "5551230002#", "5551230002#", "5551230002#"), "ask-phone-again",
		},
		{
			"what is no telephone number", "none", "", "not_found", keys("1", "*", "00000#", "00000#", "00000#", "00000#"),
			"ask-phone-again",
		},
	} {
		ch, _, v := dial(t, l, "anonymous", c.moves...)
		assert.Equal(t, c.status, v["cs_status"], c.name)
		assert.Equal(t, c.methods, v["cs_methods"], c.name)
		assert.Equal(t, c.reason, v["cs_reason"], c.name)
		heard := ch.Heard()
		assert.Equal(t, c.last, heard[len(heard)-2], c.name)
		for _, file := range heard {
			assert.NotContains(t, file, "Ada", "never a name")
		}
	}
}

func TestANumberIsReadBackWhereAsked(t *testing.T) {
	t.Parallel()
	d := bank()
	l := line(d)
	n := number(d, "account")
	n.ReadBack = steps.ReadBackAlways
	l.Identify = []session.Step{n}
	ch, j, v := dial(t, l, "", keys("100043#", "2", "100042#", "1", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, []string{
		"greeting", "ask-account", "read-back", "digit-1", "digit-0", "digit-0", "digit-0", "digit-4", "digit-3",
		"read-back-confirm",
		"ask-account-again", "read-back", "digit-1", "digit-0", "digit-0", "digit-0", "digit-4", "digit-2",
		"read-back-confirm", "ask-pin", "confirmation",
	}, ch.Heard())
	assert.Equal(t, []string{"account 100042"}, d.accountsAsked, "a number that was not confirmed is not looked up")
	assert.Equal(t, []event.AttemptResult{"no_match", "accepted"}, attempts(j, "account"))

	n.ReadBack = steps.ReadBackUnattested
	l.Identify = []session.Step{n}
	ch, _, _ = place(
		t, l, session.Call{ID: "call-1", Trust: session.TrustFull, Started: time.Now()}, keys("100042#", "2468#")...,
	)
	assert.NotContains(t, ch.Heard(), "read-back", "the caller's number has attestation A")
	ch, _, _ = dial(t, l, "", keys("100042#", "1", "2468#")...)
	assert.Contains(t, ch.Heard(), "read-back")
}

func TestTheAttestationOfTheNumberCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trust    session.Trust
		attested bool
		reason   event.Reason
	}{
		{session.TrustUnknown, false, ""}, {session.TrustFull, false, ""},
		{session.TrustFailed, false, event.ReasonUntrusted},
		{session.TrustUnknown, true, event.ReasonUntrusted}, {session.TrustFull, true, ""},
		{session.TrustFailed, true, event.ReasonUntrusted},
	} {
		l := line(bank())
		l.ANI, l.Identify = steps.ANI{Directory: bank(), Attested: c.attested}, nil
		_, j, v := place(
			t, l, session.Call{ID: "call-1", Caller: "+15551230001", Trust: c.trust, Started: time.Now()}, keys("2468#")...,
		)
		assert.Equal(t, c.reason, sessiontest.Find[event.StepFinished](j)[1].Reason)
		assert.Equal(t, c.reason == "", v["cs_status"] == "verified")
	}
}

func TestTheLanguageMenu(t *testing.T) {
	t.Parallel()
	d := bank()
	l := line(d)
	l.Languages = []string{"en", "de"}
	l.LanguageMenu = steps.LanguageMenu{Limits: steps.DefaultLimits(0)}
	for _, c := range []struct {
		name     string
		moves    []sessiontest.Move
		result   event.StepResult
		reason   event.Reason
		spoken   string
		attempts []event.AttemptResult
	}{
		{"the second language", keys("2"), event.StepPassed, "", "de", results("accepted")},
		{"the first", keys("1"), event.StepPassed, "", "en", results("accepted")},
		{"no such language, then another", keys("7", "2"), event.StepPassed, "", "de", results("no_match", "accepted")},
		{"silence", nil, event.StepSkipped, event.ReasonNoInput, "en", results("no_input", "no_input")},
		{"silence, then the second", keys("", "2"), event.StepPassed, "", "de", results("no_input", "accepted")},
		{"the star key plays it again", keys("*", "*", "2"), event.StepPassed, "", "de", results("accepted")},
		{"nor is the hash key", keys("#", "2"), event.StepPassed, "", "de", results("no_match", "accepted")},
		{"nor is 0", keys("0", "2"), event.StepPassed, "", "de", results("no_match", "accepted")},
		{"no language twice", keys("3", "9"), event.StepSkipped, event.ReasonNoInput, "en", results("no_match", "no_match")},
	} {
		var spoken string
		l.Failure = spy(func(s *session.Session) { spoken = s.Language() })
		ch, j, _ := dial(t, l, "", c.moves...)
		assert.Equal(t, c.spoken, spoken, c.name)
		assert.Equal(t, []string{"greeting", "language-1", "language-2"}, ch.Heard()[:3], c.name)
		menus := finished(j, "language")
		require.Len(t, menus, 1, "%s: the menu was not asked once", c.name)
		assert.Equal(t, c.result, menus[0].Result, c.name)
		assert.Equal(t, c.reason, menus[0].Reason, c.name)
		assert.Equal(t, c.attempts, attempts(j, "language"), c.name)
		asked := ch.Collects()
		require.GreaterOrEqual(t, len(asked), len(c.attempts), c.name)
		if len(c.attempts) > 1 {
			assert.Equal(t, []string{"ask-language-again", "language-1", "language-2"}, asked[1].Files, c.name)
			assert.True(t, asked[1].Flush, "%s: what was keyed before is no answer", c.name)
		}
	}
}

func results(all ...event.AttemptResult) []event.AttemptResult { return all }

// finished are the results of a step's runs.
func finished(j *sessiontest.Journal, step string) (all []event.StepFinished) {
	for _, f := range sessiontest.Find[event.StepFinished](j) {
		if f.Step == step {
			all = append(all, f)
		}
	}
	return all
}

type spy func(*session.Session)

func (spy) Name() string { return "failure" }
func (f spy) Run(_ context.Context, s *session.Session) (session.Outcome, error) {
	f(s)
	return session.Passed(), nil
}

func TestANewNumberIsRememberedOnlyIfTheVerifiedCallerAgrees(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, from string
		moves      []sessiontest.Move
		added      []string
	}{
		{"yes", "+15559990000", keys("100042#", "2468#", "1"), []string{"C-1 +15559990000"}},
		{"no", "+15559990000", keys("100042#", "2468#", "2"), nil},
		{"silence", "+15559990000", keys("100042#", "2468#"), nil},
		{"a number that is on file", "+15551230001", keys("2468#", "1"), nil},
		{"a withheld number", "", keys("100042#", "2468#", "1"), nil},
		{"not verified", "+15559990000", keys("100042#", "1#", "1#", "1#", "1"), nil},
	} {
		d := bank()
		d.phones = map[string][]session.Phone{"C-1": {{E164: "+15551230001"}}}
		l := line(d)
		l.Enrol = steps.RememberNumber{Directory: d, Limits: steps.DefaultLimits(0)}
		_, _, v := dial(t, l, c.from, c.moves...)
		assert.Equal(t, c.added, d.added, c.name)
		assert.NotEmpty(t, v["to"], c.name)
	}
	d := bank()
	l := line(d)
	l.Enrol = steps.RememberNumber{Directory: broken{d}, Limits: steps.DefaultLimits(0)}
	_, _, v := dial(t, l, "+15559990000", keys("100042#", "2468#", "1")...)
	assert.Equal(t, "verified", v["cs_status"], "a fault here changes no verdict")
}

type broken struct{ *directory }

func (broken) Phones(context.Context, string) ([]session.Phone, error) {
	return nil, errors.New("the database is locked")
}

func TestTheNameIsSpokenOnlyAfterVerification(t *testing.T) {
	t.Parallel()
	d := bank()
	l := line(d)
	l.Confirmation = steps.Confirmation{Prompt: "confirmation", ByName: true}
	ch, _, _ := dial(t, l, "+15551230001", keys("2468#")...)
	assert.Equal(t, []string{"greeting", "ask-pin", "confirmation-name", "speak:Ada", "confirmation"}, ch.Heard())
	ch, _, _ = dial(t, l, "+15551230001", keys("1#", "1#", "1#")...)
	assert.NotContains(t, ch.Heard(), "speak:Ada")
}

func TestACallerIsNotLeftInSilenceWhileTheBackendIsSlow(t *testing.T) {
	t.Parallel()
	d := bank()
	d.slow = 1200 * time.Millisecond
	l := line(d)
	l.Greeting = nil
	ch, _, v := dial(t, l, "+15551230001", keys("2468#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, "one-moment", ch.Heard()[0])
}
