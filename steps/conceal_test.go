package steps_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/sessiontest"
	"countersign/session/shared"
	"countersign/steps"
)

// counting is a directory that counts checks.
type counting struct {
	*directory
	checks *[]string
}

func (d counting) Check(ctx context.Context, customer, kind string, answer session.Secret) (bool, error) {
	*d.checks = append(*d.checks, customer)
	return d.directory.Check(ctx, customer, kind, answer)
}

// desk is a line that conceals which accounts exist. The customer C-2, Bob, is locked.
type desk struct {
	t      *testing.T
	guard  *guard.Guard
	line   *session.Line
	dir    *directory
	checks []string
	calls  int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	g, err := guard.New(guard.Options{
		Store: shared.NewMemory(), Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler),
		Rules: guard.Rules{Anonymous: 1000},
	})
	require.NoError(t, err)
	d := &desk{t: t, guard: g, dir: bank()}
	for i := range 5 {
		require.False(t, g.Try(t.Context(), session.Attempt{
			Call: fmt.Sprint("before-", i), Line: "default", Customer: "C-2", Method: event.MethodPIN,
		}).Locked)
	}
	d.dir.byPhone, d.dir.secrets = nil, map[string]string{"C-3 totp": "424242"}
	d.line = line(counting{d.dir, &d.checks})
	d.conceal(true)
	return d
}

func (d *desk) conceal(conceal bool) {
	n := d.line.Identify[1].(steps.Number)
	n.Conceal = conceal
	d.line.Identify[1] = n
}

type told struct {
	heard []string
	// timers are those of each entry: until the first digit, and between digits.
	timers  [][2]time.Duration
	v       map[string]string
	journal *sessiontest.Journal
	checks  []string
}

func (d *desk) dial(keyed ...string) told {
	d.t.Helper()
	return d.play("", keys(keyed...)...)
}

// play is a call from a number.
func (d *desk) play(from string, moves ...sessiontest.Move) told {
	d.t.Helper()
	d.calls++
	d.checks = nil
	ch, j := &sessiontest.Channel{Moves: moves}, &sessiontest.Journal{}
	r := session.NewRunner(session.Options{
		Journal: j, Prompts: sessiontest.Prompts{}, Guard: d.guard, Line: func(session.Call) *session.Line { return d.line },
	})
	r.Run(ch.Start(d.t.Context()), session.Call{
		ID: fmt.Sprint("call-", d.calls), Channel: "u", Caller: from, Started: time.Now(),
	}, ch)
	ch.End(nil)
	h, _ := ch.Handover()
	v := map[string]string{"to": h.To.Extension}
	for _, x := range h.Variables {
		v[x.Name] = x.Value
	}
	var timers [][2]time.Duration
	for _, c := range ch.Collects() {
		timers = append(timers, [2]time.Duration{c.FirstDigit, c.InterDigit})
	}
	return told{ch.Heard(), timers, v, j, d.checks}
}

// Each account's caller does the same and hears the same; the agent gets the truth.
func TestACallerCannotHearWhetherAnAccountExists(t *testing.T) {
	t.Parallel()
	accounts := map[string]struct{ status, reason string }{
		"100042": {"identified", "wrong_answer"},
		"100043": {"identified", "locked"},
		"100044": {"identified", "not_enrolled"},
		"999999": {"none", "not_found"},
	}
	for name, after := range map[string][]string{
		"three wrong PINs":               {"1111#", "2222#", "3333#"},
		"a PIN that is another's":        {"135792#", "975318#", "135792#"},
		"typed ahead":                    {"1111#2222#", "3333#", "4444#"},
		"too short, nothing, wrong":      {"1#", "", "1111#", "2222#", "3333#"},
		"silence":                        nil,
		"wrong, then nothing":            {"1111#"},
		"wrong, then *":                  {"1111#", "*"},
		"wrong, back, the same again":    {"1111#", "#", "999999#", "2222#", "3333#", "4444#"},
		"back, back, back, back":         {"#", "999999#", "#", "999999#", "#", "999999#", "#", "1111#", "1111#", "1111#"},
		"three wrong PINs, two accounts": {"1111#", "1111#", "#", "888888#", "1111#", "1111#", "1111#"},
		"the clock ends the account":     {"1111#", "2222#", "3333#"},
		"the clock ends a PIN":           {"1111", "2222#", "3333#"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var first *told
			for account, want := range accounts {
				d := newDesk(t)
				keyed := append([]string{account + "#"}, after...)
				switch name {
				case "typed ahead":
					keyed = append([]string{account + "#" + after[0]}, after[1:]...)
				case "the clock ends the account":
					keyed[0] = account
				}
				got := d.dial(keyed...)
				if first == nil {
					first = &got
				}
				assert.Equal(t, first.heard, got.heard, account)
				assert.Equal(t, first.timers, got.timers, account)
				assert.Len(t, got.checks, len(first.checks), "each check takes its time")
				assert.Equal(t, "agents", got.v["to"])
				if name == "three wrong PINs" {
					assert.Equal(t, want.status, got.v["cs_status"], account)
					assert.Equal(t, want.reason, got.v["cs_reason"], account)
					assert.Equal(t, []event.AttemptResult{"rejected", "rejected", "rejected"}, attempts(got.journal, "pin"))
				}
				if account != "100042" {
					for _, whose := range got.checks {
						assert.Empty(t, whose, "no secret is checked")
					}
				}
			}
		})
	}
}

