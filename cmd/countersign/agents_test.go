package main

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

// withAgents lets agents take the calls of all nodes: one simulated FreeSWITCH, whose event socket every node watches.
func withAgents(t *testing.T, o sim.DeskOptions) (desk *sim.Desk, settings string) {
	t.Helper()
	desk = sim.NewDesk(o)
	at, err := desk.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(desk.Close)
	return desk, `freeswitch: [{address: "` + at.String() + `", password: ClueCon}]`
}

// answeredBy makes a node's calls go on to the agents.
func (n *node) answeredBy(desk *sim.Desk, speed float64) {
	var err error
	toAgents := []sim.Action{{Application: "callcenter"}, {Application: "hangup"}}
	n.phone, err = sim.New(sim.Options{
		Address: n.address, DeadMan: 4 * time.Minute, Desk: desk, Speed: speed,
		Extensions: map[string][]sim.Action{"menu XML default": toAgents, "agents XML default": toAgents},
	})
	require.NoError(n.s.t, err)
}

// watched waits until that many nodes watch the agents.
func watched(t *testing.T, desk *sim.Desk, nodes int) {
	t.Helper()
	require.Eventually(t, func() bool { return desk.Listeners() == nodes }, patience, time.Millisecond)
}

// agentsOf are the facts about a call's agents, once there are n of them. They follow the others without a gap, each
// once.
func (s *site) agentsOf(r sim.Result, n int) (facts []event.Fact, c event.Call) {
	s.t.Helper()
	own := s.ownPart(r)
	call := own[0].Call
	all := s.await(len(own)+n, func(e event.Event) bool { return e.Call == call })
	slices.SortFunc(all, func(a, b event.Event) int { return a.Seq - b.Seq })
	for i, e := range all {
		assert.Equal(s.t, i+1, e.Seq, "%s", e.Fact())
		if e.Fact().AboutAgents() {
			facts = append(facts, e.Fact())
			assert.Greater(s.t, e.Seq, own[len(own)-1].Seq)
			assert.Equal(s.t, own[0].Source, e.Source, "whoever took the call tells what became of it")
		}
	}
	return facts, event.FoldCall(all)
}

// ownPart are the events of our part of a call.
func (s *site) ownPart(r sim.Result) []event.Event {
	s.t.Helper()
	return slices.DeleteFunc(s.journey(r), func(e event.Event) bool { return e.Fact().AboutAgents() })
}

func TestTwoNodesTellOnceWhoGotEachCall(t *testing.T) {
	t.Parallel()
	desk, settings := withAgents(t, sim.DeskOptions{Misses: .3, Seed: 11})
	s := newSite(t, 2, adaAndBob, settings)
	watched(t, desk, 2)
	var all sync.WaitGroup
	var mu sync.Mutex
	var ended []sim.Result
	for _, n := range s.nodes {
		n.answeredBy(desk, 100)
		for range 6 {
			all.Go(func() {
				r := n.call(sim.CallOptions{From: "+15551230001", To: anyNumber, Caller: keys("ask-pin", "246813")})
				mu.Lock()
				defer mu.Unlock()
				ended = append(ended, r)
			})
		}
	}
	all.Wait()
	total := 0
	for _, r := range ended {
		done := func(e event.Event) bool {
			return e.Call == r.Variables["cs_call"] && e.Fact() == event.FactAgentDone
		}
		last := s.await(1, done)[0]
		facts, c := s.agentsOf(r, last.Seq-len(s.ownPart(r)))
		total += len(facts)
		assert.Equal(t, []event.Fact{event.FactAgentOffered, event.FactAgentConnected, event.FactAgentDone},
			slices.DeleteFunc(facts[len(facts)-3:], func(f event.Fact) bool { return f == event.FactAgentMissed }), "%v", facts)
		for _, a := range c.Agents {
			assert.False(t, a.Open(), "%+v", a)
		}
	}
	about := s.events(func(e event.Event) bool { return e.Fact().AboutAgents() })
	assert.Len(t, about, total, "nothing twice, nothing of others")
}

// A machine is killed while its caller talks to an agent, and the caller hangs up before it is back.
func TestWhatAgentsDidWhileANodeWasDownIsFoundOut(t *testing.T) {
	t.Parallel()
	desk, settings := withAgents(t, sim.DeskOptions{Talk: 24 * time.Hour})
	s := newSite(t, 2, adaAndBob, settings)
	watched(t, desk, 2)
	n := s.nodes[0]
	n.answeredBy(desk, 20)
	place := func() (hangUp func() sim.Result) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan sim.Result, 1)
		go func() {
			r, _ := n.phone.Call(ctx, sim.CallOptions{From: "+15551230001", To: anyNumber, Caller: keys("ask-pin", "246813")})
			ended <- r
		}()
		return func() sim.Result { cancel(); return <-ended }
	}
	one := place()
	s.await(1, func(e event.Event) bool { return e.Fact() == event.FactAgentConnected })
	two := place()
	s.await(2, func(e event.Event) bool { return e.Fact() == event.FactAgentConnected })
	n.kill()
	watched(t, desk, 1)
	first := one()
	n.start()
	watched(t, desk, 2)
	s.await(1, func(e event.Event) bool { return e.Fact() == event.FactAgentDone })
	second := two()

	facts, c := s.agentsOf(first, 3)
	assert.Equal(t, []event.Fact{event.FactAgentOffered, event.FactAgentConnected, event.FactAgentDone}, facts)
	assert.Equal(t, event.AgentEndUnseen, c.Agents[0].Done, "nobody saw it")
	facts, c = s.agentsOf(second, 3)
	assert.Equal(t, []event.Fact{event.FactAgentOffered, event.FactAgentConnected, event.FactAgentDone}, facts)
	assert.Equal(t, event.AgentEndCaller, c.Agents[0].Done)
	assert.Positive(t, c.Agents[0].TalkedMilliseconds)
	assert.Equal(t, "agents@default", c.Agents[0].Queue)
}
