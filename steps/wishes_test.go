package steps_test

import (
	"testing"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
)

// wishes are what the caller asked for at a step.
func wishes(j *sessiontest.Journal, step string) (all []event.Wish) {
	for _, f := range finished(j, step) {
		for _, a := range f.Attempts {
			if a.Result == event.AttemptServed {
				all = append(all, a.Wish)
			}
		}
	}
	return all
}

// wishing is the line with other keys for wishes; without keeps the opt-out key.
func wishing(d *directory, optOut byte, w steps.Wishes) *session.Line {
	l := line(d)
	account, pin := l.Identify[1].(steps.Number), l.Verify[0].Step.(steps.PIN)
	account.Limits.OptOut, account.Limits.Wishes = optOut, w
	pin.Limits.OptOut, pin.Limits.Wishes = optOut, w
	l.Identify[1], l.Verify[0].Step = account, pin
	return l
}

func TestACallerHearsAQuestionAgainAndKeysItAnew(t *testing.T) {
	t.Parallel()
	usual, star := steps.DefaultWishes(), steps.Wishes{Repeat: '*'}
	clear := steps.Wishes{Repeat: '9', Clear: '*'}
	for _, c := range []struct {
		name   string
		optOut byte
		keys   steps.Wishes
		moves  []string
		reason string
		// account and pin are the wishes at the steps.
		account, pin []event.Wish
	}{
		{
			"9 and the hash key, as often as one likes", '*', usual, []string{"9#", "9#", "9#", "9#", "100042#", "9#", "2468#"},
			"ok", []event.Wish{"repeat", "repeat", "repeat", "repeat"}, []event.Wish{"repeat"},
		},
		{"9 alone is the beginning of an entry", '*', usual, []string{"9", "100042#", "2468#"}, "ok", nil, nil},
		{"another digit is none", '*', usual, []string{"8#", "100042#", "2468#"}, "ok", nil, nil},
		{"the star key still opts out", '*', usual, []string{"*"}, "opted_out", nil, nil},
		{
			"the star key where it means nothing else", 0, usual, []string{"*", "100042#", "*", "2468#"}, "ok",
			[]event.Wish{"repeat"}, []event.Wish{"repeat"},
		},
		{
			"the star key, because the line says so", 0, star, []string{"*", "100*", "100042#", "2468#"}, "ok",
			[]event.Wish{"repeat", "repeat"}, nil,
		},
		{
			"behind a digit the star key clears", '*', clear, []string{"1001*", "100042#", "24*2468#"}, "ok",
			[]event.Wish{"clear"}, []event.Wish{"clear"},
		},
		{"alone it opts out even so", '*', clear, []string{"1001*", "*"}, "opted_out", []event.Wish{"clear"}, nil},
		{"it clears where there is no opt-out", 0, clear, []string{"1001*", "100042#", "2468#"}, "ok", []event.Wish{"clear"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ch, j, v := dial(t, wishing(bank(), c.optOut, c.keys), "", keys(c.moves...)...)
			assert.Equal(t, c.reason, v["cs_reason"], ch.Heard())
			assert.Equal(t, c.account, wishes(j, "account"))
			assert.Equal(t, c.pin, wishes(j, "pin"))
		})
	}
}

func TestAWishCostsNoAttempt(t *testing.T) {
	t.Parallel()
	ch, j, v := dial(t, line(bank()), "", keys("9#", "1#", "9#", "1#", "9#", "100042#", "2467#", "9#", "2467#", "9#", "2468#")...)
	assert.Equal(t, "ok", v["cs_reason"])
	assert.Equal(t, []event.AttemptResult{"served", "no_match", "served", "no_match", "served", "accepted"}, attempts(j, "account"))
	assert.Equal(t, []event.AttemptResult{"rejected", "served", "rejected", "served", "accepted"}, attempts(j, "pin"))
	assert.Equal(t, []string{"greeting", "ask-account", "ask-account", "no-match-1", "ask-account-again", "ask-account"},
		ch.Heard()[:6], "the whole question again")
}

func TestACallerIsSlowFromTheFirstSilenceToTheEndOfTheCall(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{"a silence": "", "an entry that the clock cut off": "10"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, j, v := dial(t, line(bank()), "", keys(first, "100042#", "2467#", "2468#")...)
			assert.Equal(t, "ok", v["cs_reason"])
			for i, c := range ch.Collects() {
				want := []time.Duration{5 * time.Second, 3 * time.Second}
				if i > 0 {
					want = []time.Duration{10 * time.Second, 8 * time.Second}
				}
				assert.Equal(t, want, []time.Duration{c.FirstDigit, c.InterDigit}, "question %d", i)
			}
			var slow []bool
			for _, step := range []string{"account", "pin"} {
				for _, a := range finished(j, step)[0].Attempts {
					slow = append(slow, a.Slow)
				}
			}
			assert.Equal(t, []bool{false, true, true, true}, slow)
			said := 0
			for _, p := range ch.Heard() {
				if p == "take-your-time" {
					said++
				}
			}
			assert.Equal(t, 1, said, "once in a call")
		})
	}
}

func TestWhoIsNotSlow(t *testing.T) {
	t.Parallel()
	for name, moves := range map[string][]string{
		"who never hesitates":                   {"100042#", "2468#"},
		"who ends too short an entry":           {"10#", "100042#", "2468#"},
		"whose right entry the clock ends":      {"100042", "2468"},
		"whose wrong one is as long as can be":  {"9999999999", "100042#", "2468#"},
		"who is wrong, and presses the hash":    {"100042#", "2467#", "2468#"},
		"who wants to hear it again":            {"9#", "100042#", "2468#"},
		"who keys the hash key alone, and then": {"#", "100042#", "2468#"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, _, v := dial(t, line(bank()), "", keys(moves...)...)
			assert.Equal(t, "ok", v["cs_reason"])
			for _, c := range ch.Collects() {
				assert.Equal(t, 5*time.Second, c.FirstDigit)
			}
		})
	}
}

func TestWhoWaitsForACodeIsNotSlowButMayBecomeSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answers []string
		// first and between are the timers of the last question.
		first, between time.Duration
	}{
		{"silences, as messages take their time", []string{"", "", "{}#"}, 20 * time.Second, 3 * time.Second},
		{"an entry that the clock cut off", []string{"12", "{}#"}, 20 * time.Second, 8 * time.Second},
		{"a code that begins with 0, cut off there", []string{"0", "{}#"}, 20 * time.Second, 8 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, p := enrolled(), &phoneCompany{}
			l := verifying(d, 2, possession(smsCode(d, p)))
			ch, _, v := dial(t, l, "+15551230001", reads(p, c.answers...)...)
			assert.Equal(t, "verified", v["cs_status"])
			last := ch.Collects()[len(ch.Collects())-1]
			assert.Equal(t, []time.Duration{c.first, c.between}, []time.Duration{last.FirstDigit, last.InterDigit})
		})
	}
}