func TestALockThatBeginsInTheCallIsNotHeard(t *testing.T) {
	t.Parallel()
	wrong := []string{"100042#", "1111#", "2222#", "3333#"}
	d := newDesk(t)
	first := d.dial(wrong...)
	second := d.dial(wrong...) // the fifth wrong answer locks
	third := d.dial(wrong...)
	assert.Equal(t, first.heard, second.heard)
	assert.Equal(t, first.heard, third.heard)
	assert.Equal(t, []string{"C-1", "C-1", ""}, second.checks)
	assert.Equal(t, "locked", second.v["cs_reason"])
	assert.Equal(t, "locked", third.v["cs_reason"])
	a, err := d.guard.Attempts(t.Context(), "C-1")
	require.NoError(t, err)
	assert.Equal(t, 5, a.Failures)
}

func TestTheRightPINOfALockedCustomerIsWrong(t *testing.T) {
	t.Parallel()
	got := newDesk(t).dial("100043#", "135792#", "135792#", "135792#")
	assert.Equal(t, "identified", got.v["cs_status"])
	assert.Equal(t, "locked", got.v["cs_reason"])
	assert.Equal(t, []string{"", "", ""}, got.checks)
}

func TestALoneHashKeyLeadsBackToTheAccount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keyed         []string
		status, reson string
		checks        []string
	}{
		"mistyped, noticed at the answer": {
			[]string{"100024#", "2468#", "#", "100042#", "2468#"}, "verified", "ok", []string{"", "C-1"},
		},
		"mistyped, noticed at once": {[]string{"100024#", "#", "100042#", "2468#"}, "verified", "ok", []string{"C-1"}},
		"somebody else's account": {
			[]string{"100042#", "1111#", "#", "100044#", "*"}, "identified", "not_enrolled", []string{"C-1"},
		},
		"what follows in one go may be a secret": {
			[]string{"100024##246800#", "100042#", "2468#"}, "verified", "ok", []string{"C-1"},
		},
		"three wrong answers in all": {
			[]string{"100042#", "1111#", "2222#", "#", "100042#", "3333#", "2468#"}, "identified", "wrong_answer",
			[]string{"C-1", "C-1", "C-1"},
		},
		"not after three times": {
			[]string{"100042#", "#", "100042#", "#", "100042#", "#", "100042#", "#", "#", "#"}, "identified", "no_match", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newDesk(t).dial(c.keyed...)
			assert.Equal(t, c.status, got.v["cs_status"], got.heard)
			assert.Equal(t, c.reson, got.v["cs_reason"])
			assert.Equal(t, c.checks, got.checks)
		})
	}
}

// A customer who has no PIN says so, and is asked what they have.
func TestWhoHasNoPINIsAskedTheNextQuestion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.dir.byAccount["100044"] = session.Customer{ID: "C-3", Name: "Carol", Enrolled: []string{"totp"}}
	d.line.Verify = append(d.line.Verify, possession(steps.TOTP{
		Directory: d.dir, Once: once{}, Prompt: "ask-totp", Again: "ask-totp-again", Limits: steps.DefaultLimits(2),
	}))
	got := d.dial("100044#", "*", "424242#")
	assert.Equal(t, "verified", got.v["cs_status"], got.heard)
	assert.Equal(t, "account,totp", got.v["cs_methods"])
}

