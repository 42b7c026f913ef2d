package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"countersign/freeswitch/sim"
)

// soakEach is the time between two calls.
const soakEach = 170 * time.Millisecond

// soakCallers call one after the other, and count what became of them.
type soakCallers struct {
	soak *soak

	mu     sync.Mutex
	calls  int
	ended  map[string]int
	erased []string // the calls of the customer who is erased
	last   string   // a verified call of late
}

// ring has callers ring for a time, and returns when the last has hung up.
func (c *soakCallers) ring(ctx context.Context, length time.Duration) {
	each := time.NewTicker(soakEach)
	defer each.Stop()
	over := time.After(length)
	var calling sync.WaitGroup
	defer calling.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-over:
			return
		case <-each.C:
			calling.Go(func() { c.call(ctx, i) })
		}
	}
}

func (c *soakCallers) call(ctx context.Context, i int) {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	kind, o := c.caller(ctx, i)
	r := c.place(ctx, kind, o)
	if kind == soakSteppedUp && r.Variables["cs_status"] == "verified" {
		// FreeSWITCH brings the same call back; docs/integrate.md has how an agent asks for it.
		o.UUID, o.To = r.UUID, "stepup"
		o.Variables = []sim.Variable{
			{Name: "cs_call", Value: r.Variables["cs_call"]}, {Name: "cs_line", Value: "desk"},
			{Name: "cs_need_level", Value: "3"}, {Name: "cs_return", Value: "agents XML default"},
		}
		o.Caller = c.reads(ownNumber(c.customer(i)))
		c.place(ctx, "a step-up", o)
	}
}

func (c *soakCallers) place(ctx context.Context, kind string, o sim.CallOptions) sim.Result {
	r, err := c.soak.phone.Call(ctx, o)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	end := fmt.Sprintf("%s: %s, %s", kind, r.End, r.Variables["cs_status"])
	if reason := r.Variables["cs_reason"]; reason != "" {
		end += " (" + reason + ")"
	}
	c.ended[end]++
	if id := r.Variables["cs_call"]; id != "" {
		if r.Variables["cs_status"] == "verified" {
			c.last = id
		}
		if o.From == soakErasedNumber {
			c.erased = append(c.erased, id)
		}
	}
	if err != nil || r.Lost || r.End == sim.Resumed || r.End == sim.DeadMan || r.End == sim.Stranded {
		c.soak.fault("a caller came to no person by us: "+kind, fmt.Errorf("%s %s %w", r.End, r.Reason, err))
	}
	return r
}

func (c *soakCallers) told() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%d calls: %s", c.calls, counts(c.ended))
}

func (c *soakCallers) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

func (c *soakCallers) lastCall() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

func (c *soakCallers) ofErased() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]bool{}
	for _, id := range c.erased {
		all[id] = true
	}
	return all
}

const (
	soakSteppedUp    = "later stepped up"
	soakErasedNumber = "+15558880001"
)

// customer is who makes the i-th call; neighbours are not neighbours in the directory.
func (c *soakCallers) customer(i int) int { return i * 331 % soakWrong }

