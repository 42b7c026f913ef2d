package steps_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/leaktest"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// directory is a steps.Directory in memory. It records look-ups, but no PIN.
type directory struct {
	byPhone   map[string][]session.Customer
	byAccount map[string]session.Customer
	byKeys    map[string][]session.Customer
	pins      map[string]string
	err       error
	slow      time.Duration

	secrets map[string]string // by customer and kind
	phones  map[string][]session.Phone
	emails  map[string][]session.Email
	added   []string

	phonesAsked   []string
	cancelled     bool
	accountsAsked []string
	lastPIN       session.Secret
}

func (d *directory) ByPhone(ctx context.Context, e164 string) ([]session.Customer, error) {
	d.phonesAsked = append(d.phonesAsked, e164)
	if d.slow > 0 {
		select {
		case <-time.After(d.slow):
		case <-ctx.Done():
			d.cancelled = true
			return nil, context.Cause(ctx)
		}
	}
	return d.byPhone[e164], d.err
}

func (d *directory) ByIdentifier(_ context.Context, kind, value string) (session.Customer, bool, error) {
	d.accountsAsked = append(d.accountsAsked, kind+" "+value)
	c, found := d.byAccount[value]
	return c, found, d.err
}

func (d *directory) ByKeypad(_ context.Context, kind, keys string) ([]session.Customer, error) {
	d.accountsAsked = append(d.accountsAsked, kind+" keyed "+keys)
	return d.byKeys[keys], d.err
}

func (d *directory) Check(_ context.Context, customer, kind string, answer session.Secret) (bool, error) {
	d.lastPIN = answer
	if kind != "pin" {
		want := d.secrets[customer+" "+kind]
		return want != "" && want == string(answer.Reveal()), d.err
	}
	return d.pins[customer] != "" && d.pins[customer] == string(answer.Reveal()), d.err
}

func (d *directory) ByID(context.Context, string) (session.Customer, bool, error) {
	return session.Customer{}, false, d.err
}

// CheckTOTP takes the secret "totp" as the code, in time step 7.
func (d *directory) CheckTOTP(
	_ context.Context, customer string, code session.Secret, _ time.Time,
) (int64, bool, error) {
	return 7, d.secrets[customer+" totp"] == string(code.Reveal()), d.err
}

func (d *directory) Phones(_ context.Context, customer string) ([]session.Phone, error) {
	return d.phones[customer], d.err
}

func (d *directory) Emails(_ context.Context, customer string) ([]session.Email, error) {
	return d.emails[customer], d.err
}

func (d *directory) AddPhone(_ context.Context, customer, e164 string) error {
	d.added = append(d.added, customer+" "+e164)
	return d.err
}

var (
	ada   = session.Customer{ID: "C-1", Name: "Ada", Enrolled: []string{"pin"}}
	bob   = session.Customer{ID: "C-2", Name: "Bob", Enrolled: []string{"pin"}}
	carol = session.Customer{ID: "C-3", Name: "Carol"}
)

func bank() *directory {
	return &directory{
		byPhone: map[string][]session.Customer{
			"+15551230001": {ada}, "+15551230002": {ada, bob}, "+15551230003": {carol},
		},
		byAccount: map[string]session.Customer{"100042": ada, "100043": bob, "100044": carol},
		pins:      map[string]string{"C-1": "2468", "C-2": "135792"},
	}
}

// line is the default line: ANI, account of 6 to 10 digits, PIN of 4 to 6.
func line(d steps.Directory) *session.Line {
	to := func(ext string) session.Destination {
		return session.Destination{Extension: ext, Dialplan: "XML", Context: "default"}
	}
	return &session.Line{
		Name: "default", Version: 1, Languages: []string{"en"}, Level: session.Verified,
		Greeting: steps.Greeting{Prompt: "greeting"},
		Identify: []session.Step{
			steps.ANI{Directory: d},
			steps.Number{
				Directory: d, Kind: "account", Prompt: "ask-account", Again: "ask-account-again", Min: 6, Max: 10,
				Limits: steps.DefaultLimits(3),
			},
		},
		Verify: []session.Question{{
			Step: steps.PIN{
				Directory: d, Prompt: "ask-pin", Again: "ask-pin-again", Min: 4, Max: 6, Limits: steps.DefaultLimits(2),
			},
			Factor: session.Knowledge,
		}},
		Confirmation: steps.Announcement{Step: "confirmation", Prompt: "confirmation"},
		Failure:      steps.Announcement{Step: "failure", Prompt: "failure"},
		Routes:       session.Routes{Verified: to("menu"), Identified: to("agents"), Unidentified: to("agents")},
	}
}