// A code is sent to nobody who could not be verified by it.
func TestNoCodeIsSentThatProvesNothing(t *testing.T) {
	t.Parallel()
	d, p := newDesk(t), &phoneCompany{}
	d.dir.phones = map[string][]session.Phone{"C-2": {{E164: "+4915123456789"}}}
	code := possession(smsCode(d.dir, p))
	d.line.Verify[0].Else = &code
	got := d.dial("100043#", "1111#", "1111#", "1111#")
	assert.Equal(t, "locked", got.v["cs_reason"], got.heard)
	assert.NotContains(t, got.heard, "code-sent")
}

func TestALineThatTellsAsksForTheAccountAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.conceal(false)
	got := d.dial("999999#", "100042#", "2468#")
	assert.Equal(t, "verified", got.v["cs_status"], got.heard)
	assert.Equal(
		t, []string{"greeting", "ask-account", "not-right-1", "ask-account-again", "ask-pin", "confirmation"}, got.heard,
	)
}

// What a review found: each told accounts apart, or gave more than three tries.
func TestNothingElseTellsAccountsApart(t *testing.T) {
	t.Parallel()
	accounts := []string{"100042", "100043", "100044", "999999"}
	same := func(t *testing.T, hear func(account string) told) {
		t.Helper()
		first := hear(accounts[0])
		for _, account := range accounts[1:] {
			assert.Equal(t, first.heard, hear(account).heard, account)
		}
	}
	t.Run("the customer's language", func(t *testing.T) {
		t.Parallel()
		same(t, func(account string) told {
			d := newDesk(t)
			d.line.Languages = []string{"en", "de"}
			for key, c := range d.dir.byAccount {
				c.Language = "de"
				d.dir.byAccount[key] = c
			}
			return d.dial(account+"#", "1111#", "2222#", "3333#")
		})
	})
	t.Run("the question in place of the PIN", func(t *testing.T) {
		t.Parallel()
		same(t, func(account string) told {
			d := newDesk(t)
			date := weak(birthDate(d.dir))
			d.line.Verify[0].Else = &date
			return d.dial(account+"#", "1111#", "2222#", "3333#", "01011980#", "02021980#", "03031980#")
		})
	})
	t.Run("who asks for a person", func(t *testing.T) {
		t.Parallel()
		same(t, func(account string) told {
			d := newDesk(t)
			p := d.line.Verify[0].Step.(steps.PIN)
			p.Speech = heeds
			d.line.Verify[0].Step = p
			d.line.Verify = append(d.line.Verify, weak(birthDate(d.dir)))
			return d.play("", keys(account + "#")[0], says("agent")[0])
		})
	})
	t.Run("from the customer's own telephone", func(t *testing.T) {
		t.Parallel()
		same(t, func(account string) told {
			d := newDesk(t)
			d.dir.byPhone = map[string][]session.Customer{"+15551230001": {ada}}
			return d.play("+15551230001", keys("1111#", "2222#", "3333#", account+"#", "1111#", "2222#", "3333#")...)
		})
	})
}

func TestACustomersPINIsCheckedThreeTimesInACall(t *testing.T) {
	t.Parallel()
	for name, keyed := range map[string][]string{
		"three, another account, back": {"1111#", "2222#", "3333#", "999999#", "#", "100042#", "4444#", "5555#", "6666#"},
		"two, not me, and me":          {"1111#", "2222#", "*", "100042#", "4444#", "5555#", "6666#"},
		"three, and me":                {"1111#", "2222#", "3333#", "100042#", "4444#", "5555#", "2468#"},
	} {
		d := newDesk(t)
		d.dir.byPhone = map[string][]session.Customer{"+15551230001": {ada}}
		got := d.play("+15551230001", keys(keyed...)...)
		checked := 0
		for _, whose := range got.checks {
			if whose == "C-1" {
				checked++
			}
		}
		assert.Equal(t, 3, checked, name)
		assert.Equal(t, "identified", got.v["cs_status"], name)
	}
}

func TestTheLanguageMenuIsNotPlayedAgainAtACorrection(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.line.Languages = []string{"en", "de"}
	d.line.LanguageMenu = steps.LanguageMenu{Limits: steps.DefaultLimits(0)}
	got := d.dial("1", "100024#", "#", "100042#", "2468#")
	assert.Equal(t, "verified", got.v["cs_status"], got.heard)
}
