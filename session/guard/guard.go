// Package guard answers "has somebody tried too often": at a customer's secrets, from a caller's number, on a service line, across calls and machines. It
// holds the rules of policy.md ("Lockout", "Velocity", "OTP sends") as functions on small records, and keeps the records in a Store that machines share.
//
// It decides nothing about a call, and never keeps anybody from a person. What it keeps tells nothing to somebody who reads it: no number, customer,
// identifier or call stands there in clear.
package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// Options says what a Guard works with.
type Options struct {
	// Store is shared between machines.
	Store shared.Store
	// Key makes what is kept unreadable: 32 bytes, secret, the same on all machines and for ever. With another key everybody starts from nothing.
	Key []byte
	// Rules has the defaults of policy.md where it is zero.
	Rules Rules
	// Alarm is told of a line's alarm, on one machine, from the goroutine of Run. nil means nobody.
	Alarm func(ctx context.Context, line string, a event.Alarm)
	// Within is how long the Store may take for one operation before it counts as away: 250 ms. No method takes longer than four times that.
	Within time.Duration
	// Every is how often the lines are looked at: 5 s.
	Every time.Duration
	// Now is the clock, time.Now if nil.
	Now func() time.Time
	Log *slog.Logger
}

const keyLength = 32

// Guard is a session.Guard. Besides, it counts the codes sent to a number (MaySend), and sees that things are used once (Use).
type Guard struct {
	store  shared.Store
	keys   keyer
	rules  Rules
	now    func() time.Time
	every  time.Duration
	ledger *ledger
	lines  *watchman

	mu    sync.Mutex
	named recent[[]namedNow]
}

var _ session.Guard = (*Guard)(nil)

// New makes a Guard. It works at once; Run must run for alarms, and for the Store to be taken up again after an outage.
func New(o Options) (*Guard, error) {
	if len(o.Key) != keyLength {
		return nil, fmt.Errorf("guard: the key has %d bytes; it must have %d", len(o.Key), keyLength)
	}
	if err := o.Rules.Validate(); err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	o.Rules = o.Rules.withDefaults()
	if o.Store == nil {
		return nil, errors.New("guard: no store is given; shared.NewMemory is one")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Alarm == nil {
		o.Alarm = func(context.Context, string, event.Alarm) {}
	}
	if o.Within <= 0 {
		o.Within = opWithin
	}
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	keys := keyer{o.Key}
	return &Guard{store: o.Store, keys: keys, rules: o.Rules, now: o.Now, every: o.Every, ledger: newLedger(o.Store, o.Within, o.Log), lines: newWatchman(o, keys),
		named: newRecent[[]namedNow](namedMost)}, nil
}

// Between looks whether the Store is back.
const (
	probeFirst = 100 * time.Millisecond
	probeMost  = 2 * time.Second
)

// closingWithin bounds what is written down when Run ends.
const closingWithin = time.Second

// Run looks at the lines and takes the Store up again after an outage, until ctx ends. It leaves nothing behind.
func (g *Guard) Run(ctx context.Context) {
	tick := time.NewTicker(g.every)
	defer tick.Stop()
	probe := time.NewTimer(0)
	defer probe.Stop()
	delay, failing := retry.Backoff(probeFirst, probeMost), false
	for {
		wake := g.ledger.wake
		if failing {
			wake = nil // it is known
		}
		select {
		case <-ctx.Done():
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingWithin)
			defer cancel()
			g.close(closing)
			return
		case <-tick.C:
			g.lines.look(ctx, g.ledger.isAway())
			continue
		case <-wake:
		case <-probe.C:
		}
		if err := g.ledger.settle(ctx); err != nil {
			probe.Reset(delay.NextBackOff())
			failing = true
			continue
		}
		delay.Reset()
		failing = false
	}
}

func (g *Guard) close(ctx context.Context) {
	if g.ledger.settle(ctx) == nil {
		g.lines.writeHours(ctx, g.now(), true)
	}
}

// Customer implements session.Guard.
func (g *Guard) Customer(ctx context.Context, id string) session.Standing {
	return look[customer](context.WithoutCancel(ctx), g.ledger, g.keys.key(kindCustomer, id)).standing(g.rules, g.now())
}

