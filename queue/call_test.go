package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/queue"
	"countersign/session"
	"countersign/session/event"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const caller, server = "caller", "fs-1"

// kept is a journal in memory.
type kept struct {
	events []event.Event
	err    error
}

func (k *kept) Append(events ...event.Event) error {
	if k.err == nil {
		k.events = append(k.events, events...)
	}
	return k.err
}

func (k *kept) Sync(context.Context) error { return nil }

// desk is a Tracker with its journal and a clock that is set by hand.
type desk struct {
	*queue.Tracker
	calls session.Journal // for calls
	kept  *kept
	now   time.Time
	later []func()
}

func newDesk(servers int) *desk {
	k := &kept{}
	d := &desk{kept: k, now: noon}
	d.Tracker = queue.New(queue.Options{
		Record: k.Append, Source: "/countersign/test", Servers: servers,
		After: func(_ time.Duration, f func()) { d.later = append(d.later, f) },
	})
	d.calls = d.Follow(k)
	return d
}

// own takes a call of ours to its end, and returns the number of its events.
func (d *desk) own(t *testing.T, id, channel, continues string, end event.End) int {
	t.Helper()
	facts := []event.Data{
		event.CallStarted{Channel: channel, Continues: continues}, event.Routed{Outcome: "verified"},
		event.CallEnded{End: end},
	}
	for i, f := range facts {
		require.NoError(t, d.calls.Append(event.Event{
			ID: event.ID(id, i+1), Call: id, Seq: i + 1, Time: d.now, Line: "retail", LineVersion: 3, Source: "/x", Data: f,
		}))
	}
	return len(facts)
}

// after lets a second pass, and tells what a server sees then.
func (d *desk) after(seconds int, seen ...queue.Seen) {
	d.now = d.now.Add(time.Duration(seconds) * time.Second)
	for _, s := range seen {
		d.See(server, d.now, s)
	}
}

// story tells the facts about agents, one a line.
func (d *desk) story() string {
	var lines []string
	for _, e := range d.kept.events {
		switch f := e.Data.(type) {
		case event.AgentOffered:
			lines = append(lines, fmt.Sprintf("%d %s rings at %s by %s %s, waited %d", e.Seq, e.Call, f.Agent, f.Via, f.Queue,
				f.WaitedMilliseconds/1000))
		case event.AgentConnected:
			lines = append(lines, fmt.Sprintf("%d %s talks to %s by %s %s, waited %d, rang %d", e.Seq, e.Call, f.Agent, f.Via,
				f.Queue, f.WaitedMilliseconds/1000, f.RangMilliseconds/1000))
		case event.AgentMissed:
			lines = append(lines, fmt.Sprintf("%d %s missed by %s: %s %s, rang %d", e.Seq, e.Call, f.Agent, f.Reason, f.Cause,
				f.RangMilliseconds/1000))
		case event.AgentDone:
			lines = append(lines, fmt.Sprintf("%d %s done with %q: %s, waited %d, talked %d", e.Seq, e.Call, f.Agent, f.End,
				f.WaitedMilliseconds/1000, f.TalkedMilliseconds/1000))
		}
	}
	return strings.Join(lines, "\n")
}

func (d *desk) tells(t *testing.T, want ...string) {
	t.Helper()
	for _, f := range d.later {
		f()
	}
	d.later = nil
	assert.Equal(t, strings.Join(want, "\n"), d.story())
	for _, e := range d.kept.events {
		if e.Fact().AboutAgents() {
			assert.Equal(t, event.ID(e.Call, e.Seq), e.ID)
			assert.Equal(t, "retail", e.Line)
			assert.Equal(t, 3, e.LineVersion)
		}
	}
}

// What mod_callcenter's events come to.
func offering(agent string) queue.Rings {
	return queue.Rings{Caller: caller, Agent: agent, Queue: "sales", Via: event.ViaCallcenter}
}

func leg(agent, leg string) queue.Rings { r := offering(agent); r.Leg = leg; return r }

func answers(agent, leg string) queue.Answers {
	return queue.Answers{Caller: caller, Leg: leg, Agent: agent, Queue: "sales", Via: event.ViaCallcenter}
}

func bridge(a, b string) queue.Bridged {
	return queue.Bridged{A: queue.Side{Channel: a, Via: event.ViaBridge}, B: queue.Side{Channel: b, Via: event.ViaBridge}}
}

var inQueue = queue.Queued{Caller: caller, Queue: "sales", Via: event.ViaCallcenter}

