package waiting

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/session/event"
)

// desk is a board on a clock that the test sets.
type desk struct {
	*Board
	at time.Time
}

func newDesk(queues ...string) *desk {
	d := &desk{at: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)}
	d.Board = New(func() time.Time { return d.at }, queues...)
	return d
}

func (d *desk) after(t time.Duration) { d.at = d.at.Add(t) }

func (d *desk) connected(waited time.Duration) {
	d.Saw(event.Event{Time: d.at, Data: event.AgentConnected{Queue: "support", WaitedMilliseconds: waited.Milliseconds()}})
}

func (d *desk) view() View { return d.Now(time.UTC)[0] }

func TestWhatIsOldIsNeverShownAsNow(t *testing.T) {
	t.Parallel()
	d := newDesk("support")
	assert.Equal(t, View{Queue: "support", Phase: Unknown}, d.view(), "nobody has said anything yet")
	d.See("a", "support", State{OnDuty: 3, Waiting: 5})
	asked := d.at
	v := d.view()
	assert.Equal(t, Wait, v.Phase)
	assert.Equal(t, asked, v.At)
	assert.Positive(t, v.Wait.High)
	d.after(Stale - time.Nanosecond)
	assert.Equal(t, Wait, d.view().Phase)
	assert.Equal(t, asked, d.view().At, "it says how old it is")
	d.after(time.Nanosecond)
	v = d.view()
	assert.Equal(t, View{Queue: "support", Phase: Unknown, At: asked}, v)
	d.See("a", "support", State{})
	assert.Equal(t, Nobody, d.view().Phase)
	d.See("a", "support", State{OnDuty: 1, Free: 1})
	assert.Equal(t, Free, d.view().Phase)
	assert.Equal(t, Range{High: time.Minute}, d.view().Wait)
	d.See("a", "another", State{OnDuty: 9})
	assert.Len(t, d.Now(time.UTC), 1, "nobody asked for that")
}

func TestAQueueIsThatOfAllServers(t *testing.T) {
	t.Parallel()
	d := newDesk("support")
	d.See("a", "support", State{OnDuty: 3, Waiting: 5})
	d.after(5 * time.Second)
	d.See("b", "support", State{OnDuty: 2, Free: 1})
	v := d.view()
	assert.Equal(t, State{OnDuty: 5, Waiting: 5, Free: 1}, v.State)
	assert.Equal(t, d.at.Add(-5*time.Second), v.At, "as old as its oldest part")
	d.after(10 * time.Second)
	assert.Equal(t, State{OnDuty: 2, Free: 1}, d.view().State, "a server that is silent is left out")
}

func TestItIsToldHowRightItWas(t *testing.T) {
	t.Parallel()
	d := newDesk("support")
	join := func() (said Range) {
		d.See("a", "support", State{OnDuty: 2, Waiting: 3})
		return d.view().Wait
	}
	said := join()
	d.after(said.Low)
	d.connected(said.Low)
	assert.Equal(t, Right{Told: 1, Less: 1}, d.view().Right)
	said = join()
	d.after(said.High + time.Second)
	d.connected(said.High + time.Second)
	assert.Equal(t, Right{Told: 2, Less: 1}, d.view().Right)
	said = join()
	d.after(10 * time.Second)
	gaveUp := event.AgentDone{Queue: "support", End: event.AgentEndAbandoned, WaitedMilliseconds: 10_000}
	d.Saw(event.Event{Time: d.at, Data: gaveUp})
	assert.Equal(t, 2, d.view().Right.Told, "nobody knows how long they would have waited")
	gaveUp.WaitedMilliseconds = (said.High + time.Minute).Milliseconds()
	d.after(said.High + 50*time.Second)
	d.Saw(event.Event{Time: d.at, Data: gaveUp})
	assert.Equal(t, Right{Told: 3, Less: 1}, d.view().Right, "longer than they were told, in any case")
	d.after(24 * time.Hour)
	d.connected(time.Hour)
	assert.Equal(t, 3, d.view().Right.Told, "nothing was said when they joined")
	d.Saw(event.Event{Time: d.at, Replay: "r", Data: event.AgentConnected{Queue: "support"}})
	d.after(29 * 24 * time.Hour)
	said = join()
	d.connected(0)
	assert.Equal(t, 1, d.view().Right.Told, "of thirty days")
	_ = said

	kept, changed := d.Kept()
	assert.True(t, changed)
	_, changed = d.Kept()
	assert.False(t, changed)
	next := newDesk("support")
	next.at = d.at
	next.Restore(kept)
	assert.Equal(t, d.view().Right, next.view().Right)
}

