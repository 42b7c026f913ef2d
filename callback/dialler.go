package callback

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"countersign/internal/retry"
	"countersign/session/event"
)

// DiallerOptions are what a Dialler needs.
type DiallerOptions struct {
	Book   *Book
	Switch Switch
	// Process names this process, and no other, ever. Node is the machine's: what an earlier process of it was ringing is
	// this one's at once, since only one runs on a machine.
	Process, Node string
	// Turn says whether it would be the turn of somebody who left a queue. An error means that nobody knows: then it is.
	Turn func(p Place) (bool, error)
	// Remind tells a customer that their time has nearly come; RemindBefore is how long before, 0 for never.
	Remind       func(ctx context.Context, c Callback)
	RemindBefore time.Duration
	Now          func() time.Time
	Log          *slog.Logger
}

// Dialler makes callbacks due, and has telephones rung. It is one of several, one a machine: whoever changes a callback
// first by compare-and-swap acts, so that no telephone rings twice for one attempt. Any goroutine may use it.
type Dialler struct {
	o     DiallerOptions
	wake  chan struct{}
	calls sync.WaitGroup

	mu      sync.Mutex
	ctx     context.Context // nil before Run
	running map[string]bool // the callbacks whose attempt this process runs
}

// NewDialler makes a Dialler. Calls are placed while Run runs.
func NewDialler(o DiallerOptions) *Dialler {
	return &Dialler{o: o, wake: make(chan struct{}, 1), running: map[string]bool{}}
}

// The pace of the Dialler.
const (
	lookEvery = time.Second
	// mostDue are offered to agents at once; the others come in their order.
	mostDue = 50
	// leaseFor is how long a process may be silent before another one takes over what it was ringing.
	leaseFor = 15 * time.Second
	// pollEvery is how often FreeSWITCH is asked whether a call is over.
	pollEvery = 500 * time.Millisecond
	// untoldFor is how long a fact waits before it is published by whoever finds it.
	untoldFor = 5 * time.Second
)

// Run works until ctx ends, and then waits for what it is doing. Calls that ring or talk go on in FreeSWITCH, and another
// process takes over.
func (d *Dialler) Run(ctx context.Context) {
	d.mu.Lock()
	d.ctx = ctx
	d.mu.Unlock()
	defer d.calls.Wait()
	for {
		if d.o.Book.Known() {
			d.look(ctx)
		}
		tick := time.NewTimer(lookEvery)
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-d.wake:
			tick.Stop()
		case <-tick.C:
		}
	}
}

// look does what is to be done now, in the order in which customers are called.
func (d *Dialler) look(ctx context.Context) {
	now := d.o.Now()
	due := 0
	for _, c := range d.o.Book.sorted(func(c *Callback) bool { return !c.State.Over() || len(c.Untold) > 0 }) {
		if ctx.Err() != nil {
			return
		}
		if len(c.Untold) > 0 && now.Sub(c.Untold[0].At) > untoldFor {
			d.o.Book.publish(ctx, *c)
		}
		if !c.Word.IsZero() && now.Sub(c.At) > WordFor {
			d.change(ctx, c.ID, func(c *Callback) error { c.Word = Word{}; return nil })
		}
		switch c.State {
		case Booked:
			d.remind(ctx, *c, now)
			if now.Before(c.Until) || due >= mostDue || c.Place != nil && now.Before(c.To) && !d.turn(*c.Place) {
				continue
			}
			due++
			d.becomesDue(ctx, c.ID)
		case Due:
			due++
			if !now.Before(c.Until) {
				d.change(ctx, c.ID, func(c *Callback) error {
					if c.State != Due || d.o.Now().Before(c.Until) {
						return errNothing
					}
					c.end(event.CallbackNoAgent, d.o.Now())
					return nil
				})
			}
		case Taken, Ringing, Talking:
			d.takeOver(ctx, *c, now)
		case Unclear:
			if !now.Before(c.Until) {
				d.settle(ctx, c.ID, event.CallbackUnclear)
			}
		}
	}
}

func (d *Dialler) turn(p Place) bool {
	if d.o.Turn == nil {
		return true
	}
	turn, err := d.o.Turn(p)
	return turn || err != nil
}

func (d *Dialler) becomesDue(ctx context.Context, id string) {
	d.change(ctx, id, func(c *Callback) error {
		now := d.o.Now()
		if c.State != Booked || now.Before(c.Until) {
			return errNothing
		}
		c.tell(event.CallbackDue{Callback: c.about(), Attempt: c.attempt()}, now)
		c.offer(now)
		return nil
	})
}

func (d *Dialler) remind(ctx context.Context, c Callback, now time.Time) {
	if d.o.Remind == nil || d.o.RemindBefore <= 0 || c.Reminded || c.Place != nil || len(c.Attempts) > 0 ||
		now.Before(c.From.Add(-d.o.RemindBefore)) || !now.Before(c.From) || c.From.Sub(c.At) < 2*d.o.RemindBefore {
		return
	}
	// Noted first: a customer is reminded once or not at all.
	changed, ok := d.change(ctx, c.ID, func(c *Callback) error {
		if c.Reminded || c.State != Booked {
			return errNothing
		}
		c.Reminded = true
		return nil
	})
	if ok {
		d.calls.Go(func() { d.o.Remind(ctx, changed) })
	}
}

