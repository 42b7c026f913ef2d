package steps_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

func TestResultsOfTheOfferToRememberANumber(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from     string
		keys     []string
		result   event.StepResult
		reason   event.Reason
		attempts []event.AttemptResult
		heard    bool // that the number is remembered
	}{
		"yes":                {"+15559990000", []string{"1"}, event.StepPassed, "", results("accepted"), true},
		"no":                 {"+15559990000", []string{"2"}, event.StepOptedOut, "", results("opted_out"), false},
		"the opt-out key":    {"+15559990000", []string{"*"}, event.StepOptedOut, "", results("opted_out"), false},
		"silence":            {"+15559990000", nil, event.StepOptedOut, "", results("opted_out"), false},
		"already on file":    {"+15551230001", []string{"1"}, event.StepSkipped, "", nil, false},
		"no number to offer": {"anonymous", []string{"1"}, event.StepSkipped, event.ReasonNoNumber, nil, false},
	} {
		d := bank()
		d.phones = map[string][]session.Phone{"C-1": {{E164: "+15551230001"}}}
		l := line(d)
		l.Enrol = steps.RememberNumber{Directory: d, Limits: steps.DefaultLimits(0)}
		moves := append([]string{"100042#", "2468#"}, c.keys...)
		if c.from == "+15551230001" {
			moves = moves[1:] // a caller identified by their number is not asked for an account
		}
		ch, j, v := dial(t, l, c.from, keys(moves...)...)
		assert.Equal(t, "verified", v["cs_status"], name)
		offers := finished(j, "remember_number")
		require.Len(t, offers, 1, name)
		assert.Equal(t, c.result, offers[0].Result, name)
		assert.Equal(t, c.reason, offers[0].Reason, name)
		assert.Equal(t, c.attempts, attempts(j, "remember_number"), name)
		if c.heard {
			assert.Contains(t, ch.Heard(), "number-remembered", name)
		} else {
			assert.NotContains(t, ch.Heard(), "number-remembered", name)
		}
	}
}
