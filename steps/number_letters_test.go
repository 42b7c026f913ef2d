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
)

// insurer has policies with letters: 221234 is those of Ada, Bob and Carol, 2212 that of Bob. A record that cannot be
// read is among those of 9999.
func insurer() *directory {
	d := bank()
	d.byKeys = map[string][]session.Customer{
		"221234": {ada, bob, carol}, "2212": {bob}, "9999": {ada, {}}, "9998": {{}}, "3333": {ada, bob},
	}
	d.byPhone["+15551230004"] = []session.Customer{ada, {}}
	return d
}

// insurersLine asks for the policy, then for the telephone number, then for the account.
func insurersLine(d steps.Directory) *session.Line {
	l := line(d)
	l.Region = "US"
	policy := number(d, "policy")
	policy.Letters, policy.Min = true, 4
	l.Identify = []session.Step{policy, number(d, "phone"), number(d, "account")}
	return l
}

func TestSeveralCustomersWithTheSameKeysAreToldApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, status, customer, methods, reason string
		moves                                   []sessiontest.Move
		policy, phone                           []event.AttemptResult
	}{
		{
			"one customer", "verified", "C-2", "policy,pin", "ok", keys("2212#", "135792#"), results("accepted"), nil,
		},
		{
			"several: the telephone number tells", "verified", "C-1", "phone,pin", "ok",
			keys("221234#", "5551230001#", "2468#"), results("accepted"), results("accepted"),
		},
		{
			"a telephone number that two of them share, and one account", "verified", "C-2", "account,pin", "ok",
			keys("221234#", "5551230002#", "100043#", "135792#"), results("accepted"), results("accepted"),
		},
		{
			"the telephone number of somebody else is wrong, and the account tells", "verified", "C-2", "account,pin", "ok",
			keys("3333#", "5551230003#", "5551230003#", "*", "100043#", "135792#"), results("accepted"),
			results("rejected", "rejected", "opted_out"),
		},
		{
			"no telephone number, and the account of one of them", "verified", "C-1", "account,pin", "ok",
			keys("221234#", "*", "100042#", "2468#"), results("accepted"), results("opted_out"),
		},
		{
			"the account of somebody else", "none", "", "", "not_found",
			keys("3333#", "*", "100044#", "100044#", "100044#", "100044#"), results("accepted"), results("opted_out"),
		},
		{
			"nothing that tells", "none", "", "", "opted_out", keys("221234#", "*", "*"), results("accepted"),
			results("opted_out"),
		},
		{
			"an unknown one, then several", "verified", "C-1", "phone,pin", "ok",
			keys("777777#", "221234#", "5551230001#", "2468#"), results("rejected", "accepted"), results("accepted"),
		},
		{
			"a record that cannot be read, and a telephone number that tells", "verified", "C-1", "phone,pin", "ok",
			keys("9999#", "5551230001#", "2468#"), results("accepted"), results("accepted"),
		},
		{
			"records that cannot be read are nobody's", "none", "", "", "opted_out",
			keys("9999#", "5551230004#", "*"), results("accepted"), results("accepted"),
		},
		{
			"only a record that cannot be read", "none", "", "", "opted_out", keys("9998#", "*", "*"), results("accepted"),
			results("opted_out"),
		},
	} {
		ch, j, v := dial(t, insurersLine(insurer()), "", c.moves...)
		assert.Equal(t, c.status, v["cs_status"], c.name)
		assert.Equal(t, c.customer, v["cs_customer"], c.name)
		assert.Equal(t, c.methods, v["cs_methods"], c.name)
		assert.Equal(t, c.reason, v["cs_reason"], c.name)
		assert.Equal(t, c.policy, attempts(j, "policy"), c.name)
		assert.Equal(t, c.phone, attempts(j, "phone"), c.name)
		for _, heard := range ch.Heard() {
			assert.False(t, strings.HasPrefix(heard, "speak:") || strings.HasPrefix(heard, "digit-"),
				"%s: nothing is read out: %s", c.name, heard)
		}
	}
}

func TestWhoCannotBeToldApartGoesOnUnidentified(t *testing.T) {
	t.Parallel()
	d := insurer()
	l := insurersLine(d)
	l.Identify = l.Identify[:1]
	ch, j, v := dial(t, l, "", keys("221234#")...)
	assert.Equal(t, []string{"none", "several"}, []string{v["cs_status"], v["cs_reason"]})
	assert.Equal(t, "agents", v["to"])
	assert.Equal(t, []string{"greeting", "ask-policy", "letters", "failure"}, ch.Heard())
	assert.Empty(t, sessiontest.Find[event.Identified](j))
	assert.Equal(t, []event.StepFinished{{
		Step: "policy", Result: event.StepSkipped, Reason: event.ReasonSeveral,
		Attempts: []event.Attempt{{Result: event.AttemptAccepted}},
	}}, finished(j, "policy"))
	assert.Equal(t, []string{"policy keyed 221234"}, d.accountsAsked)
}

