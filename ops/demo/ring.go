package demo

import (
	"cmp"
	"context"
	"sync"
	"time"

	"countersign/freeswitch/sim"
)

// Call is a finished call.
type Call struct {
	// Who is the kind of caller, in words.
	Who string
	sim.Result
}

// ring has callers call until the time is over or ctx ends, and returns when the last call has ended.
func (d *demo) ring(ctx context.Context) error {
	phone, err := sim.New(sim.Options{
		Address: d.service.Socket, Speed: d.options.Speed, Engines: []string{"pocketsphinx"}, Desk: d.desk,
	})
	if err != nil {
		return err
	}
	ringing, stop := context.WithCancel(ctx)
	if d.options.For > 0 {
		ringing, stop = context.WithTimeout(ctx, d.options.For)
	}
	defer stop()
	talking, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	next := make(chan int)
	errs := make(chan error, d.options.Callers)
	var callers sync.WaitGroup
	for range d.options.Callers {
		callers.Go(func() {
			for n := range next {
				if err := d.call(talking, phone, pick(n, d.samples)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	err = dispatch(ringing, next, errs)
	if err == nil {
		defer d.letFinish(talking, hangUp)()
	}
	close(next)
	callers.Wait()
	return err
}

// dispatch hands out caller numbers until ctx ends or a call fails.
func dispatch(ctx context.Context, next chan<- int, errs <-chan error) error {
	for n := 0; ; n++ {
		select {
		case next <- n:
		case <-ctx.Done():
			return nil
		case err := <-errs:
			return err
		}
	}
}

// letFinish gives running calls finishWithin to end by themselves.
func (d *demo) letFinish(talking context.Context, hangUp func()) (stop func()) {
	timer := time.AfterFunc(finishWithin, hangUp)
	if d.options.Ending != nil {
		d.telling.Lock()
		defer d.telling.Unlock()
		d.options.Ending(talking, hangUp)
	}
	return func() { timer.Stop() }
}

// call makes one call.
func (d *demo) call(ctx context.Context, phone *sim.Switch, who caller) error {
	r, err := phone.Call(ctx, sim.CallOptions{
		From: who.from, To: cmp.Or(who.to, "5000"), Withheld: who.withheld, Caller: who.person(d.sms),
	})
	if err != nil {
		return err
	}
	d.calls.placed(r)
	if d.options.Called != nil {
		d.telling.Lock()
		defer d.telling.Unlock()
		d.options.Called(Call{Who: who.who, Result: r})
	}
	return nil
}