// dial runs one call from a number, with a caller who makes these moves.
func dial(
	t *testing.T, l *session.Line, from string, moves ...sessiontest.Move,
) (*sessiontest.Channel, *sessiontest.Journal, map[string]string) {
	t.Helper()
	return place(t, l, session.Call{ID: "call-1", Caller: from, Started: time.Now()}, moves...)
}

func place(
	t *testing.T, l *session.Line, call session.Call, moves ...sessiontest.Move,
) (*sessiontest.Channel, *sessiontest.Journal, map[string]string) {
	t.Helper()
	ch := &sessiontest.Channel{Moves: moves}
	j := &sessiontest.Journal{}
	r := session.NewRunner(session.Options{
		Journal: j, Prompts: sessiontest.Prompts{}, Line: func(session.Call) *session.Line { return l },
	})
	now := time.Now()
	synctest.Test(t, func(*testing.T) { // a slow machine must not change what the caller hears
		time.Sleep(time.Until(now)) // sets the virtual clock of synctest, which begins in 2000
		ctx := ch.Start(context.Background())
		r.Run(ctx, call, ch)
		ch.End(nil)
	})
	h, _ := ch.Handover()
	variables := map[string]string{"to": h.To.Extension}
	for _, v := range h.Variables {
		variables[v.Name] = v.Value
	}
	return ch, j, variables
}

func keys(k ...string) (m []sessiontest.Move) {
	for _, x := range k {
		m = append(m, sessiontest.Move{Keys: x})
	}
	return m
}

func attempts(j *sessiontest.Journal, step string) (results []event.AttemptResult) {
	for _, f := range sessiontest.Find[event.StepFinished](j) {
		if f.Step == step {
			for _, a := range f.Attempts {
				results = append(results, a.Result)
			}
		}
	}
	return results
}

func TestCallersAreIdentifiedAndVerified(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		from           string
		moves          []sessiontest.Move
		to, status     string
		reason, method string
		heard          []string
	}{
		{"a known number and the right PIN", "+15551230001", keys("2468#"), "menu", "verified", "ok", "ani,pin",
			[]string{"greeting", "ask-pin", "confirmation"}},
		{"an unknown number, account and PIN", "+15559999999", keys("100042#", "2468#"), "menu", "verified", "ok",
			"account,pin", []string{"greeting", "ask-account", "ask-pin", "confirmation"}},
		{"account and PIN typed ahead", "+15559999999", keys("100042#2468#"), "menu", "verified", "ok", "account,pin",
			[]string{"greeting", "ask-account", "ask-pin", "confirmation"}},
		{"a number that two customers share", "+15551230002", keys("100043#", "135792"), "menu", "verified", "ok",
			"account,pin", []string{"greeting", "ask-account", "ask-pin", "confirmation"}},
		{"a wrong PIN, then the right one", "+15551230001", keys("1111#", "2468#"), "menu", "verified", "ok", "ani,pin",
			[]string{"greeting", "ask-pin", "not-right-1", "ask-pin-again", "confirmation"}},
		{"three wrong PINs", "+15551230001", keys(
			"1111#", "2222#", "3333#", "*",
		), "agents", "identified", "wrong_answer", "ani",
			[]string{
				"greeting", "ask-pin", "not-right-1", "ask-pin-again", "not-right-2", "ask-pin-again", "ask-account", "failure",
			}},
		{"four unknown accounts", "", keys(
			"999991#", "999992#", "999993#", "999994#", "100042#",
		), "agents", "none", "not_found", "",
			[]string{
				"greeting", "ask-account", "not-right-1", "ask-account-again", "not-right-2", "ask-account-again", "not-right-2",
				"ask-account-again", "failure",
			}},
		{"silence", "", nil, "agents", "none", "no_input", "",
			[]string{
				"greeting", "ask-account", "no-input-1", "take-your-time", "ask-account-again",
				"repeat-press", "digit-9", "key-hash", "no-input-2", "ask-account-again", "failure",
			}},
		{"too few digits, three times", "", keys("1#", "12", "123#"), "agents", "none", "no_match", "",
			[]string{
				"greeting", "ask-account", "no-match-1", "ask-account-again", "no-match-2", "take-your-time",
				"ask-account-again", "repeat-press", "digit-9", "key-hash", "failure",
			}},
		{
			"silences and slips are counted apart", "", keys("", "1#", "", "12#", "999999#", "100042#", "2468"), "menu",
			"verified", "ok", "account,pin", nil,
		},
		{
			"opting out of the account", "", keys("*"), "agents", "none", "opted_out", "",
			[]string{"greeting", "ask-account", "failure"},
		},
		{"opting out of the PIN, in the middle of it", "+15551230001", keys("24*", "*"), "agents", "identified", "opted_out",
			"ani", []string{"greeting", "ask-pin", "ask-account", "failure"}},
		{
			"a customer without a PIN is not asked for one", "+15551230003", nil, "agents", "identified", "not_enrolled", "ani",
			[]string{"greeting", "failure"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := bank()
			ch, j, v := dial(t, line(d), c.from, c.moves...)
			assert.Equal(t, c.to, v["to"])
			assert.Equal(t, c.status, v["cs_status"])
			assert.Equal(t, c.reason, v["cs_reason"])
			assert.Equal(t, c.method, v["cs_methods"])
			if c.heard != nil {
				assert.Equal(t, c.heard, ch.Heard())
			}
			assert.Equal(t, c.status == "verified", len(sessiontest.Find[event.Verified](j)) == 1)
			for _, b := range d.lastPIN.Reveal() {
				assert.Zero(t, b, "the PIN is wiped after its check")
			}
		})
	}
}

