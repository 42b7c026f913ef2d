package steps_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"
)

// minutes is how long callers of a queue wait at most; −1: nobody knows.
type minutes int

func (m minutes) AtMost(queue string) (time.Duration, bool) {
	return time.Duration(m) * time.Minute, m >= 0 && queue == "support"
}

func TestCallersAreToldHowLongTheyWait(t *testing.T) {
	t.Parallel()
	for most, want := range map[minutes]string{
		1: "wait-1", 2: "wait-2", 3: "wait-3", 4: "wait-5", 5: "wait-5", 7: "wait-10", 12: "wait-15", 18: "wait-20",
		21: "wait-30", 30: "wait-30", 31: "wait-long", 0: "wait-long", -1: "",
	} {
		l := line(bank())
		l.Wait = steps.Wait{Queue: "support", Waits: most}
		ch, j, variables := dial(t, l, "+15551239999", sessiontest.Move{Keys: "*"}) // who opts out goes to an agent
		assert.Equal(t, "agents", variables["to"])
		heard := ch.Heard()
		if want == "" {
			assert.Equal(t, "failure", heard[len(heard)-1], "nobody knows: nothing is said")
			continue
		}
		assert.Equal(t, []string{"failure", want}, heard[len(heard)-2:])
		assert.NotEmpty(t, prompts.DocOf(want))
		assert.True(t, slices.ContainsFunc(sessiontest.Find[event.StepFinished](j), func(f event.StepFinished) bool {
			return f.Step == "wait" && f.Result == event.StepPassed
		}))
	}
}

func TestWhoDoesNotGoToAnAgentIsToldNothingOfAWait(t *testing.T) {
	t.Parallel()
	l := line(bank())
	l.Wait = steps.Wait{Queue: "support", Waits: minutes(5)}
	ch, _, variables := dial(t, l, "+15551230001", keys("2468#")...)
	assert.Equal(t, "menu", variables["to"])
	assert.NotContains(t, ch.Heard(), "wait-5", "a menu")
	l.Routes.Verified = l.Routes.Identified
	ch, _, _ = dial(t, l, "+15551230001", keys("2468#")...)
	assert.Contains(t, ch.Heard(), "wait-5", "an agent")
	back := session.Call{
		ID: "call-2", Caller: "+15551230001", Started: time.Now(), NeedLevel: session.Verified,
		Return: session.Destination{Extension: "countersign-rejoin", Dialplan: "XML", Context: "countersign"},
	}
	ch, _, _ = place(t, l, back, keys("2468#")...)
	assert.NotContains(t, ch.Heard(), "wait-5", "their agent waits")
	ch, _, _ = dial(t, l, "+15551230001", sessiontest.Move{Hangup: true})
	assert.NotContains(t, ch.Heard(), "wait-5")
}
