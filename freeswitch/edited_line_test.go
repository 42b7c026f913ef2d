package freeswitch_test

import (
	"context"
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
	// running is how many calls are in the middle of a question when the line is changed, dialling how many more callers there are, one after the other of whom
	// calls meanwhile.
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

// TestALineIsEditedWhileCallsRun has a second process turn the questions of a line around while fifty calls are in the middle of the first one and others come
// in all the time. The load is simulated, and one call on each side of the change is real.
func TestALineIsEditedWhileCallsRun(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	const born, keyedBorn, postcode = "1947-03-12", "03121947", "60313"
	var customers []customer
	for i := range running + dialling + 2 {
		customers = append(customers, customer{ID: "E-" + numberOf(131, i)[5:], Name: "Ada Lovelace", Phones: numberOf(131, i), BirthDate: born, Postcode: postcode})
	}
	s := startSiteOn(t, serviceOptions{Customers: customers, Lines: []string{editedLine}, Settings: "customers: {hash: hmac}\n"}, options{Files: lineDialplan})
	after := changed(t, editedLine, "    - birth_date: {}\n    - fact: {name: postcode, digits: 5}\n", "    - fact: {name: postcode, digits: 5}\n    - birth_date: {}\n")
	telephones, err := sim.New(sim.Options{Address: s.Service.Address(), Speed: 1, Sounds: &sim.Sounds{}})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*wholeCall)
	defer cancel()

	var calls sync.WaitGroup
	var mu sync.Mutex
	var results []sim.Result
	dials := func(who int, o sim.CallOptions) {
		o.From, o.To, o.Context = customers[who].Phones, "5500", "public"
		r, err := telephones.Call(ctx, o)
		assert.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		results = append(results, r)
	}
	knows := func() sim.Caller {
		return sim.Script(sim.Pace{}, sim.Answer{Prompt: "ask-birth-date", Keys: keyedBorn}, sim.Answer{Prompt: "ask-fact", Keys: postcode})
	}

	// Fifty callers hear the first question and look for what it asks for; so does a real one.
	asked, found := make(chan struct{}, running), make(chan struct{})
	for who := range running {
		keypad := make(chan rune)
		calls.Go(func() {
			script, first := knows(), true
			dials(who, sim.CallOptions{Keypad: keypad, Caller: sim.CallerFunc(func(p sim.Prompt) []sim.Act {
				if !first || !p.Digits {
					return script.Hear(p)
				}
				first = false
				asked <- struct{}{}
				return nil
			})})
		})
		calls.Go(func() {
			<-found
			for _, key := range keyedBorn {
				select {
				case keypad <- key:
				case <-ctx.Done():
				}
			}
		})
	}
	before := callWithSIPp(t, s.freeSWITCH, dial{From: customers[running+dialling].Phones, To: "5500"})
	for range running {
		select {
		case <-asked:
		case <-time.After(wholeCall):
			require.Fail(t, "not all calls came to the first question")
		}
	}
	before.AwaitAsked(t, "ask-birth-date", 1, askedWithin)

	// Others call all the time.
	changedNow := make(chan struct{})
	calls.Go(func() {
		tick := time.NewTicker(dialEvery)
		defer tick.Stop()
		for who := running; who < running+dialling; who++ {
			select {
			case <-tick.C:
				calls.Go(func() { dials(who, sim.CallOptions{Caller: knows()}) })
			case <-changedNow:
				return
			}
		}
	})
	began := time.Now()
	s.Service.apply(t, after)
	t.Logf("applied in %s, by a process of its own", time.Since(began).Round(time.Millisecond))
	var late sync.WaitGroup
	var first sim.Result
	late.Go(func() {
		var err error
		first, err = telephones.Call(ctx, sim.CallOptions{From: customers[running+dialling+1].Phones, To: "5500", Caller: knows()})
		assert.NoError(t, err)
	})
	close(changedNow)
	close(found)
	before.Press(keyedBorn)
	before.AwaitAsked(t, "ask-fact", 1, askedWithin)
	before.Press(postcode)
	before.AwaitAt(t, "default", "menu", saidWithin)
	beforeRecord := before.Record(t)
	late.Wait()
	next := callWithSIPp(t, s.freeSWITCH, dial{From: customers[running+dialling+1].Phones, To: "5500"})
	next.AwaitAsked(t, "ask-fact", 1, askedWithin)
	next.Press(postcode)
	next.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
	next.Press(keyedBorn)
	next.AwaitAt(t, "default", "menu", saidWithin)
	nextRecord := next.Record(t)
	calls.Wait()

	versions := map[int]int{}
	isSo := func(id string, variables map[string]string, version int) {
		t.Helper()
		assert.Equal(t, []string{"verified", "2", "ok", "ani"}, []string{variables["cs_status"], variables["cs_level"], variables["cs_reason"], variables["cs_methods"][:3]}, id)
		j := s.Events.awaitCall(t, variables["cs_call"])
		j.inOrder(t)
		questions := map[int]string{1: "birth_date postcode", 2: "postcode birth_date"}[j[0].LineVersion]
		assert.Equal(t, questions, j.asked(), "in the order of version %d", j[0].LineVersion)
		for _, e := range j {
			assert.Equal(t, "edited", e.Line)
			assert.Equal(t, j[0].LineVersion, e.LineVersion, "one version in a call: %v", j)
		}
		if version != 0 {
			assert.Equal(t, version, j[0].LineVersion, id)
		}
		versions[j[0].LineVersion]++
	}
	isSo("the real call before", beforeRecord.Variables, 1)
	isSo("the first call after", first.Variables, 2)
	isSo("the real call after", nextRecord.Variables, 2)
	for _, r := range results {
		assert.Equal(t, sim.Transferred, r.End, "%s %s", r.Reason, r.Cause)
		assert.False(t, r.Lost)
		isSo(r.UUID, r.Variables, 0)
	}
	assert.GreaterOrEqual(t, versions[1], running+1, "%v", versions)
	t.Logf("%d simulated calls and two real ones, by version: %v", len(results)+1, versions)
	assert.NotContains(t, s.Service.Log(t), "level=ERROR")
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
