package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/freeswitch/sim"
)

// Outcomes count what became of callers with right answers.
type Outcomes struct {
	Calls    int `json:"calls"`
	Verified int `json:"verified"`
	// TurnedAway went to a person without being verified, Unfinished ones the service lost, refused or stranded.
	TurnedAway int `json:"turned_away"`
	Unfinished int `json:"unfinished"`
	// Why counts those who were not verified by what the service or FreeSWITCH said.
	Why map[string]int `json:"why,omitempty"`

	reactions []time.Duration
}

// Failed is the share of callers who were not verified.
func (o Outcomes) Failed() float64 {
	if o.Calls == 0 {
		return 0
	}
	return float64(o.Calls-o.Verified) / float64(o.Calls)
}

func (o *Outcomes) add(r sim.Result, err error) {
	o.Calls++
	o.reactions = append(o.reactions, r.Times.Reactions...)
	status := r.Variables["cs_status"]
	switch {
	case err != nil || r.End != sim.Transferred && r.End != sim.Resumed:
		o.Unfinished++
	case r.End == sim.Resumed: // the dialplan took the caller to a person
		o.TurnedAway++
	case status == "verified":
		o.Verified++
		return
	default:
		o.TurnedAway++
	}
	if o.Why == nil {
		o.Why = map[string]int{}
	}
	o.Why[why(r, err)]++
}

func why(r sim.Result, err error) string {
	switch {
	case err != nil:
		return "not over when the step was"
	case r.End == sim.Transferred:
		return fmt.Sprintf("%s: %s", orNone(r.Variables["cs_status"]), orNone(r.Variables["cs_reason"]))
	}
	reason, _, _ := strings.Cut(r.Reason, ": ")
	return strings.TrimSpace(fmt.Sprintf("%s: %s", r.End, reason))
}

// Times are quantiles of durations, in milliseconds.
type Times struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func timesOf(all []time.Duration) Times {
	slices.Sort(all)
	at := func(q float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return milliseconds(all[min(len(all)-1, int(q*float64(len(all))))])
	}
	return Times{P50: at(.5), P95: at(.95), P99: at(.99), Max: at(1)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