func TestTheBestHourOfTheDay(t *testing.T) {
	t.Parallel()
	d := newDesk("support") // a Tuesday
	for range usualLeast {
		for i, wait := range []time.Duration{5 * time.Minute, time.Minute, 3 * time.Minute} {
			d.at = time.Date(2026, 12, 1, []int{11, 15, 16}[i], 0, 0, 0, time.UTC)
			d.See("a", "support", State{OnDuty: 1, Waiting: 5})
			d.after(wait)
			d.See("a", "support", State{OnDuty: 1, Waiting: 5})
			d.connected(wait)
		}
	}
	d.at = time.Date(2026, 12, 8, 10, 30, 0, 0, time.UTC)
	d.See("a", "support", State{OnDuty: 1, Waiting: 5})
	assert.Equal(t, time.Date(2026, 12, 8, 15, 0, 0, 0, time.UTC), d.view().Best)
	d.at = time.Date(2026, 12, 8, 16, 30, 0, 0, time.UTC)
	d.See("a", "support", State{OnDuty: 1, Waiting: 5})
	assert.Zero(t, d.view().Best, "the day is over")
	d.at = time.Date(2026, 12, 9, 10, 30, 0, 0, time.UTC)
	d.See("a", "support", State{OnDuty: 1, Waiting: 5})
	assert.Zero(t, d.view().Best, "Wednesdays are not known")
}

func TestLongWaitsAreNotToldToTheMinute(t *testing.T) {
	t.Parallel()
	d := newDesk("support")
	d.See("a", "support", State{OnDuty: 1, Waiting: 100})
	assert.Equal(t, Range{Low: mostTold}, d.view().Wait, "more than 30 minutes")
	d.See("a", "support", State{OnDuty: 1, Waiting: 8})
	v := d.view()
	assert.Positive(t, v.Wait.Low)
	assert.Zero(t, v.Wait.High, "from that on")
	for n, want := range map[int]Band{0: None, 1: Few, 2: Few, 3: Several, 9: Several, 10: Many} {
		assert.Equal(t, want, BandOf(n))
	}
}

func TestTwoServersThatAreAskedInTurnAreLearntFrom(t *testing.T) {
	t.Parallel()
	d := newDesk("support")
	for range 60 { // 30 s, each server once a second
		d.See("a", "support", State{OnDuty: 1, Waiting: 1})
		d.after(500 * time.Millisecond)
		d.See("b", "support", State{OnDuty: 1, Waiting: 1})
		d.after(500 * time.Millisecond)
	}
	d.connected(20 * time.Second)
	assert.Equal(t, 1, d.view().Right.Told)
}

func TestWhatIsSaidInACall(t *testing.T) {
	t.Parallel()
	d := newDesk("support")
	_, ok := d.AtMost("support")
	assert.False(t, ok, "nobody knows")
	_, ok = d.AtMost("another")
	assert.False(t, ok)
	d.See("a", "support", State{OnDuty: 2, Free: 1})
	_, ok = d.AtMost("support")
	assert.False(t, ok, "nobody waits")
	d.See("a", "support", State{OnDuty: 4, Waiting: 7})
	most, ok := d.AtMost("support")
	assert.True(t, ok)
	assert.Equal(t, d.view().Wait.High, most)
	d.See("a", "support", State{OnDuty: 1, Waiting: 8}) // from 17 to 39 minutes
	_, ok = d.AtMost("support")
	assert.False(t, ok, "half an hour is too little, and more than that too much")
	d.See("a", "support", State{OnDuty: 1, Waiting: 30})
	most, ok = d.AtMost("support")
	assert.True(t, ok)
	assert.Zero(t, most, "more than half an hour")
}