// errNothing says that there is nothing to change any more.
var errNothing = errors.New("nothing to do")

// change changes a callback, publishes the facts of it, and says whether it did.
func (d *Dialler) change(ctx context.Context, id string, f func(*Callback) error) (Callback, bool) {
	c, err := d.o.Book.change(ctx, id, f)
	switch {
	case err == nil:
		if len(c.Untold) > 0 {
			d.o.Book.publish(ctx, c)
		}
		return c, true
	case errors.Is(err, errNothing), errors.Is(err, ErrUnknown), ctx.Err() != nil:
	default:
		d.o.Log.Warn("a callback was not changed, and is tried again", "callback", id, "err", err)
	}
	return c, false
}

// Take gives a due callback to an agent, whose telephone begins to ring. ErrTaken: another one was faster. ErrTooLate: it is
// not due, or over.
func (d *Dialler) Take(ctx context.Context, id string, a Agent) (Callback, error) {
	c, err := d.o.Book.change(ctx, id, func(c *Callback) error {
		now := d.o.Now()
		switch {
		case c.State.Live():
			return ErrTaken
		case c.State != Due:
			return ErrTooLate
		}
		c.to(Taken, now, TakenFor)
		c.Now = &Running{
			Agent: a, AgentChannel: uuid.NewString(), Channel: uuid.NewString(), By: d.name(), Lease: now.Add(leaseFor).UTC(),
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	d.begin(c, false)
	return c, nil
}

// name is that of this process, by which a later one of the same machine knows that it is gone.
func (d *Dialler) name() string { return d.o.Node + "/" + d.o.Process }

// Say is what the agent says of a call that Countersign lost sight of: whether they talked.
func (d *Dialler) Say(ctx context.Context, id, agent string, talked bool) error {
	c, err := d.o.Book.Get(id)
	if err != nil || c.State != Unclear || c.Now == nil || c.Now.Agent.ID != agent {
		return ErrTooLate
	}
	outcome := event.CallbackUnclear
	if talked {
		outcome = event.CallbackTalked
	}
	d.settle(ctx, id, outcome)
	return nil
}

// settle ends an attempt of which it was unclear what became.
func (d *Dialler) settle(ctx context.Context, id string, outcome event.CallbackOutcome) {
	d.change(ctx, id, func(c *Callback) error {
		if c.State != Unclear {
			return errNothing
		}
		now := d.o.Now()
		c.over(outcome, now, d.o.Book.o.Windows().nextOpen(now.Add(RetryAfter)))
		return nil
	})
}

// begin runs the attempt of a callback, unless this process does already. takenOver: another process began it.
func (d *Dialler) begin(c Callback, takenOver bool) {
	d.mu.Lock()
	ctx := d.ctx
	if ctx == nil || ctx.Err() != nil || d.running[c.ID] {
		d.mu.Unlock()
		return
	}
	d.running[c.ID] = true
	d.calls.Add(1)
	d.mu.Unlock()
	go func() {
		defer d.calls.Done()
		defer func() {
			d.mu.Lock()
			delete(d.running, c.ID)
			d.mu.Unlock()
			select {
			case d.wake <- struct{}{}:
			default:
			}
		}()
		(&attempt{Dialler: d, c: c, r: *c.Now, takenOver: takenOver}).run(ctx)
	}()
}

func (d *Dialler) runs(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running[id]
}

// takeOver goes on with what a process was ringing that is gone.
func (d *Dialler) takeOver(ctx context.Context, c Callback, now time.Time) {
	if d.runs(c.ID) || c.Now == nil || now.Before(c.Now.Lease) && !d.isEarlier(c.Now.By) {
		return
	}
	taken, ok := d.change(ctx, c.ID, func(c *Callback) error {
		if !c.State.Live() || d.o.Now().Before(c.Now.Lease) && !d.isEarlier(c.Now.By) {
			return errNothing
		}
		c.Now.By, c.Now.Lease = d.name(), d.o.Now().Add(leaseFor).UTC()
		return nil
	})
	if ok {
		d.o.Log.Info("a callback of a process that is gone goes on here", "callback", c.ID, "state", string(c.State))
		d.begin(taken, true)
	}
}

// isEarlier says whether that is an earlier process of this machine.
func (d *Dialler) isEarlier(by string) bool {
	return by != d.name() && strings.HasPrefix(by, d.o.Node+"/") // a node's name has no slash
}

// keepLease renews the lease of an attempt until ctx ends. lost ends the attempt if another process has it.
func (d *Dialler) keepLease(ctx context.Context, id string, lost context.CancelFunc) {
	for retry.Pause(ctx, leaseFor/3) == nil {
		_, err := d.o.Book.change(ctx, id, func(c *Callback) error {
			if c.Now == nil || c.Now.By != d.name() {
				return errNothing
			}
			c.Now.Lease = d.o.Now().Add(leaseFor).UTC()
			return nil
		})
		if errors.Is(err, errNothing) || errors.Is(err, ErrUnknown) {
			lost()
			return
		}
	}
}
