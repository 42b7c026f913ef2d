package pbx

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Ways are the extensions of conf/dialplan.xml: who answers the call.
var Ways = []string{"countersign", "mod_lua", "dialplan"}

// Ready waits until a call of each way has been verified: FreeSWITCH answers before it takes calls.
func (c *Callers) Ready(ctx context.Context) error {
	for _, way := range Ways {
		for began := time.Now(); ; time.Sleep(500 * time.Millisecond) {
			r := c.Call(ctx, way)
			if r.Fault == nil {
				break
			}
			if time.Since(began) > startsWithin {
				return fmt.Errorf("a first call, to %s: %w", way, r.Fault)
			}
		}
	}
	return nil
}

// Latency has callers, so many at once, call all ways in turn, and returns each one's calls.
func (c *Callers) Latency(ctx context.Context, atOnce, each int) map[string][]Call {
	calls := map[string][]Call{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range atOnce {
		all.Go(func() {
			for j := range each * len(Ways) / atOnce {
				way := Ways[(i+j)%len(Ways)]
				r := c.Call(ctx, way)
				mu.Lock()
				calls[way] = append(calls[way], r)
				mu.Unlock()
			}
		})
		time.Sleep(frame * 7 / 3) // not all in the same frame
	}
	all.Wait()
	return calls
}

// Rate places so many calls a second for a time, and returns how many there were and the faults of those that failed.
func (c *Callers) Rate(ctx context.Context, way string, perSecond float64, lasting time.Duration) (
	calls int, faults []error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for began := time.Now(); time.Since(began) < lasting; calls++ {
		all.Go(func() {
			if r := c.Call(ctx, way); r.Fault != nil {
				mu.Lock()
				defer mu.Unlock()
				faults = append(faults, r.Fault)
			}
		})
		time.Sleep(time.Until(began.Add(time.Duration(float64(calls+1) / perSecond * float64(time.Second)))))
	}
	all.Wait()
	return calls, faults
}
