package whatif_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines/whatif"
	"countersign/session/event"
)

func TestWhatAgentsDidWithACallChangesNothing(t *testing.T) {
	t.Parallel()
	w := defaultWorld(t)
	tr := trial(t, w.def)
	for _, events := range w.play("call-1") {
		last := events[len(events)-1]
		last.Seq, last.Data = last.Seq+1, event.AgentOffered{Agent: "1001", Via: event.ViaBridge, Offer: 1}
		last.ID = event.ID(last.Call, last.Seq)
		assert.Equal(t, tr.Run(t.Context(), events), tr.Run(t.Context(), append(events[:len(events):len(events)], last)))

		var g whatif.Gather
		var whole []event.Event
		for _, e := range append(events[:len(events):len(events)], last) {
			if all := g.Add(e); all != nil {
				whole = all
			}
		}
		require.Len(t, whole, len(events))
		assert.Empty(t, g.Rest(), "a call that is over does not begin again")
	}
}