func TestAQueueOffersACallToOneAgentAfterTheOther(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(2, inQueue)
	d.after(1, offering("1001"), leg("1001", "leg-1"))
	d.after(15, queue.HungUp{Channel: "leg-1", Cause: "NO_ANSWER"}, queue.NotAnswered{Caller: caller, Agent: "1001",
		Cause: "NO_ANSWER"})
	d.after(1, offering("1002"), leg("1002", "leg-2"))
	d.after(3, answers("1002", "leg-2"), bridge(caller, "leg-2"))
	d.after(60, queue.HungUp{Channel: caller, Cause: "NORMAL_CLEARING"}, queue.HungUp{Channel: "leg-2"},
		queue.Parted{Caller: caller, Leg: "leg-2"})
	d.tells(t,
		"4 a rings at 1001 by callcenter sales, waited 1",
		"5 a missed by 1001: no_answer NO_ANSWER, rang 15",
		"6 a rings at 1002 by callcenter sales, waited 17",
		"7 a talks to 1002 by callcenter sales, waited 20, rang 3",
		`8 a done with "1002": caller, waited 20, talked 60`,
	)
	callers, legs := d.Followed(server)
	assert.Empty(t, append(callers, legs...), "the call is over")
}

func TestMod_callcenterMayOfferACallBeforeItSaysThatItWaits(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(1, offering("1001"))
	d.after(1, inQueue)
	d.after(1, leg("1001", "leg-1"), answers("1001", "leg-1"), bridge("leg-1", caller))
	d.after(9, queue.HungUp{Channel: "leg-1", Cause: "NORMAL_CLEARING"})
	d.after(9, queue.HungUp{Channel: caller})
	d.tells(t,
		"4 a rings at 1001 by callcenter sales, waited 1", "5 a talks to 1001 by callcenter sales, waited 3, rang 2",
		`6 a done with "1001": agent, waited 3, talked 9`,
	)
}

func TestAllAgentsRingAndOneTakesTheCall(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, inQueue, offering("1001"), offering("1002"), offering("1003"))
	d.after(0, leg("1002", "leg-2"), leg("1003", "leg-3"),
		queue.NotAnswered{Caller: caller, Agent: "1001", Cause: "USER_NOT_REGISTERED"})
	d.after(4, answers("1003", "leg-3"), queue.HungUp{Channel: "leg-2", Cause: "LOSE_RACE"}, bridge(caller, "leg-3"),
		queue.NotAnswered{Caller: caller, Agent: "1002", Cause: "LOSE_RACE"})
	d.tells(t,
		"4 a rings at 1001 by callcenter sales, waited 0", "5 a rings at 1002 by callcenter sales, waited 0",
		"6 a rings at 1003 by callcenter sales, waited 0", "7 a missed by 1001: unreachable USER_NOT_REGISTERED, rang 0",
		"8 a talks to 1003 by callcenter sales, waited 4, rang 4", "9 a missed by 1002: elsewhere LOSE_RACE, rang 4",
	)
}

func TestACallerWhoGivesUp(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(1, inQueue)
	d.after(1, offering("1001"), leg("1001", "leg-1"))
	d.after(5, queue.HungUp{Channel: caller, Cause: "NORMAL_CLEARING"}, queue.HungUp{Channel: "leg-1"},
		queue.NotAnswered{Caller: caller, Agent: "1001", Cause: "ORIGINATOR_CANCEL"})
	d.tells(t,
		"4 a rings at 1001 by callcenter sales, waited 1", "5 a missed by 1001: caller_gone , rang 5",
		`6 a done with "": abandoned, waited 6, talked 0`,
	)
}

func TestACallerInAQueueThatSaysLittle(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(1, queue.Queued{Caller: caller, Queue: "cool", Via: event.ViaFIFO})
	d.after(1, queue.Rings{Caller: caller, Leg: "leg-1", Agent: "1001", Via: event.ViaBridge})
	d.after(1, queue.Left{Caller: caller}, queue.Rings{Caller: caller, Leg: "leg-2", Agent: "1002", Via: event.ViaBridge})
	d.tells(t, "4 a rings at 1001 by fifo cool, waited 1", "5 a rings at 1002 by bridge , waited 2")
}

func TestACallToSelfServiceHasNoAgents(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(60, queue.HungUp{Channel: caller})
	d.tells(t)
}

