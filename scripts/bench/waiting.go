package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"countersign/freeswitch/sim"
)

const (
	// slowly is how fast time passes for callers who are to wait: a prompt of some seconds lasts for minutes.
	slowly = 0.02
	// arrive is between two calls.
	arrive = 3 * time.Millisecond
	// stuck is how long no further call may hear its prompt until the rest is given up. So many must wait.
	stuck      = 10 * time.Second
	enoughWait = 0.95
)

// waiting measures the memory of calls that wait for a key.
func (b *bench) waiting() (*Part, error) {
	p := &Part{Machine: thisMachine()}
	for _, name := range b.servers {
		var rows []Waiting
		_, err := b.on(name, 10, func(s *server) (*Run, error) {
			var err error
			rows, err = whoWait(s, b.numbers(50, 500, 5000))
			return nil, err
		})
		if err != nil {
			return nil, fmt.Errorf("%s, waiting calls: %w", name, err)
		}
		for _, w := range rows {
			w.Server = name
			p.Waiting = append(p.Waiting, w)
			fmt.Fprintf(b.out, "%-8s %5d waiting  %6.1f KB each, heap %.1f KB, stacks %.1f KB, %.1f goroutines\n", name, w.Calls,
				w.Resident, w.Heap, w.Stack, w.Goroutines)
		}
	}
	return p, nil
}

// whoWait lets more and more calls wait, up to each of the numbers.
func whoWait(s *server, numbers []int) (rows []Waiting, err error) {
	for range 4 { // nothing is measured cold
		if _, _, err := (load{}).bytes(s); err != nil {
			return nil, err
		}
	}
	s.settle()
	empty, err := s.memory(true)
	if err != nil {
		return nil, err
	}
	idle := s.resident()
	phones, err := load{speed: slowly}.phones(s)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	var hear, ended atomic.Int64
	calls := 0
	for _, n := range numbers {
		for ; calls < n; calls++ {
			first := sync.OnceFunc(func() { hear.Add(1) })
			o := sim.CallOptions{From: load{}.call(calls).From, To: "5000",
				Caller: sim.CallerFunc(func(sim.Prompt) []sim.Act { first(); return nil })}
			all.Go(func() {
				_, _ = phones.Call(ctx, o)
				ended.Add(1)
			})
			time.Sleep(arrive)
		}
		for last, since := int64(0), time.Now(); hear.Load() < int64(n) && time.Since(since) < stuck; {
			time.Sleep(20 * time.Millisecond)
			if now := hear.Load(); now > last {
				last, since = now, time.Now()
			}
		}
		s.settle()
		now, err := s.memory(true)
		if err != nil {
			return nil, err
		}
		resident, waiting := s.resident(), hear.Load()-ended.Load()
		if float64(waiting) < enoughWait*float64(n) {
			return nil, fmt.Errorf("of %d calls only %d wait", n, waiting)
		}
		each := func(now, before float64) float64 { return (now - before) / float64(waiting) }
		rows = append(rows, Waiting{Calls: n, Lost: n - int(waiting), Resident: each(float64(resident), float64(idle)) / 1024,
			Heap:       each(float64(now.HeapInuse), float64(empty.HeapInuse)) / 1024,
			Stack:      each(float64(now.StackInuse), float64(empty.StackInuse)) / 1024,
			Goroutines: each(float64(now.Goroutines), float64(empty.Goroutines))})
	}
	return rows, nil
}
