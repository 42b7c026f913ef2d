// Package eventtest makes up what happens on calls, for tests and benchmarks of whatever counts it: histories that look
// like those of a call centre, with everything that a caller may do.
package eventtest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"countersign/session/event"
)

// History is a stretch of time in a call centre. The same one is always made of the same events.
type History struct {
	Seed uint64
	// Calls is how many calls there are. Step-ups and calls that came back are made up besides. Customers call about ten
	// times each.
	Calls int
	// From and To are when they begin.
	From, To time.Time
	// Lines are the service lines; default retail, business and travel.
	Lines []string
	// Prefix begins the ids of the calls; default "call".
	Prefix string
}

// All yields the events of one call after the other, in the order in which the calls begin. The events of a call are
// complete, unless Countersign was killed in it: then
// the last ones are missing, or an interrupted call_ended stands in their place.
func (h History) All() iter.Seq[[]event.Event] {
	if len(h.Lines) == 0 {
		h.Lines = []string{"retail", "business", "travel"}
	}
	if h.Prefix == "" {
		h.Prefix = "call"
	}
	return func(yield func([]event.Event) bool) {
		r := rand.New(rand.NewPCG(h.Seed, 0))
		span := h.To.Sub(h.From)
		for i := range h.Calls {
			after := time.Duration(float64(span) * (float64(i) + r.Float64()) / float64(h.Calls))
			at := h.From.Add(after).Truncate(time.Millisecond)
			c := &call{
				r: r, id: fmt.Sprintf("%s-%08d", h.Prefix, i), line: h.Lines[r.IntN(len(h.Lines))], at: at,
				customer: fmt.Sprint(100_000 + r.IntN(100+h.Calls/10)),
			}
			if !yield(c.run()) {
				return
			}
			if c.level < 1 || c.gone || r.IntN(10) > 0 {
				continue
			}
			again := &call{
				r: r, id: c.id + "b", line: c.line, at: c.at.Add(c.seconds(5, 300)), customer: c.customer, first: c.id,
				level: c.level, methods: c.methods,
			}
			if !yield(again.back()) {
				return
			}
		}
	}
}

// call is a call that is being made up.
type call struct {
	r                         *rand.Rand
	id, line, customer, first string
	at, began                 time.Time
	events                    []event.Event
	level                     int
	methods                   []event.Method
	gone                      bool // the caller hung up
}

func (c *call) seconds(from, to int) time.Duration {
	return time.Duration(from*1000+c.r.IntN((to-from)*1000)) * time.Millisecond
}

func (c *call) chance(percent int) bool { return c.r.IntN(100) < percent }

func (c *call) say(data event.Data) {
	seq := len(c.events) + 1
	c.events = append(c.events, event.Event{
		ID: event.ID(c.id, seq), Source: "/countersign/test", Time: c.at.UTC(), Call: c.id, Seq: seq,
		Line: c.line, LineVersion: 3, Data: data,
	})
}

func (c *call) status() event.Status {
	return []event.Status{event.StatusNone, event.StatusIdentified, event.StatusVerified, event.StatusVerified}[c.level]
}

// who is the customer, if they are known.
func (c *call) who() string {
	if c.level == 0 {
		return ""
	}
	return c.customer
}

func (c *call) begin(s event.CallStarted) {
	c.began, s.Channel, s.Continues = c.at, "channel-"+c.id, c.first
	c.say(s)
}

// step is one step with its attempts, and says whether it was passed and what ended it.
func (c *call) step(name string, passed func() bool, tries int) (ok bool, why event.Reason) {
	c.say(event.StepStarted{Step: name})
	began := c.at
	f := event.StepFinished{Step: name, Result: event.StepFailed}
	for range tries {
		a := event.Attempt{Result: c.attempt(passed)}
		took := c.seconds(2, 20)
		a.Milliseconds = took.Milliseconds()
		c.at = c.at.Add(took)
		f.Attempts = append(f.Attempts, a)
		switch a.Result {
		case event.AttemptAccepted:
			f.Result, ok = event.StepPassed, true
		case event.AttemptOptedOut:
			f.Result, f.Reason = event.StepOptedOut, event.ReasonOptedOut
		case event.AttemptAbandoned:
			f.Result, f.Reason, c.gone = event.StepAbandoned, event.ReasonHungUp, true
		case event.AttemptError:
			f.Result, f.Reason = event.StepError, event.ReasonUnavailable
		case event.AttemptNoInput:
			f.Reason = event.ReasonNoInput
			continue
		case event.AttemptNoMatch:
			f.Reason = event.ReasonNoMatch
			continue
		case event.AttemptServed:
			continue
		default:
			f.Reason = event.ReasonWrongAnswer
			continue
		}
		break
	}
	if ok {
		f.Reason = ""
	}
	f.Milliseconds = c.at.Sub(began).Milliseconds()
	c.say(f)
	return ok, f.Reason
}

func (c *call) attempt(passed func() bool) event.AttemptResult {
	switch n := c.r.IntN(100); {
	case n < 6:
		return event.AttemptNoInput
	case n < 11:
		return event.AttemptNoMatch
	case n < 14:
		return event.AttemptOptedOut
	case n < 17:
		return event.AttemptAbandoned
	case n < 18:
		return event.AttemptError
	case n < 20:
		return event.AttemptServed
	case passed():
		return event.AttemptAccepted
	default:
		return event.AttemptRejected
	}
}

