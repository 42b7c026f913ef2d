package main

import (
	"fmt"
	"strings"
	"time"

	"countersign/freeswitch/sim"
)

// faultCounts is what became of the callers of a fault, and of the events of their calls.
type faultCounts struct {
	rounds, calls, events int
	// verified is how many were. byDialplan went to a person by the dialplan: the service was away, cut off or hung.
	// unserved went there by the service, which could not serve them.
	verified, byDialplan, unserved int
	longest                        time.Duration

	late        int // not with a person in time
	unproven    int // verified without proof
	lost        int // events, or calls, that the journal or the stream does not have
	doubled     int // events that the stream has more than once
	misreported int // rows in which reports are not what the journal has
}

// faults are the counts that must be 0.
func (c faultCounts) faults() map[string]int {
	return map[string]int{
		"callers who were not with a person in time": c.late, "callers who were verified without proof": c.unproven,
		"events lost": c.lost, "events doubled": c.doubled,
		"rows of reports that are not what the journal has": c.misreported,
	}
}

func (c faultCounts) String() string {
	return fmt.Sprintf("%d rounds, %d calls of %d events: %d verified, %d to a person by the dialplan, %d unserved, "+
		"longest wait %s; late %d, without proof %d, lost %d, doubled %d, misreported %d", c.rounds, c.calls, c.events,
		c.verified, c.byDialplan, c.unserved, c.longest.Round(time.Millisecond), c.late, c.unproven, c.lost, c.doubled,
		c.misreported)
}

func (c *faultCounts) add(s *faultSite, call faultCall) {
	c.calls++
	r, waited := call.result, s.load.waited(call)
	c.longest = max(c.longest, waited)
	atPerson := !r.Lost && call.err == nil && waited <= s.limit()
	switch r.End {
	case sim.Transferred:
		if r.Variables["cs_reason"] == "unavailable" {
			c.unserved++
		}
	case sim.Resumed, sim.DeadMan:
		c.byDialplan++
	case sim.CallerHungUp:
		atPerson = atPerson && call.hungUp
	default:
		atPerson = false
	}
	if !atPerson {
		s.t.Logf("not with a person in time: %s (%s) after %s, %s %s %v; %+v", r.End, r.Reason, waited, r.Destination,
			r.Variables["cs_reason"], call.err, r.Times)
		c.late++
	}
	for _, says := range []string{r.Variables["cs_status"], r.Headers["X-Countersign-Status"]} {
		if says == "verified" && !call.right {
			s.t.Logf("verified without proof: call %s", r.Variables["cs_call"])
			c.unproven++
			return
		}
	}
	if r.Variables["cs_status"] == "verified" {
		c.verified++
	}
}

func isProbe(id string) bool { return strings.HasPrefix(id, "probe-") }
