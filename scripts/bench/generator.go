package main

import (
	"sync"
	"syscall"
	"time"
)

// ownTime is the processor time of this process, which is the generator of calls.
func ownTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchLateness looks every few milliseconds how late this process gets to run: a caller in it keys, and hears, as
// late. The function that it returns ends that and returns what it saw.
func watchLateness() func() []time.Duration {
	const every = 5 * time.Millisecond
	var late []time.Duration
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for due := time.Now().Add(every); ; due = time.Now().Add(every) {
			select {
			case <-ended:
				return
			case <-time.After(time.Until(due)):
				late = append(late, time.Since(due))
			}
		}
	})
	return func() []time.Duration {
		close(ended)
		watch.Wait()
		return late
	}
}

// pacedByCallers: calls/s tell more of the generator than of the server.
func (r *Run) pacedByCallers() bool { return r.GeneratorMS > r.ServerMS }

// lateCallers: the reaction tells more of the generator than of the server.
func (r *Run) lateCallers() bool { return r.Late.P99 > r.Reaction.P99/2 }
