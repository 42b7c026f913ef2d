package freeswitch_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"countersign/freeswitch/sim"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// edited is a service with that line, its customers, and what calls it: telephones in this process, besides the real
// ones.
type edited struct {
	*site
	t          *testing.T
	ctx        context.Context
	customers  []customer
	telephones *sim.Switch

	calls   sync.WaitGroup
	mu      sync.Mutex
	results []sim.Result
	// versions counts calls by the version of the line that they met.
	versions map[int]int
}

func startEdited(t *testing.T) *edited {
	t.Helper()
	e := &edited{t: t, versions: map[int]int{}}
	for i := range running + dialling + 2 {
		phone := numberOf(131, i)
		e.customers = append(e.customers, customer{
			ID: "E-" + phone[5:], Name: "Ada Lovelace", Phones: phone, BirthDate: editedBorn, Postcode: editedPostcode,
		})
	}
	o := serviceOptions{Customers: e.customers, Lines: []string{editedLine}, Settings: "customers: {hash: hmac}\n"}
	e.site = startSiteOn(t, o, options{Files: lineDialplan})
	var err error
	e.telephones, err = sim.New(sim.Options{Address: e.Service.Address(), Speed: 1, Sounds: &sim.Sounds{}})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*wholeCall)
	t.Cleanup(cancel)
	e.ctx = ctx
	return e
}

// dials makes a simulated call and keeps its result.
func (e *edited) dials(who int, o sim.CallOptions) {
	o.From, o.To, o.Context = e.customers[who].Phones, "5500", "public"
	r, err := e.telephones.Call(e.ctx, o)
	assert.NoError(e.t, err)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.results = append(e.results, r)
}

// knowsBoth is a caller who answers both questions, in whatever order.
func knowsBoth() sim.Caller {
	return sim.Script(sim.Pace{},
		sim.Answer{Prompt: "ask-birth-date", Keys: editedKeysBorn}, sim.Answer{Prompt: "ask-fact", Keys: editedPostcode})
}

// callersLookForTheAnswer has fifty callers hear the first question, each of which it tells, and key the answer once it
// is found.
func (e *edited) callersLookForTheAnswer(found <-chan struct{}) (asked <-chan struct{}) {
	all := make(chan struct{}, running)
	for who := range running {
		keypad := make(chan rune)
		e.calls.Go(func() {
			script, first := knowsBoth(), true
			e.dials(who, sim.CallOptions{Keypad: keypad, Caller: sim.CallerFunc(func(p sim.Prompt) []sim.Act {
				if !first || !p.Digits {
					return script.Hear(p)
				}
				first = false
				all <- struct{}{}
				return nil
			})})
		})
		e.calls.Go(func() {
			<-found
			for _, key := range editedKeysBorn {
				select {
				case keypad <- key:
				case <-e.ctx.Done():
				}
			}
		})
	}
	return all
}

// othersCallAllTheTime has more callers call, one after the other, until the line is changed.
func (e *edited) othersCallAllTheTime(changedNow <-chan struct{}) {
	e.calls.Go(func() {
		tick := time.NewTicker(dialEvery)
		defer tick.Stop()
		for who := running; who < running+dialling; who++ {
			select {
			case <-tick.C:
				e.calls.Go(func() { e.dials(who, sim.CallOptions{Caller: knowsBoth()}) })
			case <-changedNow:
				return
			}
		}
	})
}

func (e *edited) turnQuestionsAround(t *testing.T) {
	t.Helper()
	after := changed(t, editedLine, "    - birth_date: {}\n    - fact: {name: postcode, digits: 5}\n",
		"    - fact: {name: postcode, digits: 5}\n    - birth_date: {}\n")
	began := time.Now()
	e.Service.apply(t, after)
	t.Logf("applied in %s, by a process of its own", time.Since(began).Round(time.Millisecond))
}

func (e *edited) answersInTheOldOrder(t *testing.T, c *call) callRecord {
	t.Helper()
	c.Press(editedKeysBorn)
	c.AwaitAsked(t, "ask-fact", 1, askedWithin)
	c.Press(editedPostcode)
	c.AwaitAt(t, "default", "menu", saidWithin)
	return c.Record(t)
}

func (e *edited) answersInTheNewOrder(t *testing.T) callRecord {
	t.Helper()
	c := callWithSIPp(t, e.freeSWITCH, dial{From: e.customers[running+dialling+1].Phones, To: "5500"})
	c.AwaitAsked(t, "ask-fact", 1, askedWithin)
	c.Press(editedPostcode)
	c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
	c.Press(editedKeysBorn)
	c.AwaitAt(t, "default", "menu", saidWithin)
	return c.Record(t)
}

// isOf checks that a call met one version of the line from end to end: this one, or any if it is 0.
func (e *edited) isOf(t *testing.T, id string, variables map[string]string, version int) {
	t.Helper()
	assert.Equal(t, []string{"verified", "2", "ok", "ani"},
		[]string{variables["cs_status"], variables["cs_level"], variables["cs_reason"], variables["cs_methods"][:3]}, id)
	j := e.Events.awaitCall(t, variables["cs_call"])
	j.inOrder(t)
	questions := map[int]string{1: "birth_date postcode", 2: "postcode birth_date"}[j[0].LineVersion]
	assert.Equal(t, questions, j.asked(), "in the order of version %d", j[0].LineVersion)
	for _, v := range j {
		assert.Equal(t, "edited", v.Line)
		assert.Equal(t, j[0].LineVersion, v.LineVersion, "one version in a call: %v", j)
	}
	if version != 0 {
		assert.Equal(t, version, j[0].LineVersion, id)
	}
	e.versions[j[0].LineVersion]++
}
