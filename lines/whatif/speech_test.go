package whatif_test

import (
	"encoding/json"
	"testing"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// said makes the attempts of a step spoken ones.
func said(step []event.Data) []event.Data {
	f := step[1].(event.StepFinished)
	for i := range f.Attempts {
		f.Attempts[i].Spoken = true
	}
	return step
}

// What a caller says who wants to hear the question again, or is not understood, counts for nothing on another line
// either.
func TestACallWithSpokenAnswersOnAnotherLine(t *testing.T) {
	t.Parallel()
	const served = event.AttemptServed
	for name, attempts := range map[string][]event.AttemptResult{
		"wishes":         {served, served, right},
		"not understood": {noMatch, noMatch, noMatch, right},
		"a wrong one":    {wrong, served, noMatch, right},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := verified(asked(said(ran("pin", event.StepPassed, "", attempts...))), event.MethodAccount, event.MethodPIN)
			for i, e := range call {
				body, err := json.Marshal(e)
				require.NoError(t, err)
				call[i], err = whatif.Read(body)
				require.NoError(t, err)
			}
			def, err := lines.Parse("retail.yaml", []byte(
				"format: 1\nline: retail\nidentify: [ani: {}, number: {name: account, prompt: ask-account, digits: 6}]\n"+
					"verify: {questions: [pin: {}]}\n"+
					"routes: {verified: menu XML default, identified: agents XML default}\n"))
			require.NoError(t, err)
			r := trial(t, def).Run(t.Context(), call)
			assert.Equal(t, whatif.Same, r.Verdict, "%+v", r)
		})
	}
}
