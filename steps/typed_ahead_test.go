package steps_test

import (
	"testing"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
)

// What was keyed behind an entry that was refused may be a PIN: it is no attempt and is looked up nowhere, whichever
// step asks next.
func TestWhatWasKeyedBehindARefusedEntryIsNeverLookedUp(t *testing.T) {
	t.Parallel()
	const right, pin = "100042#", "2468#"
	for _, c := range []struct {
		name     string
		kinds    []string // identifiers that the line asks for; the last try of each but the last is the first
		entries  []string
		looked   []string
		attempts []event.AttemptResult
	}{
		{"an account that is unknown", []string{"account"}, []string{"899999#246813#", right, pin},
			[]string{"account 899999", "account 100042"}, results("rejected", "accepted")},
		{"one with too few digits", []string{"account"}, []string{"8999#246813#", right, pin},
			[]string{"account 100042"}, results("no_match", "accepted")},
		{"the hash key alone", []string{"account"}, []string{"#246813#", right, pin},
			[]string{"account 100042"}, results("no_match", "accepted")},
		{"one of the most digits, and the hash key", []string{"account"}, []string{"8999999999#246813#", right, pin},
			[]string{"account 8999999999", "account 100042"}, results("rejected", "accepted")},
		{"three in a row", []string{"account"}, []string{"899999#246813#", "899998#246813#", right, pin},
			[]string{"account 899999", "account 899998", "account 100042"}, results("rejected", "rejected", "accepted")},
		{"two secrets", []string{"account"}, []string{"899999#246813#135790#", right, pin},
			[]string{"account 899999", "account 100042"}, results("rejected", "accepted")},
		{"the last try, before another kind of number", []string{"customer", "account"},
			[]string{"899999#246813#", right, pin}, []string{"customer 899999", "account 100042"}, results("accepted")},
		{"the last try with too few digits, before another kind", []string{"customer", "account"},
			[]string{"8999#246813#", right, pin}, []string{"account 100042"}, results("accepted")},
		{"the opt-out key", []string{"customer", "account"}, []string{"899999#24*", right, pin},
			[]string{"customer 899999"}, results("opted_out")},
		{"the opt-out key, in the same step", []string{"account"}, []string{"899999#24*"},
			[]string{"account 899999"}, results("rejected", "opted_out")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := bank()
			l := line(d)
			l.Identify = nil
			for i, kind := range c.kinds {
				limits := steps.DefaultLimits(3)
				if i < len(c.kinds)-1 {
					limits.Rejections, limits.NoMatches = 1, 1
				}
				l.Identify = append(l.Identify, session.Step(steps.Number{
					Directory: d, Kind: kind, Prompt: "ask-" + kind, Again: "ask-" + kind + "-again", Min: 6, Max: 10,
					Limits: limits,
				}))
			}
			_, j, _ := dial(t, l, "", keys(c.entries...)...)
			assert.Equal(t, c.looked, d.accountsAsked)
			assert.Equal(t, c.attempts, attempts(j, "account"))
		})
	}
}
