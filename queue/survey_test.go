package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/queue"
	"countersign/session/event"
)

// survey is what a server has now: these channels, and whatever more is changed.
func (d *desk) survey(server string, alive []string, more func(*queue.Survey)) {
	s := queue.Survey{Server: server, Began: d.now, Alive: map[string]bool{}}
	for _, channel := range alive {
		s.Alive[channel] = true
	}
	if more != nil {
		more(&s)
	}
	d.Survey(s)
}

func TestASurveyFindsWhatWasMissed(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(1, inQueue, offering("1001"), leg("1001", "leg-1"), offering("1002"))
	d.after(20)
	side := queue.Side{Channel: "leg-2", Agent: "1002", Queue: "sales", Via: event.ViaCallcenter}
	d.survey(server, []string{caller, "leg-2"}, func(s *queue.Survey) {
		s.Talks = []queue.Talk{{Caller: caller, With: side, Since: d.now.Add(-8 * time.Second)}}
	})
	d.after(12)
	d.survey(server, []string{caller, "leg-3"}, func(s *queue.Survey) {
		s.Rings = []queue.Rings{{Caller: caller, Leg: "leg-3", Agent: "1003", Queue: "sales", Via: event.ViaCallcenter}}
	})
	d.after(5)
	d.survey(server, []string{caller, "leg-3"}, func(s *queue.Survey) {
		s.Rings = []queue.Rings{{Caller: caller, Leg: "leg-3", Agent: "1003", Queue: "sales", Via: event.ViaCallcenter}}
	})
	d.after(5)
	d.survey(server, nil, nil)
	d.tells(t,
		"4 a rings at 1001 by callcenter sales, waited 0", "5 a rings at 1002 by callcenter sales, waited 0",
		"6 a talks to 1002 by callcenter sales, waited 12, rang 12", "7 a missed by 1001: unseen , rang 20",
		`8 a done with "1002": unseen, waited 12, talked 0`,
		"9 a rings at 1003 by callcenter sales, waited 0", "10 a missed by 1003: unseen , rang 10",
		`11 a done with "": unseen, waited 10, talked 0`,
	)
	callers, _ := d.Followed(server)
	assert.Empty(t, callers)
}

func TestWhatHappensDuringASurveyIsNewer(t *testing.T) {
	t.Parallel()
	d := newDesk(1)
	d.own(t, "a", caller, "", event.EndRouted)
	began := d.now
	d.after(1, offering("1001"))
	d.Survey(queue.Survey{Server: server, Began: began})
	d.tells(t, "4 a rings at 1001 by callcenter sales, waited 1")
}

func TestACallIsGoneWhenNoServerHasIt(t *testing.T) {
	t.Parallel()
	d := newDesk(2)
	d.own(t, "a", caller, "", event.EndRouted)
	d.after(1)
	d.survey("fs-1", nil, nil)
	callers, _ := d.Followed("fs-2")
	assert.Equal(t, []string{caller}, callers, "the other may have it")
	d.survey("fs-2", []string{caller}, nil)
	callers, _ = d.Followed("fs-1")
	assert.Empty(t, callers, "and now it is known where it is")
	d.after(1)
	d.survey("fs-1", nil, nil)
	d.survey("fs-2", nil, nil)
	callers, _ = d.Followed("fs-2")
	assert.Empty(t, callers)
	d.tells(t)
}

func TestCallsAreFollowedAgainAfterARestart(t *testing.T) {
	t.Parallel()
	before := newDesk(1)
	before.own(t, "a", caller, "", event.EndRouted)
	before.after(0, inQueue, offering("1001"))
	before.after(1, queue.NotAnswered{Caller: caller, Agent: "1001", Cause: "USER_BUSY"}, offering("1002"))
	before.after(2, answers("1002", "leg-2"), bridge(caller, "leg-2"))
	ringing := before.kept.events[:6]

	d := newDesk(1)
	d.now = before.now.Add(time.Minute)
	d.Restore(before.kept.events, d.now)
	callers, legs := d.Followed(server)
	assert.Equal(t, []string{caller}, callers)
	assert.Equal(t, []string{"leg-2"}, legs)
	d.after(0, queue.HungUp{Channel: "leg-2", Cause: "NORMAL_CLEARING"}, queue.HungUp{Channel: caller})
	d.tells(t, `8 a done with "1002": agent, waited 3, talked 60`)

	d = newDesk(1)
	d.now = before.now.Add(time.Minute)
	d.Restore(ringing, d.now)
	d.after(1, queue.HungUp{Channel: caller})
	d.tells(t, "7 a missed by 1002: caller_gone , rang 63", `8 a done with "": abandoned, waited 64, talked 0`)
}

func TestCallsThatAreOverAreNotFollowedAfterARestart(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*desk){
		"the caller hung up": func(d *desk) { d.after(1, offering("1001"), queue.HungUp{Channel: caller}) },
		"long ago":           func(d *desk) { d.after(25 * 60 * 60) },
	} {
		before := newDesk(1)
		before.own(t, "a", caller, "", event.EndRouted)
		end(before)
		d := newDesk(1)
		d.Restore(before.kept.events, before.now)
		callers, _ := d.Followed(server)
		assert.Empty(t, callers, name)
	}
	abandoned := newDesk(1)
	abandoned.own(t, "a", caller, "", event.EndAbandoned)
	d := newDesk(1)
	d.Restore(abandoned.kept.events, abandoned.now)
	callers, _ := d.Followed(server)
	assert.Empty(t, callers, "the caller hung up with us")
}

func TestSeveralMachinesTellEachFactOnce(t *testing.T) {
	t.Parallel()
	one, two := newDesk(1), newDesk(1)
	one.own(t, "a", caller, "", event.EndRouted)
	two.own(t, "b", caller, "a", event.EndRouted) // a step-up that another machine took
	for _, d := range []*desk{one, two} {
		d.after(1, offering("1001"), queue.HungUp{Channel: caller})
	}
	one.tells(t, "4 a rings at 1001 by callcenter sales, waited 1", "5 a missed by 1001: caller_gone , rang 0",
		`6 a done with "": abandoned, waited 1, talked 0`)
	two.tells(t)
}

func TestATelephoneBehindARelayStillRingsInASurvey(t *testing.T) {
	t.Parallel()
	rings := queue.Rings{Caller: "loop-b", Leg: "leg", Agent: "1001@x", Via: event.ViaBridge}
	for name, told := range map[string]struct {
		relay queue.Rings
		story string
	}{
		"a plain one": {
			queue.Rings{Caller: caller, Leg: "loop-a", Agent: "1001", Via: event.ViaBridge, Relay: true},
			"4 a rings at 1001@x by bridge , waited 0",
		},
		"that of a queue": {
			queue.Rings{
				Caller: caller, Leg: "loop-a", Agent: "anna", Queue: "sales", Via: event.ViaCallcenter, Relay: true,
			},
			"4 a rings at anna by callcenter sales, waited 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(1)
			d.own(t, "a", caller, "", event.EndRouted)
			d.after(0, queue.Linked{A: "loop-a", B: "loop-b"}, told.relay, rings)
			d.after(20)
			d.survey(server, []string{caller, "loop-a", "loop-b", "leg"}, func(s *queue.Survey) {
				s.Rings = []queue.Rings{told.relay, rings}
			})
			d.tells(t, told.story)
		})
	}
}