func TestAttemptsAreJournalledWithoutDigits(t *testing.T) {
	t.Parallel()
	_, j, _ := dial(t, line(bank()), "+15551230001", keys("", "1#", "1111#", "2468#")...)
	assert.Equal(t, []event.AttemptResult{"no_input", "no_match", "rejected", "accepted"}, attempts(j, "pin"))
	_, j, _ = dial(t, line(bank()), "+15551230001", sessiontest.Move{Keys: "1111#"}, sessiontest.Move{Hangup: true})
	assert.Equal(t, []event.AttemptResult{"rejected", "abandoned"}, attempts(j, "pin"))
}

func TestNumbersThatMustNotBeLookedUpAreNot(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]session.Call{
		"withheld":                      {Caller: "+15551230001", Withheld: true},
		"anonymous":                     {Caller: "anonymous"},
		"a SIP user name":               {Caller: "alice"},
		"none":                          {},
		"without a country, no region":  {Caller: "0301234567"},
		"too short to be looked up, 12": {Caller: "12"},
	} {
		d := bank()
		ch, j, v := place(t, line(d), call, keys("*")...)
		assert.Empty(t, d.phonesAsked, name)
		assert.Equal(t, []string{"greeting", "ask-account", "failure"}, ch.Heard(), name)
		assert.Equal(t, "none", v["cs_status"], name)
		assert.Empty(t, sessiontest.Find[event.Identified](j), name)
		want := event.ReasonNoNumber
		if call.Withheld {
			want = event.ReasonWithheld
		}
		assert.Equal(t, want, sessiontest.Find[event.StepFinished](j)[1].Reason, name)
	}
	d := bank()
	l := line(d)
	l.Region = "US"
	_, _, v := dial(t, l, "(555) 123-0001", keys("2468#")...)
	assert.Equal(t, []string{"+15551230001"}, d.phonesAsked, "the line's region supplies the country")
	assert.Equal(t, "verified", v["cs_status"])
}

func TestAFailureFlushesWhatWasTypedAhead(t *testing.T) {
	t.Parallel()
	// A wrong account followed by a PIN: the PIN must not be taken for the next account.
	ch, _, _ := dial(t, line(bank()), "", keys("999999#2468#", "100042#", "2468#")...)
	collects := ch.Collects()
	require.Len(t, collects, 3)
	assert.False(t, collects[0].Flush)
	assert.True(t, collects[1].Flush, "after a failure")
	assert.False(t, collects[2].Flush, "from identifier to PIN type-ahead works")
}

func TestALateHashKeyIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	d := bank()
	d.byAccount["1000420000"] = ada
	// Ten digits end the entry; the hash key arrives when the PIN prompt has begun.
	ch, j, v := dial(t, line(d), "", keys("1000420000#", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, []event.AttemptResult{"accepted"}, attempts(j, "pin"), "not an attempt")
	assert.Equal(
		t, []string{"greeting", "ask-account", "ask-pin", "ask-pin", "confirmation"}, ch.Heard(), "the prompt begins again",
	)
	// A hash key alone is an answer everywhere else, and the second time.
	_, j, _ = dial(t, line(d), "", keys("1000420000##", "2468#")...)
	assert.Equal(t, []event.AttemptResult{"no_match", "accepted"}, attempts(j, "pin"))
	_, j, _ = dial(t, line(d), "", keys("100042#", "#", "2468#")...)
	assert.Equal(t, []event.AttemptResult{"no_match", "accepted"}, attempts(j, "pin"))
}

