package whatif_test

import (
	"fmt"
	"testing"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/session"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// needed are the required settings of questions.
var needed = map[string]string{"passphrase": "engine: pocketsphinx, grammar: words"}

// Every question of the table can be replayed: it has right and wrong keys, and its factor is known.
func TestEveryQuestionCanBeReplayed(t *testing.T) {
	t.Parallel()
	for _, m := range session.Methods() {
		if m.Asks == "" || m.Identifies {
			continue
		}
		t.Run(string(m.Name), func(t *testing.T) {
			t.Parallel()
			questions := fmt.Sprintf("%s: {%s}", m.Name, needed[string(m.Name)])
			answers := [][]event.Data{ran(string(m.Name), event.StepPassed, "", wrong, right)}
			methods := []event.Method{event.MethodAccount, m.Name}
			if m.Factor == session.Weak {
				questions += ", fact: {name: postcode, digits: 5}"
				answers = append(answers, ran("postcode", event.StepPassed, "", right))
				methods = append(methods, "postcode")
			}
			r := trial(t, retail(t, questions, "")).Run(t.Context(), verified(asked(answers...), methods...))
			assert.Equal(t, whatif.Same, r.Verdict, "%+v", r)
			assert.Empty(t, r.Step)
		})
	}
}

func TestEveryIdentifierCanBeReplayed(t *testing.T) {
	t.Parallel()
	for _, m := range session.Methods() {
		if m.Asks == "" || !m.Identifies {
			continue
		}
		t.Run(string(m.Name), func(t *testing.T) {
			t.Parallel()
			name := string(m.Name)
			all := []event.Data{event.CallStarted{Channel: "leg", CallerLast4: "0001"}}
			all = append(all, ran("greeting", event.StepPassed, "")...)
			all = append(all, ran(name, event.StepPassed, "", noMatch, right)...)
			all = append(all, event.Identified{
				Customer: "C-1", Name: "Ada", Method: m.Name, Status: event.StatusIdentified, Level: 1,
			})
			all = append(all, ran("pin", event.StepPassed, "", right)...)
			def, err := lines.Parse("retail.yaml", fmt.Appendf(nil, "format: 1\nline: retail\n"+
				"identify: [number: {name: %s, digits: 6-10}]\nverify: {questions: [pin: {}]}\n"+
				"routes: {verified: menu XML default, identified: agents XML default}\n", name))
			require.NoError(t, err)
			r := trial(t, def).Run(t.Context(), verified(all, m.Name, event.MethodPIN))
			assert.Equal(t, whatif.Same, r.Verdict, "%+v", r)
			assert.Empty(t, r.Step)
		})
	}
}
