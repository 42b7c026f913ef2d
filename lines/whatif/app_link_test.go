package whatif_test

import (
	"slices"
	"testing"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A passkey proves more than a link, and what became of the question on the page is replayed.
func TestAnAnswerOnTheCustomersPageIsReplayed(t *testing.T) {
	t.Parallel()
	withPasskey := ran("app_link", event.StepPassed, "", right)
	withPasskey = slices.Insert(withPasskey, 1, event.Data(event.ProofConfirmed{Step: "app_link", Passkey: true}))
	all := append(asked(withPasskey),
		event.Verified{Customer: "C-1", Methods: []event.Method{"account", "passkey"}, Status: event.StatusVerified, Level: 3})
	all = append(all, ran("confirmation", event.StepPassed, "")...)
	all = append(all,
		event.Routed{
			Outcome: "verified", Destination: "menu XML default", Status: event.StatusVerified, Level: 3, Reason: event.ReasonOK,
		},
		event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 3, Reason: event.ReasonOK, Customer: "C-1",
			Methods: []event.Method{"account", "passkey"},
		})
	def, err := lines.Parse("retail.yaml", []byte("format: 1\nline: retail\nidentify: [ani: {}, number: {name: account, "+
		"digits: 6-10}]\nverify: {level: 3, questions: [app_link: {}, pin: {}]}\n"+
		"routes: {verified: menu XML default, identified: agents XML default}\n"))
	require.NoError(t, err)
	r := trial(t, def).Run(t.Context(), tell(all...))
	assert.Equal(t, whatif.Same, r.Verdict, "%+v", r)
	assert.Equal(t, 3, r.After.Level)
}