func TestTheSilentCallerGetsMoreTime(t *testing.T) {
	t.Parallel()
	ch, _, _ := dial(t, line(bank()), "", keys("", "100042#", "2468#")...)
	c := ch.Collects()
	require.Len(t, c, 3)
	assert.Equal(t, []time.Duration{5 * time.Second, 3 * time.Second}, []time.Duration{c[0].FirstDigit, c[0].InterDigit})
	assert.Equal(t, []time.Duration{10 * time.Second, 8 * time.Second}, []time.Duration{c[1].FirstDigit, c[1].InterDigit})
	assert.Equal(t, byte('*'), c[0].OptOut)
}

func TestACheckDigitSavesALookUp(t *testing.T) {
	t.Parallel()
	d := bank()
	d.byAccount["79927398713"] = ada
	l := line(d)
	account := l.Identify[1].(steps.Number)
	account.Max, account.Check = 11, steps.Luhn
	l.Identify[1] = account
	_, j, v := dial(t, l, "", keys("79927398710#", "79927398713", "2468#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, []string{"account 79927398713"}, d.accountsAsked)
	assert.Equal(t, []event.AttemptResult{"no_match", "accepted"}, attempts(j, "account"))
}

func TestLuhn(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"79927398713": true, "79927398710": false, "4111111111111111": true, "0": false, "": false, "1a": false, "18": true,
	} {
		assert.Equal(t, want, steps.Luhn(number), number)
	}
}

func TestAnOutageIsNeverTheCallersFailure(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]string{"looking up the number": "+15551230001", "looking up the account": ""} {
		d := bank()
		d.err = errors.New("the database is locked")
		ch, j, v := dial(t, line(d), from, keys("100042#")...)
		assert.Equal(t, "agents", v["to"], name)
		assert.Equal(t, "unavailable", v["cs_reason"], name)
		assert.Equal(t, "failure", ch.Heard()[len(ch.Heard())-1], name)
		assert.Equal(t, event.ReasonUnavailable, sessiontest.Find[event.Failed](j)[0].Reason, name)
	}
	d := &outageAtCheck{bank()}
	_, j, v := dial(t, line(d), "+15551230001", keys("2468#")...)
	assert.Equal(t, "identified", v["cs_status"])
	assert.Equal(t, "unavailable", v["cs_reason"])
	assert.Equal(t, []event.AttemptResult{"error"}, attempts(j, "pin"))
}

type panicking struct{ *directory }

func (panicking) ByPhone(context.Context, string) ([]session.Customer, error) { panic("boom") }

func TestAPanicInALookUpEndsThatCallOnly(t *testing.T) {
	t.Parallel()
	_, _, v := dial(t, line(panicking{bank()}), "+15551230001")
	assert.Equal(t, "agents", v["to"])
	assert.Equal(t, "unavailable", v["cs_reason"])
}

type outageAtCheck struct{ *directory }

func (d *outageAtCheck) Check(context.Context, string, string, session.Secret) (bool, error) {
	return false, errors.New("the queue is full")
}

func TestTheGreetingPlaysWhileASlowLookUpRuns(t *testing.T) {
	t.Parallel()
	d := bank()
	d.slow = 300 * time.Millisecond
	ch, _, v := dial(t, line(d), "+15551230001", keys("2468#")...)
	assert.Equal(t, "verified", v["cs_status"])
	require.Len(t, ch.Collects(), 1)
	assert.Equal(t, []string{"ask-pin"}, ch.Collects()[0].Files, "the greeting was played before")
	assert.Equal(t, []string{"greeting", "ask-pin", "confirmation"}, ch.Heard())
	ch = &sessiontest.Channel{HangupAtPlay: 1}
	r := session.NewRunner(session.Options{
		Journal: &sessiontest.Journal{}, Prompts: sessiontest.Prompts{},
		Line: func(session.Call) *session.Line { return line(d) },
	})
	d.slow = time.Hour
	r.Run(ch.Start(context.Background()), session.Call{Caller: "+15551230001"}, ch)
	assert.True(t, d.cancelled, "a hang-up cancels the look-up")
}