func TestAPlainBridgeRingsTelephones(t *testing.T) {
	t.Parallel()
	rings := func(agent, leg string) queue.Rings {
		return queue.Rings{Caller: caller, Leg: leg, Agent: agent, Via: event.ViaBridge}
	}
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(1, rings("1001@x", "leg-1"), rings("1001@x", "leg-1b"), rings("1002@x", "leg-2"))
	d.after(2, queue.HungUp{Channel: "leg-1", Cause: "USER_BUSY"})
	d.after(1, queue.PickedUp{Channel: "leg-1b"}, bridge(caller, "leg-1b"),
		queue.HungUp{Channel: "leg-2", Cause: "LOSE_RACE"})
	d.after(9, queue.HungUp{Channel: "leg-1b", Cause: "BLIND_TRANSFER"})
	d.after(0, rings("1003@x", "leg-3"))
	d.after(4, queue.HungUp{Channel: "leg-3", Cause: "USER_BUSY"}, queue.HungUp{Channel: caller})
	d.tells(t,
		"4 a rings at 1001@x by bridge , waited 1", "5 a rings at 1002@x by bridge , waited 1",
		"6 a talks to 1001@x by bridge , waited 4, rang 3", "7 a missed by 1002@x: elsewhere LOSE_RACE, rang 3",
		`8 a done with "1001@x": transferred, waited 4, talked 9`, "9 a rings at 1003@x by bridge , waited 0",
		"10 a missed by 1003@x: busy USER_BUSY, rang 4", `11 a done with "": abandoned, waited 4, talked 0`,
	)
}

// A trunk may be heard before the telephone is picked up.
func TestTheyTalkOnceTheTelephoneIsPickedUp(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, queue.Rings{Caller: caller, Leg: "leg", Agent: "number-0142", Via: event.ViaBridge})
	d.after(2, bridge(caller, "leg"))
	d.after(5, queue.PickedUp{Channel: "leg"}, queue.PickedUp{Channel: "leg"}, queue.PickedUp{Channel: "stranger"})
	d.tells(t, "4 a rings at number-0142 by bridge , waited 0",
		"5 a talks to number-0142 by bridge , waited 7, rang 7")
}

// A busy FreeSWITCH may say that a telephone was picked up before it says that it rings.
func TestATelephoneThatWasPickedUpBeforeItRang(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(1, queue.PickedUp{Channel: "leg"}, queue.Rings{Caller: caller, Leg: "leg", Agent: "1001", Via: event.ViaBridge},
		queue.Bridged{A: queue.Side{Channel: caller}, B: queue.Side{Channel: "leg", Answered: true}})
	d.tells(t, "4 a rings at 1001 by bridge , waited 1", "5 a talks to 1001 by bridge , waited 1, rang 0")
}

func TestACallThatIsPickedUpWasOffered(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(3, queue.Bridged{
		A: queue.Side{Channel: "leg", Agent: "1007", Queue: "cool", Via: event.ViaFIFO}, B: queue.Side{Channel: caller},
	})
	d.after(2, queue.Bridged{A: queue.Side{Channel: "other", Agent: "1008"}, B: queue.Side{Channel: caller}})
	d.after(2, bridge("stranger", "another"), queue.Parted{Caller: caller})
	d.tells(t,
		"4 a rings at 1007 by fifo cool, waited 3", "5 a talks to 1007 by fifo cool, waited 3, rang 0",
		`6 a done with "1007": transferred, waited 3, talked 2`,
		"7 a rings at 1008 by bridge , waited 0", "8 a talks to 1008 by bridge , waited 0, rang 0",
		`9 a done with "1008": agent, waited 0, talked 2`,
	)
}

func TestAnAnswerThatNobodyHears(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, inQueue, offering("1001"), leg("1001", "leg-1"))
	d.after(2, answers("1001", "leg-1"), queue.HungUp{Channel: "leg-1", Cause: "NORMAL_CLEARING"},
		queue.Parted{Caller: caller, Leg: "leg-1"})
	d.tells(t, "4 a rings at 1001 by callcenter sales, waited 0", "5 a missed by 1001: failed , rang 2")
}

func TestAStepUpDoesNotEndTheConversation(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, inQueue, offering("1001"))
	d.after(1, answers("1001", "leg-1"), bridge(caller, "leg-1"))
	d.after(9, queue.TakenOut{Caller: caller, Leg: "leg-1"}, queue.Parted{Caller: caller, Leg: "leg-1"})
	d.own(t, "b", caller, "a", event.EndRouted)
	d.after(20, bridge(caller, "leg-1"))
	d.after(10, queue.Parted{Caller: caller, Leg: "leg-1"})
	d.tells(t,
		"4 a rings at 1001 by callcenter sales, waited 0", "5 a talks to 1001 by callcenter sales, waited 1, rang 1",
		`6 a done with "1001": agent, waited 1, talked 39`,
	)
}

