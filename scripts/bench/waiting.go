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
		for began := time.Now(); int(hear.Load()) < n; time.Sleep(20 * time.Millisecond) {
			if time.Since(began) > patience {
				return nil, fmt.Errorf("after %s %d of %d calls hear a prompt", patience, hear.Load(), n)
			}
		}
		s.settle()
		now, err := s.memory(true)
		if err != nil {
			return nil, err
		}
		resident := s.resident()
		if gone := ended.Load(); gone > 0 {
			return nil, fmt.Errorf("%d of %d calls did not wait", gone, n)
		}
		kb := func(now, before uint64) float64 { return (float64(now) - float64(before)) / 1024 / float64(n) }
		rows = append(rows, Waiting{Calls: n, Resident: kb(uint64(resident), uint64(idle)),
			Heap: kb(now.HeapInuse, empty.HeapInuse), Stack: kb(now.StackInuse, empty.StackInuse),
			Goroutines: float64(now.Goroutines-empty.Goroutines) / float64(n)})
	}
	return rows, nil
}
