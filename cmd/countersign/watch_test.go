package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"testing"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// journey makes the events of a call that is handed on with a status.
func journey(call, caller string, status event.Status) (events []event.Event) {
	facts := []event.Data{
		event.CallStarted{CallerLast4: caller}, event.StepStarted{Step: "pin"}, event.StepFinished{Step: "pin"},
	}
	if status != event.StatusNone {
		facts = append(facts, event.Identified{Status: event.StatusIdentified, Level: 1})
	}
	if status == event.StatusVerified {
		facts = append(facts, event.Verified{Status: status, Level: 2})
	} else {
		facts = append(facts, event.Failed{Status: status})
	}
	facts = append(facts, event.Routed{Status: status}, event.CallEnded{Status: status})
	for n, d := range facts {
		events = append(events, event.Event{ID: event.ID(call, n+1), Call: call, Seq: n + 1, Line: "retail", Data: d})
	}
	return events
}

// ids are the events that a picker shows of some, in order.
func ids(p *callPicker, events ...event.Event) (shown []string) {
	for _, e := range events {
		for _, picked := range p.pick(e) {
			shown = append(shown, picked.ID)
		}
	}
	return shown
}

func TestWatchPicksCallsByCallerAndStatus(t *testing.T) {
	t.Parallel()
	ada, bob, eve := journey("ada", "0001", event.StatusVerified), journey("bob", "0002",
		event.StatusIdentified), journey("eve", "0001", event.StatusNone)
	whole := func(call string, n int) (all []string) {
		for i := range n {
			all = append(all, event.ID(call, i+1))
		}
		return all
	}
	assert.Equal(t, whole("ada", 7), ids(nil, ada...), "without a filter")
	assert.Equal(t, append(whole("ada", 7), whole("eve", 6)...),
		ids(newCallPicker("0001", ""), append(append(ada, bob...), eve...)...))
	assert.Equal(t, whole("bob", 7),
		ids(newCallPicker("", event.StatusIdentified), append(append(ada, bob...), eve...)...))
	assert.Equal(t, whole("eve", 6), ids(newCallPicker("0001", event.StatusNone), append(append(ada, bob...), eve...)...))

	p := newCallPicker("", event.StatusIdentified)
	assert.Empty(t, ids(p, bob[:4]...), "identified may still become verified")
	assert.Equal(t, whole("bob", 5), ids(p, bob[4]), "and now it is known, with what happened before")
	assert.Equal(t, []string{"bob.6", "bob.7"}, ids(p, bob[5:]...))
	offered := event.Event{ID: "bob.8", Call: "bob", Seq: 8, Line: "retail", Data: event.AgentOffered{Agent: "1001"}}
	assert.Equal(t, []string{"bob.8"}, ids(p, offered), "agents get it afterwards")
	offered.ID, offered.Call = "ada.8", "ada"
	assert.Empty(t, ids(p, offered), "not a call that is not picked")
	assert.Empty(t, ids(p, eve...))
	assert.NotContains(t, p.calls, "/eve", "a call that is over and not picked is forgotten")

	p = newCallPicker("0001", "")
	assert.Empty(t, ids(p, ada[1:]...), "nobody knows who calls")
	assert.Empty(t, ids(p, event.Event{ID: "line-retail.1", Call: "line-retail", Data: event.ConfigChanged{}}), "no call")
	assert.Empty(t, p.calls)

	again := journey("ada", "0001", event.StatusVerified)
	for i := range again {
		again[i].Replay = "once more"
	}
	p = newCallPicker("", event.StatusVerified)
	assert.Empty(t, ids(p, ada[:4]...))
	assert.Len(t, ids(p, again...), 7, "a replay is another call")
	assert.Len(t, ids(p, ada[4:]...), 7)
}

func TestWatchFollowsABoundedNumberOfCalls(t *testing.T) {
	t.Parallel()
	p := newCallPicker("", event.StatusVerified)
	for i := range mostPicked + 10 {
		p.pick(journey(fmt.Sprint(i), "0001", event.StatusVerified)[0])
	}
	assert.Len(t, p.calls, mostPicked)
	assert.Empty(t, p.calls["/9"])
	assert.NotEmpty(t, p.calls["/10"])
}

// watchesOneCall looks at a service that took two calls from …0001 and one from …0000, which was not identified.
func watchesOneCall(t *testing.T, flags []string) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	watch := command(ctx, append(flags, "watch", "--since", "1h", "--line", "default", "--caller", "0000", "--status",
		"none")...)
	out, err := watch.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, watch.Start())
	var facts []string
	for lines := bufio.NewReader(out); len(facts) == 0 || facts[len(facts)-1] != "call_ended"; {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		assert.NotContains(t, line, "Ada")
		facts = append(facts, strings.Fields(line)[3])
	}
	assert.Equal(t, []string{
		"call_started", "step_finished", "step_finished", "step_finished", "failed", "step_finished", "routed", "call_ended",
	}, facts, "a step is a line")
	stop()
	_ = watch.Wait()
}