func TestACallerWhoIsTakenAway(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, queue.Rings{Caller: caller, Leg: "leg-1", Agent: "1001", Via: event.ViaBridge},
		queue.PickedUp{Channel: "leg-1"}, bridge(caller, "leg-1"))
	d.after(5, queue.Moved{Caller: caller, Leg: "leg-2"}, queue.Moved{Caller: caller, Leg: "leg-1"},
		queue.HungUp{Channel: "leg-1"}, queue.Moved{Caller: caller, Leg: "leg-1"})
	d.after(1, queue.Rings{Caller: caller, Leg: "leg-2", Agent: "1002", Via: event.ViaBridge},
		queue.PickedUp{Channel: "leg-2"}, bridge(caller, "leg-2"))
	d.after(3, queue.HungUp{Channel: "leg-2", Cause: "NORMAL_CLEARING", Released: true})
	d.tells(t, "4 a rings at 1001 by bridge , waited 0", "5 a talks to 1001 by bridge , waited 0, rang 0",
		`6 a done with "1001": transferred, waited 0, talked 5`, "7 a rings at 1002 by bridge , waited 1",
		"8 a talks to 1002 by bridge , waited 1, rang 0", `9 a done with "1002": transferred, waited 1, talked 3`)
}

// FreeSWITCH ends both channels in the same tick, and may tell of the agent's first.
func TestACallerWhoHangsUpWasNotTransferred(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, queue.Rings{Caller: caller, Leg: "leg-1", Agent: "1001", Via: event.ViaBridge},
		queue.PickedUp{Channel: "leg-1"}, bridge(caller, "leg-1"))
	d.after(5, queue.HungUp{Channel: "leg-1", Cause: "NORMAL_CLEARING", Released: true}, queue.Parted{Caller: caller, Leg: "leg-1"})
	d.after(0, queue.HungUp{Channel: caller, Cause: "NORMAL_CLEARING"})
	d.tells(t, "4 a rings at 1001 by bridge , waited 0", "5 a talks to 1001 by bridge , waited 0, rang 0",
		`6 a done with "1001": caller, waited 0, talked 5`)
}

func TestAQueueThatSaysFirstThatTheyPartedDoesNotSayWho(t *testing.T) {
	t.Parallel()
	for last, want := range map[queue.Seen]string{
		queue.HungUp{Channel: caller, Cause: "NORMAL_CLEARING"}: "caller", queue.HungUp{Channel: "leg-1"}: "agent",
		queue.HungUp{Channel: caller, Cause: "NORMAL_CLEARING", Released: true}: "agent",
		queue.Queued{Caller: caller, Queue: "next", Via: event.ViaFIFO}:         "agent",
	} {
		d := newDesk(1)
		d.own(t, "a", caller, "", event.EndRouted)
		d.after(0, queue.Rings{Caller: caller, Leg: "leg-1", Agent: "1001", Via: event.ViaBridge},
			queue.PickedUp{Channel: "leg-1"}, bridge(caller, "leg-1"))
		d.after(5, queue.Parted{Caller: caller}, last)
		d.tells(t, "4 a rings at 1001 by bridge , waited 0", "5 a talks to 1001 by bridge , waited 0, rang 0",
			`6 a done with "1001": `+want+", waited 0, talked 5")
	}
}

func TestACallerWhoGoesOnWasTransferredAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, queue.Rings{Caller: caller, Leg: "leg-1", Agent: "1001", Via: event.ViaBridge},
		queue.PickedUp{Channel: "leg-1"}, bridge(caller, "leg-1"))
	d.after(5, queue.HungUp{Channel: "leg-1", Cause: "NORMAL_CLEARING", Released: true})
	d.after(2, queue.Rings{Caller: caller, Leg: "leg-2", Agent: "1002", Via: event.ViaBridge})
	d.tells(t, "4 a rings at 1001 by bridge , waited 0", "5 a talks to 1001 by bridge , waited 0, rang 0",
		`6 a done with "1001": transferred, waited 0, talked 5`, "7 a rings at 1002 by bridge , waited 2")
}

func TestACallThatComesBackWaitsFromThen(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(300)
	d.own(t, "b", caller, "a", event.EndRouted)
	d.after(2, queue.Rings{Caller: caller, Leg: "leg", Agent: "1001", Via: event.ViaBridge})
	d.tells(t, "4 a rings at 1001 by bridge , waited 2")
}

