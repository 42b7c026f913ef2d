package freeswitch_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/freeswitch/sim"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// running is how many calls are in the middle of a question when the line is changed, dialling how many more callers
	// there are, one after the other of whom calls meanwhile.
	running   = 50
	dialling  = 200
	dialEvery = 5 * time.Millisecond
	// wholeCall is more than any simulated call takes.
	wholeCall = 40 * time.Second
)

// editedLine asks for two weak facts, so that the order shows.
const editedLine = `format: 1
line: edited
numbers: ["5500"]
region: US
identify:
  - ani: {}
verify:
  questions:
    - birth_date: {}
    - fact: {name: postcode, digits: 5}
routes:
  verified: menu XML default
  identified: agents XML default
`

// What the callers of the edited line know, and how they key it.
const (
	editedBorn, editedKeysBorn = "1947-03-12", "03121947"
	editedPostcode             = "60313"
)

// TestALineIsEditedWhileCallsRun has a second process turn the questions of a line around while fifty calls are in the
// middle of the first one and others come in all the time. The load is simulated, and one call on each side of the
// change is real.
func TestALineIsEditedWhileCallsRun(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	e := startEdited(t)
	found, changedNow := make(chan struct{}), make(chan struct{})
	asked := e.callersLookForTheAnswer(found)
	before := callWithSIPp(t, e.freeSWITCH, dial{From: e.customers[running+dialling].Phones, To: "5500"})
	for range running {
		select {
		case <-asked:
		case <-time.After(wholeCall):
			require.Fail(t, "not all calls came to the first question")
		}
	}
	before.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
	e.othersCallAllTheTime(changedNow)

	e.turnQuestionsAround(t)
	var late sync.WaitGroup
	var first sim.Result
	late.Go(func() {
		var err error
		o := sim.CallOptions{From: e.customers[running+dialling+1].Phones, To: "5500", Caller: knowsBoth()}
		first, err = e.telephones.Call(e.ctx, o)
		assert.NoError(t, err)
	})
	close(changedNow)
	close(found)
	beforeRecord := e.answersInTheOldOrder(t, before)
	late.Wait()
	nextRecord := e.answersInTheNewOrder(t)
	e.calls.Wait()

	e.isOf(t, "the real call before", beforeRecord.Variables, 1)
	e.isOf(t, "the first call after", first.Variables, 2)
	e.isOf(t, "the real call after", nextRecord.Variables, 2)
	for _, r := range e.results {
		assert.Equal(t, sim.Transferred, r.End, "%s %s", r.Reason, r.Cause)
		assert.False(t, r.Lost)
		e.isOf(t, r.UUID, r.Variables, 0)
	}
	assert.GreaterOrEqual(t, e.versions[1], running+1, "%v", e.versions)
	t.Logf("%d simulated calls and two real ones, by version: %v", len(e.results)+1, e.versions)
	assert.NotContains(t, e.Service.Log(t), "level=ERROR")
}

// asked are the questions that a caller was asked, in order.
func (j journey) asked() string {
	var asked []string
	for _, e := range j {
		if step, ok := e.Data.(event.StepStarted); ok && slices.Contains([]string{"birth_date", "postcode"}, step.Step) {
			asked = append(asked, step.Step)
		}
	}
	return strings.Join(asked, " ")
}

// awaitCall waits for all events of a call, by our id of it.
func (p *published) awaitCall(t testing.TB, id string) (j journey) {
	t.Helper()
	require.NotEmpty(t, id)
	timeout := time.After(publishedWithin)
	for {
		p.mu.Lock()
		all, news := p.events, p.news
		p.mu.Unlock()
		j = nil
		for _, m := range all {
			if m.err == nil && m.event.Call == id {
				j = append(j, m.event)
			}
		}
		if len(j) > 0 && j[len(j)-1].Fact() == event.FactCallEnded {
			return j
		}
		select {
		case <-news:
		case <-timeout:
			require.Fail(t, "no end of a call on NATS", "in %s for call %s; there is %v", publishedWithin, id, j)
		}
	}
}