// known makes the caller somebody.
func (c *call) known(by event.Method) {
	c.level, c.methods = max(c.level, 1), append(c.methods, by)
	c.say(event.Identified{
		Customer: c.customer, Name: "Anna Muster", Method: by, Status: c.status(), Level: c.level,
		PopURL: "https://crm.example/" + c.customer,
	})
}

// run is a new call, from its beginning to its end.
func (c *call) run() []event.Event {
	s := event.CallStarted{CallerLast4: fmt.Sprintf("%04d", c.r.IntN(10_000)), DialledLast4: "5000"}
	if c.chance(8) {
		s.CallerLast4, s.CallerWithheld = "", true
	}
	if c.chance(30) {
		s.Attestation = "A"
	}
	c.begin(s)
	if c.chance(3) {
		return c.end("closed", "closed XML default", event.ReasonClosed, "")
	}
	if c.chance(2) {
		c.say(event.PromptMissing{Prompt: "welcome", Language: "de"})
	}
	why, at := c.identify(s.CallerWithheld)
	if c.gone || why != "" {
		return c.end("unidentified", "agents XML default", why, at)
	}
	if c.chance(2) {
		c.say(event.Locked{On: event.LockOnCustomer, Customer: c.customer})
		return c.end("locked", "agents XML default", event.ReasonLocked, "")
	}
	ok, why := c.step("pin", func() bool { return c.chance(85) }, 3)
	if !ok && !c.gone && why == event.ReasonWrongAnswer && c.chance(30) {
		// A code by SMS stands in for it, and then the PIN is asked once more.
		ok, why = c.step("sms_code", func() bool { return c.chance(90) }, 2)
		if !ok && !c.gone {
			ok, why = c.step("pin", func() bool { return c.chance(50) }, 2)
		}
	}
	if !ok {
		return c.end("identified", "agents XML default", why, "pin")
	}
	c.level, c.methods = 2, append(c.methods, event.MethodPIN)
	c.say(event.Verified{
		Customer: c.customer, Name: "Anna Muster", Methods: c.methods, Status: event.StatusVerified, Level: 2,
	})
	return c.end("verified", "menu XML default", event.ReasonOK, "")
}

func (c *call) identify(withheld bool) (why event.Reason, at string) {
	c.say(event.StepStarted{Step: "ani"})
	c.at = c.at.Add(c.seconds(0, 2))
	if !withheld && c.chance(55) {
		c.say(event.StepFinished{Step: "ani", Result: event.StepPassed, Milliseconds: 120})
		c.known(event.MethodANI)
		return "", ""
	}
	c.say(event.StepFinished{Step: "ani", Result: event.StepSkipped, Reason: event.ReasonNotFound, Milliseconds: 90})
	ok, why := c.step("account", func() bool { return c.chance(85) }, 4)
	if !ok {
		return why, "account"
	}
	c.known(event.MethodAccount)
	return "", ""
}

// back is the same call once more: for a step-up, or from self-service.
func (c *call) back() []event.Event {
	c.begin(event.CallStarted{})
	has := c.methods
	c.methods = has[:0:0]
	c.known(has[0])
	if c.chance(70) {
		c.say(event.StepUpRequested{Level: 3, Has: c.level})
		ok, why := c.step("totp", func() bool { return c.chance(80) }, 3)
		if !ok {
			return c.end("returned", "desk XML default", why, "totp")
		}
		c.level, c.methods = 3, append(c.methods, event.MethodTOTP)
		c.say(event.Verified{
			Customer: c.customer, Methods: c.methods, Status: event.StatusVerified, Level: 3, Continues: c.first,
		})
	}
	return c.end("returned", "desk XML default", event.ReasonOK, "")
}

// end hands the call on, unless the caller is gone or Countersign is.
func (c *call) end(outcome, destination string, why event.Reason, at string) []event.Event {
	end := event.EndRouted
	switch {
	case c.gone:
		end, why = event.EndAbandoned, event.ReasonHungUp
	case why != event.ReasonOK && why != event.ReasonClosed:
		c.say(event.Failed{Step: at, Reason: why, Status: c.status(), Level: c.level, Customer: c.who(), Continues: c.first})
		if c.chance(3) {
			c.gone, end, why = true, event.EndAbandoned, event.ReasonHungUp
		}
	}
	if !c.gone {
		c.say(event.Routed{
			Outcome: outcome, Destination: destination, Status: c.status(), Level: c.level, Reason: why, Continues: c.first,
		})
	}
	c.at = c.at.Add(c.seconds(0, 3))
	ended := event.CallEnded{
		End: end, Status: c.status(), Level: c.level, Reason: why, Customer: c.who(), Methods: c.methods,
		Milliseconds: c.at.Sub(c.began).Milliseconds(),
	}
	if c.r.IntN(200) > 0 {
		c.say(ended)
		return c.events
	}
	c.events = c.events[:1+c.r.IntN(len(c.events))] // killed
	if c.chance(80) {
		c.say(event.CallEnded{End: event.EndInterrupted, Status: event.StatusNone, Reason: event.ReasonUnavailable})
	}
	return c.events
}