// Caller implements session.Guard.
func (g *Guard) Caller(ctx context.Context, number string) session.Standing {
	return look[caller](context.WithoutCancel(ctx), g.ledger, g.keys.key(kindCaller, number)).standing(g.rules, g.now())
}

// tooManyAtOnce is the lock of an attempt that could not be counted, because others at the same customer never ceased.
const tooManyAtOnce = time.Second

// Try implements session.Guard. An attempt that cannot be counted is refused.
func (g *Guard) Try(ctx context.Context, a session.Attempt) (st session.Standing) {
	if a.Customer == "" {
		return session.Standing{}
	}
	g.attribute(a)
	now := g.now()
	if a.Caller != "" {
		c := look[caller](context.WithoutCancel(ctx), g.ledger, g.keys.key(kindCaller, a.Caller))
		if st := c.inACall(g.rules, now); st.Locked {
			return st
		}
	}
	f := failure{At: now.UTC(), ID: g.keys.callTag(a.Call) + unique()}
	done := g.editCustomer(ctx, a.Customer,
		func(c *customer) bool { st = c.try(g.rules, now, f); return !st.Locked },
		func(c *customer) bool { return c.add(g.rules, f) })
	if !done {
		return session.Standing{Locked: true, Until: now.Add(tooManyAtOnce)}
	}
	return st
}

// GiveBack implements session.Guard.
func (g *Guard) GiveBack(ctx context.Context, a session.Attempt) {
	if a.Customer == "" {
		return
	}
	tag := g.keys.callTag(a.Call)
	giveBack := func(c *customer) bool { return c.giveBack(tag) }
	g.surely(g.editCustomer(ctx, a.Customer, giveBack, giveBack), a.Customer, giveBack)
}

// Verified implements session.Guard. The identifier that led to the customer is forgotten if it was named within ten minutes, with one slip before it, and
// not the rest: who tries the numbers of others and then proves their own has still tried them. Two calls from one number at the same time may take each other's.
func (g *Guard) Verified(ctx context.Context, a session.Attempt) {
	now := g.now()
	if a.Customer != "" {
		later := func(c *customer) bool { return c.reset(now) }
		done := g.editCustomer(ctx, a.Customer, func(c *customer) bool { there := len(c.Failures) > 0; c.Failures = nil; return there }, later)
		g.surely(done, a.Customer, later)
	}
	if tags := g.identifiedBy(a); len(tags) > 0 {
		g.editCaller(ctx, a.Caller, func(c *caller) bool { return c.forget(tags) })
	}
}

// Named implements session.Guard.
func (g *Guard) Named(ctx context.Context, number, kind, value string) {
	if number == "" {
		return
	}
	n := naming{At: g.now().UTC(), Tag: g.keys.identifierTag(kind, value)}
	g.noteNamed(number, n)
	g.editCaller(ctx, number, func(c *caller) bool { c.name(g.rules, n); return true })
}

// StepFailed implements session.Guard.
func (g *Guard) StepFailed(ctx context.Context, number string) {
	if number == "" {
		return
	}
	at := g.now().UTC()
	g.editCaller(ctx, number, func(c *caller) bool { c.stepFailed(g.rules, at); return true })
}

// Ended implements session.Guard.
func (g *Guard) Ended(line string, failed bool) { g.lines.ended(line, failed) }

func (g *Guard) editCustomer(ctx context.Context, id string, live, later func(*customer) bool) (done bool) {
	return edit(context.WithoutCancel(ctx), g.ledger, g.keys.key(kindCustomer, id), g.keepCustomer, live, later)
}

// surely leaves for later what could not be done now.
func (g *Guard) surely(done bool, id string, later func(*customer) bool) {
	if !done {
		g.ledger.owe(g.keys.key(kindCustomer, id), recordChange(g.ledger, g.keepCustomer, later))
	}
}

func (g *Guard) editCaller(ctx context.Context, number string, f func(*caller) bool) {
	key := g.keys.key(kindCaller, number)
	keep := func(c caller) time.Duration { return c.keep(g.rules) }
	if !edit(context.WithoutCancel(ctx), g.ledger, key, keep, f, f) {
		g.ledger.owe(key, recordChange(g.ledger, keep, f))
	}
}

func (g *Guard) keepCustomer(c customer) time.Duration { return c.keep(g.rules) }