// NATS was away when it came back, so nobody knew that it did.
func TestACallThatComesBackUnknownIsStillTheFirst(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, inQueue, offering("1001"))
	d.after(1, answers("1001", "leg-1"), bridge(caller, "leg-1"))
	d.after(9, queue.TakenOut{Caller: caller, Leg: "leg-1"}, queue.Parted{Caller: caller, Leg: "leg-1"})
	d.own(t, "b", caller, "", event.EndRouted)
	d.after(20, bridge(caller, "leg-1"))
	d.after(10, queue.Parted{Caller: caller, Leg: "leg-1"})
	d.tells(t,
		"4 a rings at 1001 by callcenter sales, waited 0", "5 a talks to 1001 by callcenter sales, waited 1, rang 1",
		`6 a done with "1001": agent, waited 1, talked 39`,
	)
}

func TestTelephonesBehindARelay(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(0, queue.Linked{A: "loop-a", B: "loop-b"},
		queue.Rings{Caller: caller, Leg: "loop-a", Agent: "1001", Via: event.ViaBridge, Relay: true},
		queue.Rings{Caller: "loop-b", Leg: "leg", Agent: "1001@x", Via: event.ViaBridge})
	d.after(1, queue.PickedUp{Channel: "leg"}, bridge("loop-b", "leg"), bridge(caller, "loop-a"), bridge(caller, "leg"))
	d.after(0, queue.HungUp{Channel: "loop-a"}, queue.HungUp{Channel: "loop-b"})
	d.after(5, queue.HungUp{Channel: "leg"})
	d.tells(t,
		"4 a rings at 1001@x by bridge , waited 0", "5 a talks to 1001@x by bridge , waited 1, rang 1",
		`6 a done with "1001@x": agent, waited 1, talked 5`,
	)
}

func TestATelephoneBehindTheRelayOfAQueueIsItsAgents(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	relay := leg("anna", "loop-a")
	relay.Relay = true
	d.after(0, inQueue, offering("anna"), queue.Linked{A: "loop-b", B: "loop-a"}, relay,
		queue.Rings{Caller: "loop-b", Leg: "leg", Agent: "1001@x", Via: event.ViaBridge})
	d.after(1, bridge("loop-b", "leg"), answers("anna", "leg"), bridge(caller, "leg"))
	d.tells(t, "4 a rings at anna by callcenter sales, waited 0",
		"5 a talks to anna by callcenter sales, waited 1, rang 1")
}

func TestWhatHappensBeforeOurPartIsOverComesAfterIt(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	started := event.Event{ID: "a.1", Call: "a", Seq: 1, Time: d.now, Data: event.CallStarted{Channel: caller}}
	ended := event.Event{
		ID: "a.2", Call: "a", Seq: 2, Time: d.now, Line: "retail", LineVersion: 3,
		Data: event.CallEnded{End: event.EndReleased},
	}
	require.NoError(t, d.calls.Append(started))
	d.after(1, queue.Rings{Caller: caller, Leg: "leg", Agent: "1001", Via: event.ViaBridge},
		queue.PickedUp{Channel: "leg"}, bridge(caller, "leg"))
	d.after(1, queue.HungUp{Channel: caller})
	assert.Empty(t, d.story())
	require.NoError(t, d.calls.Append(ended))
	d.tells(t, "3 a rings at 1001 by bridge , waited 1", "4 a talks to 1001 by bridge , waited 1, rang 0",
		`5 a done with "1001": caller, waited 1, talked 1`)
	callers, _ := d.Followed(server)
	assert.Empty(t, callers)
}

func TestOthersCallsAndCallersWhoHungUpAreNotFollowed(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndAbandoned)
	d.own(t, "b", "leg-of-b", "of another machine", event.EndRouted)
	for _, channel := range []string{caller, "leg-of-b", "stranger"} {
		d.after(1, queue.Queued{Caller: channel, Queue: "sales"},
			queue.Rings{Caller: channel, Leg: "leg", Agent: "1001"}, bridge(channel, "leg"), queue.HungUp{Channel: channel})
	}
	d.tells(t)
}

func TestAJournalThatRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.kept.err = errors.New("full")
	require.ErrorIs(t, d.calls.Append(event.Event{Data: event.CallStarted{Channel: caller}}), d.kept.err)
	d.kept.err = nil
	d.own(t, "a", caller, "", event.EndRouted)
	d.kept.err = errors.New("full")
	d.after(1, offering("1001"))
	d.kept.err = nil
	d.after(1, queue.HungUp{Channel: caller})
	d.tells(t, "5 a missed by 1001: caller_gone , rang 1", `6 a done with "": abandoned, waited 2, talked 0`)
}
