package webhook

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"countersign/internal/retry"
	"countersign/session/event"
	"countersign/session/shared"
)

// call delivers the events of one call, one after the other.
type call struct {
	*worker
	id   string
	more chan struct{} // there is something to do
	// fresh came from the stream and were not tried yet; urged wants an attempt at once. The worker's lock guards both.
	fresh []*taken
	urged urge
	// failing, if not nil, are those that were tried; fresh ones have to wait behind them. The goroutine owns it.
	failing *Failing
}

func (c *call) wake() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// next is the next fresh event. over: there is nothing left to do, and the call is forgotten.
func (c *call) next() (t *taken, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.fresh) > 0 {
		t = c.fresh[0]
		c.fresh = c.fresh[1:]
		return t, false
	}
	if c.failing == nil {
		delete(c.active, c.id)
		return nil, true
	}
	return nil, false
}

// run delivers until nothing of the call is left to do or ctx ends.
func (c *call) run(ctx context.Context) {
	for ctx.Err() == nil {
		t, over := c.next()
		if over {
			return
		}
		if t != nil {
			if !c.deliver(ctx, t) {
				return
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-c.more:
			if !c.wanted() {
				continue
			}
		case <-time.After(c.failing.Next.Sub(c.now())):
		}
		if !c.retry(ctx) {
			return
		}
	}
}

// urge says who wants an attempt now.
type urge int

const (
	nobody   urge = iota
	recovery      // the system is back
	operator      // and the time to give up begins anew
)

// urge has what failed tried now. The lock is held.
func (c *call) urge(by urge) {
	c.urged = max(c.urged, by)
	c.wake()
}

// wanted says whether an attempt is wanted now.
func (c *call) wanted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	by := c.urged
	c.urged = nobody
	if by == operator {
		c.failing.First = c.now().UTC()
	}
	return by != nobody
}

// deliver delivers a fresh event, or keeps it behind those that failed. ok is false if ctx ended before it was either.
func (c *call) deliver(ctx context.Context, t *taken) (ok bool) {
	if c.failing == nil {
		err := errTooOld
		if c.now().Sub(t.event.Time) <= giveUpAfter {
			if err, ok = c.attempt(ctx, t.event); !ok {
				return false
			}
		}
		if err == nil {
			c.handled(t)
			return true
		}
		now := c.now().UTC()
		c.failing = &Failing{
			Call: c.id, Line: t.event.Line, First: now, Next: now.Add(pause(1)), Attempts: 1, Error: err.Error(),
		}
		if errors.Is(err, errTooOld) {
			c.failing.First, c.failing.Next, c.failing.Attempts = t.event.Time.UTC(), now, 0
		}
	}
	if n := len(c.failing.Places); n > 0 && !c.failing.Places[n-1].Before(t.place) {
		c.handled(t) // read again after a crash: it is among them already
		return true
	}
	c.failing.Places = append(c.failing.Places, t.place)
	if !c.save() {
		return false
	}
	c.handled(t)
	return true
}

// errTooOld: nobody was there to deliver the event in its time.
var errTooOld = errors.New("it waited for more than three days before its turn came")

// attempt makes one attempt when it is its turn. ok is false if ctx ended before, or the lease meanwhile.
func (c *call) attempt(ctx context.Context, e event.Event) (err error, ok bool) {
	select {
	case <-ctx.Done():
		return nil, false
	case c.slots <- struct{}{}:
	}
	defer func() { <-c.slots }()
	err = c.hook.Deliver(c.held, e) // it has a time limit of its own
	if c.held.Err() != nil {        // another machine delivers it
		return nil, false
	}
	if err != nil {
		c.health.failed(c.id, err)
		return err, true
	}
	if c.health.succeeded() {
		c.urgeAll("", recovery)
	}
	return nil, true
}

// retry tries what failed, in order. ok is false if ctx ended.
func (c *call) retry(ctx context.Context) (ok bool) {
	f := c.failing
	for len(f.Places) > 0 {
		if c.now().Sub(f.First) > giveUpAfter {
			return c.giveUp()
		}
		e, found, err := c.stream.At(ctx, f.Places[0])
		if err != nil { // not the webhook's failure
			f.Next = c.now().Add(stateRetry)
			return ctx.Err() == nil
		}
		if found {
			if err, ok = c.attempt(ctx, e); !ok {
				return false
			}
		}
		if err != nil {
			f.Attempts++
			f.Error, f.Next = err.Error(), c.now().Add(pause(f.Attempts)).UTC()
			return c.save()
		}
		f.Places, f.Attempts = f.Places[1:], 0
		if !c.save() {
			return false
		}
	}
	c.failing = nil
	c.health.settled(c.id, false)
	return true
}

// save keeps what failed, on whatever machine it is tried again; without places it is forgotten. ok is false if the
// lease is lost: then it is for another machine to write.
func (c *call) save() (ok bool) {
	return c.keepAs(failingPart, c.failing, shared.Forever)
}

func (c *call) keepAs(part string, f *Failing, keep time.Duration) (ok bool) {
	var value any
	if f != nil && len(f.Places) > 0 {
		value = f
	}
	for c.held.Err() == nil {
		if put(c.held, c.store, c.hook.Name()+part+callKey(c.id), value, keep) == nil {
			return true
		}
		_ = retry.Pause(c.held, stateRetry)
	}
	return false
}

// giveUp makes dead letters of what failed.
func (c *call) giveUp() (ok bool) {
	dead := *c.failing
	if oldest := c.bury(&dead); oldest != "" {
		_ = put(c.held, c.store, c.hook.Name()+deadPart+callKey(oldest), nil, 0) // or it expires
	}
	if !c.keepAs(deadPart, &dead, keepDead) || !c.keepAs(failingPart, nil, 0) {
		return false
	}
	c.failing = nil
	c.health.settled(c.id, true)
	return true
}

// bury adds a dead letter, and returns the call of the one that has to go for it, or "".
func (w *worker) bury(f *Failing) (oldest string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.dead[f.Call]; before != nil {
		f.Places = append(before.Places, f.Places...)
	} else if len(w.dead) >= mostDead {
		for id, d := range w.dead {
			if oldest == "" || d.First.Before(w.dead[oldest].First) {
				oldest = id
			}
		}
		delete(w.dead, oldest)
	}
	w.dead[f.Call] = f
	return oldest
}

// pause is how long to wait after so many attempts, give or take a tenth, so that calls do not come all at once.
func pause(attempts int) time.Duration {
	d := retryFirst
	for range attempts - 1 {
		if d *= retryTimes; d >= retryMost {
			d = retryMost
			break
		}
	}
	return d + time.Duration((rand.Float64()-0.5)*0.2*float64(d))
}