// The same customers as after a telephone number that several share, which names nobody either.
func TestATelephoneNumberAloneNeverNamesOneOfSeveral(t *testing.T) {
	t.Parallel()
	l := insurersLine(insurer())
	_, j, v := dial(t, l, "", keys("*", "5551230002#", "5551230002#", "5551230002#", "5551230002#", "100044#")...)
	assert.Equal(t, results("rejected", "rejected", "rejected", "rejected"), attempts(j, "phone"))
	assert.Equal(t, "C-3", v["cs_customer"], "a later number may be anybody's")
}

func TestWhatCannotBeRightIsNotLookedUp(t *testing.T) {
	t.Parallel()
	d := insurer()
	l := insurersLine(d)
	policy := l.Identify[0].(steps.Number)
	policy.Check = steps.Mod11Radix2Keyed
	l.Identify[0] = policy
	d.byKeys["0799"] = []session.Customer{ada} // 079X
	_, j, v := dial(t, l, "", keys("0798#", "0799#", "2468#")...)
	assert.Equal(t, "C-1", v["cs_customer"])
	assert.Equal(t, results("no_match", "accepted"), attempts(j, "policy"))
	assert.Equal(t, []string{"policy keyed 0799"}, d.accountsAsked)
	assert.True(t, policy.Check(policy.PossibleKeys("US")), "what-if has keys for it")
}

// On a line that conceals which accounts exist, whoever keyed letters hears the same, and may correct what they keyed.
// Only that several customers have the same keys is heard: the next number is asked for.
func TestCallersCannotHearWhetherLettersExist(t *testing.T) {
	t.Parallel()
	dials := func(moves ...string) ([]string, map[string]string) {
		l := insurersLine(insurer())
		for i, step := range l.Identify {
			n := step.(steps.Number)
			n.Conceal = true
			l.Identify[i] = n
		}
		ch, _, v := dial(t, l, "", keys(moves...)...)
		return ch.Heard(), v
	}
	for name, c := range map[string]struct {
		exists, not    []string
		customer, none string // the agent's reasons
	}{
		"letters": {
			[]string{"2212#", "1111#", "2222#", "3333#"}, []string{"7777#", "1111#", "2222#", "3333#"},
			"wrong_answer", "not_found",
		},
		"the number that tells apart": {
			[]string{"3333#", "5551230001#", "1111#", "2222#", "3333#"},
			[]string{"3333#", "5551230009#", "1111#", "2222#", "3333#"}, "wrong_answer", "not_found",
		},
		"corrected to one that exists, or not": {
			[]string{"3333#", "5551230009#", "1111#", "#", "5551230001#", "2222#", "3333#"},
			[]string{"3333#", "5551230001#", "1111#", "#", "5551230003#", "2222#", "3333#"}, "wrong_answer", "not_found",
		},
	} {
		heard, v := dials(c.exists...)
		same, other := dials(c.not...)
		assert.Equal(t, heard, same, name)
		assert.Equal(t, []string{c.customer, c.none}, []string{v["cs_reason"], other["cs_reason"]}, name)
		assert.NotEmpty(t, v["cs_customer"], name)
		assert.Empty(t, other["cs_customer"], name)
	}
}

// locked is a guard whose line has no unknown identifiers left.
type locked struct{ session.Guard }

func (locked) Caller(context.Context, string) session.Standing        { return session.Standing{} }
func (locked) Anonymous(context.Context, string) session.Standing     { return session.Standing{} }
func (locked) Named(context.Context, session.Attempt, string, string) {}
func (locked) Unknown(context.Context, session.Attempt) session.Standing {
	return session.Standing{Locked: true}
}
func (locked) Ended(string, bool) {}

func TestWhoTriesKeysIsTurnedAway(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{"777777#": "velocity", "221234#": "several"} {
		ch, l := &sessiontest.Channel{Moves: keys(key)}, insurersLine(insurer())
		l.Identify = l.Identify[:1]
		r := session.NewRunner(session.Options{
			Journal: &sessiontest.Journal{}, Prompts: sessiontest.Prompts{}, Guard: locked{},
			Line: func(session.Call) *session.Line { return l },
		})
		r.Run(ch.Start(t.Context()), session.Call{ID: "call-1", Started: time.Now()}, ch)
		ch.End(nil)
		h, _ := ch.Handover()
		for _, v := range h.Variables {
			if v.Name == "cs_reason" {
				assert.Equal(t, want, v.Value, key)
			}
		}
		assert.NotEmpty(t, h.Variables)
	}
}

func TestAnOutageWhileCustomersAreToldApart(t *testing.T) {
	t.Parallel()
	d := insurer()
	d.err = errors.New("down")
	_, _, v := dial(t, insurersLine(d), "", keys("221234#")...)
	assert.Equal(t, "unavailable", v["cs_reason"])
}