// caller is the i-th call: what they do, and in words.
func (c *soakCallers) caller(ctx context.Context, i int) (kind string, o sim.CallOptions) {
	n := c.customer(i)
	o = sim.CallOptions{From: ownNumber(n), To: anyNumber}
	as := func(kind string, answers ...string) (string, sim.CallOptions) {
		o.Caller = soakScript(answers...)
		return kind, o
	}
	anonymous := func() { o.From, o.Withheld = ownNumber(soakCustomers+i%3000), true }
	hangsUp := func(kind, prompt, typed string) (string, sim.CallOptions) {
		o.Caller = sim.Script(sim.Human, sim.Answer{Prompt: "ask-account", Keys: account(n) + "#"},
			sim.Answer{Prompt: "ask-pin", Keys: "864209#"})
		inner := o.Caller
		o.Caller = sim.CallerFunc(func(p sim.Prompt) []sim.Act {
			if prompt != "" && !p.Has(prompt) {
				return inner.Hear(p)
			}
			return append(sim.Human.Type(p, typed), sim.Act{Wait: 300 * time.Millisecond, HangUp: true})
		})
		return kind, o
	}
	switch i % 24 {
	case 0:
		anonymous()
		return as("opts out", "ask-account", "*")
	case 1:
		anonymous()
		o.Caller = sim.Silent()
		return "says nothing", o
	case 2:
		anonymous()
		return as("unknown account", "ask-account", "999999#", "ask-account-again", "999998#")
	case 3, 4:
		anonymous()
		n = soakWrong + i/24%(soakCustomers-soakWrong)
		return as("wrong PIN", "ask-account", account(n)+"#",
			"ask-pin", "111222#", "ask-pin-again", "222333#", "ask-pin-again", "333444#")
	case 5:
		return as("a slip, then the right PIN", "ask-pin", "864208#", "ask-pin-again", "864209#")
	case 6:
		return hangsUp("hangs up at once", "", "")
	case 7:
		anonymous()
		return hangsUp("hangs up while keying the account", "ask-account", account(n)[:3])
	case 8:
		return hangsUp("hangs up while keying the PIN", "ask-pin", "864")
	case 9:
		o.To = cardsNumber
		return hangsUp("hangs up before the code", "ask-code", "")
	case 10:
		o.Variables = []sim.Variable{{Name: "sip_h_X-Countersign-Token", Value: c.soak.token(ctx, n)}}
		return as("brings a token")
	case 11:
		o.Variables = []sim.Variable{{Name: "sip_h_X-Countersign-Token", Value: "no token"}}
		return as("brings a bad token, right PIN", "ask-pin", "864209#")
	case 12, 13:
		o.To = deskNumber
		return as(soakSteppedUp, "ask-pin", "864209#")
	case 14:
		o.To, o.Caller = cardsNumber, c.reads(o.From)
		return "PIN and code", o
	case 15:
		if i < int(c.soak.length/soakEach)/3 { // well before they are erased
			o.From = soakErasedNumber
			return as("will be erased", "ask-pin", "864209#")
		}
		return as("known number, right PIN", "ask-pin", "864209#")
	case 16, 17, 18:
		anonymous()
		return as("account and PIN", "ask-account", account(n)+"#", "ask-pin", "864209#")
	}
	return as("known number, right PIN", "ask-pin", "864209#")
}

// soakScript answers prompts as a person does, each answer once.
func soakScript(promptsAndKeys ...string) sim.Caller {
	var answers []sim.Answer
	for i := 0; i < len(promptsAndKeys); i += 2 {
		answers = append(answers, sim.Answer{Prompt: promptsAndKeys[i], Keys: promptsAndKeys[i+1]})
	}
	return sim.Script(sim.Human, answers...)
}

// reads is a caller who keys the PIN, and the code from their text messages.
func (c *soakCallers) reads(number string) sim.Caller {
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		switch {
		case p.Has("ask-pin"):
			return sim.Human.Type(p, "864209#")
		case p.Has("ask-code"):
			if all := c.soak.text.To(number); len(all) > 0 {
				return sim.Human.Type(p, sixDigits.FindString(all[len(all)-1].Text)+"#")
			}
		}
		return nil
	})
}

// token is one of the customer's, as the company's app asks for it.
func (s *soak) token(ctx context.Context, n int) string {
	body := fmt.Sprintf(`{"customer": "A-%d", "methods": ["password"], "line": "*"}`, n)
	text := s.ask(ctx, http.MethodPost, "/v1/tokens", body)
	var issued struct{ Token string }
	if text != "" {
		s.fault("a token", json.Unmarshal([]byte(text), &issued))
	}
	return issued.Token
}
