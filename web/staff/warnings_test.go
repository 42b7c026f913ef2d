package staff_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/reports/reportstest"
	"countersign/session/event"
	"countersign/web/people"
)

// byAccount is a call from a number that nobody has, whose caller keyed an account.
func byAccount(customer string) []event.Data {
	return []event.Data{
		event.CallStarted{Channel: "c1", CallerLast4: "9999"},
		event.StepStarted{Step: "ani"}, event.StepFinished{Step: "ani", Result: event.StepSkipped, Reason: event.ReasonNotFound},
		event.Identified{Customer: customer, Method: "account", Status: event.StatusIdentified, Level: 1},
		event.Routed{Outcome: "identified", Destination: "agents XML default", Status: event.StatusIdentified, Level: 1},
		event.CallEnded{End: event.EndRouted, Status: event.StatusIdentified, Level: 1, Customer: customer},
	}
}

func TestWarningsWhereTheyAreDue(t *testing.T) {
	t.Parallel()
	o, a := archived(t)
	o.hire("agent", func(p *people.Person) { p.Agents = []string{"1001"} })
	b := o.as("agent")
	a.Add(reportstest.Call{
		Line: "retail", At: day.Add(-3 * 24 * time.Hour), Customer: "C-7", By: "account", Locked: true,
		Reason: event.ReasonLocked, Step: "pin", Verdict: 20 * time.Second,
	})
	const newNumber, lately, denied = "The caller number is not on file", "met a lock in the last seven days", "More proof was asked for"

	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	text := b.get("/desk").text
	for _, warning := range []string{newNumber, lately, denied} {
		assert.NotContains(t, text, warning)
	}
	o.happened("again-1", "retail", event.CallStarted{Channel: "c1", Continues: "call-1"}, event.StepUpRequested{Level: 3},
		event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonWrongAnswer, Customer: "C-1001"})
	assert.Contains(t, b.get("/desk").text, denied)
	o.happened("call-1", "retail", event.AgentDone{Agent: "1001", End: event.AgentEndCaller})

	const fraud = "the customer says that they are not calling"
	assert.NotContains(t, text, fraud)
	o.happened("call-9", "retail", append(append(byAccount("C-9")[:4:4],
		event.ProofDenied{Step: "app_link", Why: event.DenialWrongDigits}), offered("1001"), connected("1001"))...)
	assert.NotContains(t, b.get("/desk").text, fraud)
	o.happened("call-9", "retail", event.ProofDenied{Step: "app_link", Why: event.DenialNotCalling})
	assert.Contains(t, b.get("/desk").text, fraud)
	o.happened("call-9", "retail", event.AgentDone{Agent: "1001", End: event.AgentEndCaller})

	o.happened("call-2", "retail", append(byAccount("C-7"), offered("1001"))...)
	text = b.get("/desk").text
	assert.Contains(t, text, newNumber)
	assert.NotContains(t, text, lately, "who it is, is for whoever takes the call")
	o.happened("call-2", "retail", connected("1001"))
	assert.Contains(t, b.get("/desk").text, lately)
	o.later(8 * 24 * time.Hour)
	o.happened("call-3", "retail", append(byAccount("C-7"), offered("1001"), connected("1001"))...)
	text = o.as("agent").get("/desk").text // the other session is over
	assert.Contains(t, text, newNumber)
	assert.NotContains(t, text, lately, "that was long ago")
}
