package freeswitch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch"
	"countersign/freeswitch/sim"
	"countersign/queue"
	"countersign/session"
	"countersign/session/event"
)

// agentFacts keeps facts about agents, by call.
type agentFacts struct {
	mu     sync.Mutex
	events map[string][]event.Event
}

func (f *agentFacts) record(events ...event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events {
		f.events[e.Call] = append(f.events[e.Call], e)
	}
	return nil
}

func (f *agentFacts) of(call string) (c event.Call, facts []event.Fact) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.events[call] {
		c.Add(e)
		facts = append(facts, e.Fact())
	}
	return c, facts
}

// staffedSim is a simulated FreeSWITCH with agents, watched as the service does.
type staffedSim struct {
	desk    *sim.Desk
	phones  *sim.Switch
	tracker *queue.Tracker
	facts   *agentFacts
	stop    func() // watching
	address string
}

func newStaffedSim(t *testing.T, o sim.DeskOptions, speed float64) *staffedSim {
	t.Helper()
	s := &staffedSim{desk: sim.NewDesk(o), facts: &agentFacts{events: map[string][]event.Event{}}}
	at, err := s.desk.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(s.desk.Close)
	s.address = at.String()
	s.phones, err = sim.New(sim.Options{
		Desk: s.desk, Speed: speed, Dialplan: []sim.Action{{Application: "callcenter"}, {Application: "hangup"}},
	})
	require.NoError(t, err)
	s.tracker = queue.New(queue.Options{Record: s.facts.record, Source: "/countersign/test", Servers: 1})
	s.watch(t)
	return s
}

func (s *staffedSim) watch(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		freeswitch.WatchAgents(ctx, freeswitch.AgentOptions{
			Servers: []freeswitch.Server{{Address: s.address, Password: session.NewSecret([]byte("ClueCon"))}}, Desk: s.tracker,
		})
	})
	s.stop = func() { cancel(); watching.Wait() }
	t.Cleanup(func() { s.stop() })
	require.Eventually(t, func() bool { return s.desk.Listeners() == 1 }, time.Minute, time.Millisecond)
}

// handedOn is a call of ours that was handed on.
func (s *staffedSim) handedOn(id, channel string) {
	for i, d := range []event.Data{event.CallStarted{Channel: channel}, event.CallEnded{End: event.EndRouted}} {
		s.tracker.Note(event.Event{
			ID: event.ID(id, i+1), Call: id, Seq: i + 1, Time: time.Now(), Line: "retail", LineVersion: 1, Data: d,
		})
	}
}

func TestEveryCallOfASimulatedQueueIsFollowed(t *testing.T) {
	t.Parallel()
	s := newStaffedSim(t, sim.DeskOptions{Misses: .3, Seed: 3}, 200)
	var calls sync.WaitGroup
	const many = 30
	for i := range many {
		calls.Go(func() {
			id, channel := fmt.Sprintf("call-%d", i), uuid.NewString()
			s.handedOn(id, channel)
			o := sim.CallOptions{From: "+15551230001", To: "5000", UUID: channel}
			if i%10 != 0 {
				_, err := s.phones.Call(context.Background(), o)
				assert.NoError(t, err)
				return
			}
			o.Caller = sim.Silent()
			ctx, giveUp := context.WithCancel(context.Background())
			var call sync.WaitGroup
			call.Go(func() { _, _ = s.phones.Call(ctx, o) })
			assert.Eventually(t, func() bool { _, facts := s.facts.of(id); return len(facts) > 0 }, time.Minute,
				time.Millisecond, "rings at an agent")
			giveUp()
			call.Wait()
		})
	}
	calls.Wait()
	missed, talked := 0, 0
	for i := range many {
		id := fmt.Sprintf("call-%d", i)
		var c event.Call
		require.Eventually(t, func() bool {
			c, _ = s.facts.of(id)
			n := len(c.Agents)
			return n > 0 && !c.Agents[n-1].Open()
		}, time.Minute, time.Millisecond, id)
		_, facts := s.facts.of(id)
		for j, a := range c.Agents {
			assert.False(t, a.Open(), "%s: %v", id, facts)
			if a.Missed != "" {
				missed++
			}
			if !a.Connected.IsZero() {
				talked++
				assert.Equal(t, len(c.Agents)-1, j, "nobody after the one who took it: %v", facts)
				assert.Contains(t, []event.AgentEnd{event.AgentEndCaller, event.AgentEndAgent}, a.Done)
				assert.Equal(t, "agents@default", a.Queue)
			}
		}
	}
	assert.Positive(t, missed)
	assert.GreaterOrEqual(t, talked, many/2)
	require.Eventually(t, func() bool { callers, _ := s.tracker.Followed(s.address); return len(callers) == 0 }, time.Minute,
		time.Millisecond)
}

func TestCallsOfOthersAreIgnored(t *testing.T) {
	t.Parallel()
	s := newStaffedSim(t, sim.DeskOptions{}, 1000)
	_, err := s.phones.Call(t.Context(), sim.CallOptions{From: "+15551230001", To: "5000"})
	require.NoError(t, err)
	channel := uuid.NewString()
	s.handedOn("ours", channel)
	_, err = s.phones.Call(t.Context(), sim.CallOptions{From: "+15551230001", To: "5000", UUID: channel})
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, facts := s.facts.of("ours"); return len(facts) >= 3 }, time.Minute,
		time.Millisecond)
	s.facts.mu.Lock()
	defer s.facts.mu.Unlock()
	assert.Len(t, s.facts.events, 1)
}

// A connection is lost while an agent talks, and again while the caller hangs up.
func TestWhatHappensWhileFreeSWITCHIsAwayIsFoundOut(t *testing.T) {
	t.Parallel()
	s := newStaffedSim(t, sim.DeskOptions{Ring: time.Minute, Talk: 10 * time.Minute}, 60)
	channel := uuid.NewString()
	s.handedOn("ours", channel)
	ctx, hangUp := context.WithCancel(t.Context())
	var call sync.WaitGroup
	call.Go(func() {
		_, _ = s.phones.Call(ctx, sim.CallOptions{From: "+15551230001", To: "5000", UUID: channel})
	})
	wait := func(n int) (c event.Call, facts []event.Fact) {
		require.Eventually(t, func() bool { c, facts = s.facts.of("ours"); return len(facts) >= n }, time.Minute,
			time.Millisecond)
		return c, facts
	}
	wait(1)
	s.stop()
	require.Eventually(t, func() bool { return s.desk.Talking() == 1 }, time.Minute, time.Millisecond)
	s.watch(t)
	c, facts := wait(2)
	assert.Equal(t, []event.Fact{event.FactAgentOffered, event.FactAgentConnected}, facts)
	assert.Equal(t, c.Agents[0].Agent, "1001@sim")
	s.desk.Cut() // it connects again by itself, and nothing has changed
	require.Eventually(t, func() bool { return s.desk.Listeners() == 1 }, time.Minute, time.Millisecond)
	s.stop()
	hangUp()
	call.Wait()
	s.watch(t)
	c, facts = wait(3)
	assert.Equal(t, []event.Fact{event.FactAgentOffered, event.FactAgentConnected, event.FactAgentDone}, facts)
	assert.Equal(t, event.AgentEndUnseen, c.Agents[0].Done)
	assert.Zero(t, c.Agents[0].TalkedMilliseconds)
}
