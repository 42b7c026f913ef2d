// Package guard counts attempts and locks: at a customer's secrets, from a caller's number, on a service line, across
// calls and machines. It applies the rules of docs/policy.md#lockout, docs/policy.md#velocity and
// docs/policy.md#otp-sends to small records, and keeps the records in a Store that all machines share.
//
// It does not decide what happens to a call, and never keeps a caller from an agent. Its records hold no number,
// customer, identifier or call in clear.
package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// Options configure a Guard.
type Options struct {
	// Store is shared between machines.
	Store shared.Store
	// Copy keeps what this machine knows across a restart, for when Store is unavailable then. Default: nothing does.
	Copy Copy
	// Key hides what is stored: 32 secret bytes, the same on all machines. A new key starts all counts from zero.
	Key []byte
	// Rules has the defaults of docs/policy.md where it is zero.
	Rules Rules
	// Alarm receives a line's alarm, on one machine only, in the goroutine of Run. nil drops alarms.
	Alarm func(ctx context.Context, line string, a event.Alarm)
	// Within is how long one Store operation may take before the Store counts as unavailable; default 250 ms. No
	// method takes longer than four times that.
	Within time.Duration
	// Every is how often the lines are checked for alarms; default 5 s.
	Every time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
	Log *slog.Logger
}

const keyLength = 32

// Guard is a session.Guard. It also limits the codes sent to a number (MaySend) and makes things single-use (Use).
type Guard struct {
	store     shared.Store
	keys      keyer
	rules     *rulesInForce
	now       func() time.Time
	every     time.Duration
	self      string // this process, in the ids of its attempts
	records   *records
	lines     *lineMonitor
	anonymous *anonymous

	mu          sync.Mutex
	identifiers cache[[]recentIdentifier] // by the key of the caller's record
	taken       cache[[]string]           // ids of attempts that nothing ended yet, by takenKey
	sent        cache[time.Time]          // when the last code was sent, by the key of the number's record
}

var _ session.Guard = (*Guard)(nil)

// New makes a Guard that works at once. Alarms, and recovery after a Store outage, need Run.
func New(o Options) (*Guard, error) {
	if len(o.Key) != keyLength {
		return nil, fmt.Errorf("guard: the key has %d bytes; it must have %d", len(o.Key), keyLength)
	}
	if err := o.Rules.Validate(); err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	o.Rules = o.Rules.withDefaults()
	if o.Store == nil {
		return nil, errors.New("guard: no store; shared.NewMemory is one")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Alarm == nil {
		o.Alarm = func(context.Context, string, event.Alarm) {}
	}
	if o.Within <= 0 {
		o.Within = defaultTimeout
	}
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Copy == nil {
		o.Copy = noCopy{}
	}
	keys, rules := keyer{o.Key}, newRulesInForce(o.Rules)
	g := &Guard{
		store: o.Store, keys: keys, rules: rules, now: o.Now, every: o.Every,
		records: newRecords(o.Store, o.Copy, o.Within, o.Log), lines: newLineMonitor(o, keys, rules),
		anonymous:   newAnonymous(rules, o.Now),
		identifiers: newCache[[]recentIdentifier](maxNumbers), taken: newCache[[]string](maxTaken),
		sent: newCache[time.Time](maxNumbers), self: unique(),
	}
	g.records.restore = g.restore
	return g, nil
}

// Away says that the Store is unavailable: attempts count on this machine only.
func (g *Guard) Away() bool { return g.records.isAway() }

// Pauses between probes of an unavailable Store.
const (
	firstProbe = 100 * time.Millisecond
	maxProbe   = 2 * time.Second
)

// closingTimeout bounds the last write when Run ends.
const closingTimeout = time.Second

// Run checks the lines for alarms and replays pending changes after a Store outage, until ctx ends. It leaves no
// goroutine behind.
func (g *Guard) Run(ctx context.Context) {
	tick := time.NewTicker(g.every)
	defer tick.Stop()
	probe := time.NewTimer(0)
	defer probe.Stop()
	g.records.putBack(ctx)
	delay, failing := retry.Backoff(firstProbe, maxProbe), false
	for {
		wake := g.records.wake
		if failing {
			wake = nil // the probe timer runs already
		}
		select {
		case <-ctx.Done():
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTimeout)
			defer cancel()
			g.close(closing)
			return
		case <-tick.C:
			g.lines.check(ctx, g.records.isAway())
			if !g.records.isAway() {
				g.anonymous.exchange(ctx, g.lines)
			}
			continue
		case <-g.records.copyDue:
			g.records.flushCopy(ctx)
			continue
		case <-wake:
		case <-probe.C:
		}
		if err := g.records.replayPending(ctx); err != nil {
			probe.Reset(delay.NextBackOff())
			failing = true
			continue
		}
		delay.Reset()
		failing = false
	}
}

func (g *Guard) close(ctx context.Context) {
	defer g.records.flushCopy(ctx)
	if g.records.replayPending(ctx) == nil {
		g.lines.writeHours(ctx, g.now(), true)
	}
}

// Customer implements session.Guard.
func (g *Guard) Customer(ctx context.Context, id string) session.Standing {
	key := g.keys.key(kindCustomer, id)
	return readRecord[customer](context.WithoutCancel(ctx), g.records, key).standing(g.rules.get(), g.now())
}

// Caller implements session.Guard.
func (g *Guard) Caller(ctx context.Context, number string) session.Standing {
	return g.caller(ctx, number).standing(g.rules.get().of(number), g.now())
}

func (g *Guard) caller(ctx context.Context, number string) caller {
	return readRecord[caller](context.WithoutCancel(ctx), g.records, g.keys.key(kindCaller, number))
}

// contentionLock is the lock of an attempt that could not be counted because others kept writing the same record.
const contentionLock = time.Second

// Try implements session.Guard. An attempt that cannot be counted is refused.
func (g *Guard) Try(ctx context.Context, a session.Attempt) (st session.Standing) {
	now := g.now()
	if a.Caller != "" {
		if st := g.caller(ctx, a.Caller).standingInCall(g.rules.get().of(a.Caller), now); st.Locked {
			return st
		}
	}
	f := failure{At: now.UTC(), ID: g.self + unique(), Open: true, By: a.Method, Suggested: a.Suggested}
	if a.Anonymous && !g.anonymous.take(ctx, a.Line, a.Call) {
		return g.anonymous.used(a.Line)
	}
	defer func() {
		if st.Locked {
			g.anonymous.end(a.Call, false)
		}
	}()
	if a.Customer == "" {
		return session.Standing{}
	}
	here := f
	here.Open = false // the copy has its end, too, before a restart
	done := g.editCustomer(ctx, a.Customer, customerEdit{
		apply:  func(c *customer) bool { st = c.try(g.rules.get(), now, f); return !st.Locked },
		here:   func(c *customer) bool { st = c.try(g.rules.get(), now, here); return !st.Locked },
		replay: func(c *customer) bool { return c.add(g.rules.get(), f) },
	})
	if !done {
		return session.Standing{Locked: true, Until: now.Add(contentionLock)}
	}
	if !st.Locked {
		g.take(a, f.ID)
	}
	return st
}

// GiveBack implements session.Guard.
func (g *Guard) GiveBack(ctx context.Context, a session.Attempt) {
	g.anonymous.end(a.Call, false)
	if a.Customer == "" {
		return
	}
	id := g.ended(a)
	if id == "" {
		return
	}
	giveBack := func(c *customer) bool { return c.giveBack(id) }
	g.changeCustomer(ctx, a.Customer, customerEdit{
		apply:  giveBack,
		here:   func(c *customer) bool { c.giveBackHere(g.rules.get(), id); return true },
		replay: giveBack,
	})
}

// Right implements session.Guard.
func (g *Guard) Right(ctx context.Context, a session.Attempt) {
	if a.Customer == "" {
		return
	}
	g.anonymous.end(a.Call, false)
	id, now := g.ended(a), g.now()
	g.changeCustomer(ctx, a.Customer, customerEdit{
		apply: func(c *customer) bool {
			back := c.giveBack(id)
			return c.forget(a.Method, c.latest(now)) || back
		},
		here: func(c *customer) bool {
			c.giveBackHere(g.rules.get(), id)
			c.forget(a.Method, c.latest(now))
			return true
		},
		replay: func(c *customer) bool {
			back := c.giveBack(id)
			return c.forget(a.Method, now) || back
		},
	})
}

// Wrong implements session.Guard. The attempt counts already, so no call waits for it to be written.
func (g *Guard) Wrong(ctx context.Context, a session.Attempt) {
	g.anonymous.end(a.Call, true)
	id := g.ended(a)
	if id == "" {
		return
	}
	end := func(c *customer) bool { return c.end(id) }
	if g.records.isAway() {
		here := func(c *customer) bool { c.end(id); return true }
		g.changeCustomer(ctx, a.Customer, customerEdit{end, here, end})
		return
	}
	g.queueCustomer(a.Customer, end)
}

// Anonymous implements session.Guard.
func (g *Guard) Anonymous(_ context.Context, line string) session.Standing {
	return g.anonymous.standing(line)
}

// Unknown implements session.Guard.
func (g *Guard) Unknown(ctx context.Context, a session.Attempt) session.Standing {
	if !a.Anonymous {
		return session.Standing{}
	}
	if !g.anonymous.take(ctx, a.Line, a.Call) {
		return g.anonymous.used(a.Line)
	}
	g.anonymous.end(a.Call, true)
	return session.Standing{}
}

// Verified implements session.Guard. It removes the identifier that led to the customer, if the caller gave it within
// ten minutes, and one typing error before it. Others stay: a caller who tries the numbers of others and then proves
// their own has still tried them.
func (g *Guard) Verified(ctx context.Context, a session.Attempt) {
	if a.Customer != "" {
		g.anonymous.verified(a.Line, g.keys.key(kindCustomer, a.Customer))
	}
	tags, now := last(g.takeIdentifiers(a), 2), g.now()
	if notes := a.Anonymous && isNumber(a.Caller); notes || len(tags) > 0 {
		g.editCaller(ctx, a.Caller, func(c *caller) bool {
			removed := len(tags) > 0 && c.removeIdentifiers(tags)
			return notes && c.verified(now) || removed
		})
	}
}

// isNumber says that it is no withheld or forged number, which proves nothing about who calls from it.
func isNumber(caller string) bool { return strings.HasPrefix(caller, "+") }

// NotGuessed implements session.Guard. It takes back the identifier that led to the customer, alone. What another call
// gave stays, or a caller could guess on one call and take it back on the next.
func (g *Guard) NotGuessed(ctx context.Context, a session.Attempt) {
	if tags := last(g.takeIdentifiers(a), 1); len(tags) > 0 {
		g.editCaller(ctx, a.Caller, func(c *caller) bool { return c.notGuessed(tags[0]) })
	}
}

// Named implements session.Guard.
func (g *Guard) Named(ctx context.Context, a session.Attempt, kind, value string) {
	if a.Caller == "" {
		return
	}
	i := identifier{At: g.now().UTC(), Tag: g.keys.identifierTag(kind, value)}
	if again := g.rememberIdentifier(a, i); again {
		return
	}
	rules := g.rules.get().of(a.Caller)
	g.editCaller(ctx, a.Caller, func(c *caller) bool { c.addIdentifier(rules, i); return true })
}

// StepFailed implements session.Guard.
func (g *Guard) StepFailed(ctx context.Context, number string) {
	if number == "" {
		return
	}
	at, rules := g.now().UTC(), g.rules.get().of(number)
	g.editCaller(ctx, number, func(c *caller) bool { c.stepFailed(rules, at); return true })
}

// Ended implements session.Guard.
func (g *Guard) Ended(line string, failed bool) { g.lines.ended(line, failed) }

// customerEdit is an edit whose change of this machine's copy, while the Store is away, is here in place of apply.
type customerEdit struct{ apply, here, replay func(*customer) bool }

func (g *Guard) editCustomer(ctx context.Context, id string, e customerEdit) (done bool) {
	change := func(f func(*customer) bool) change { return recordChange(g.records, g.keepCustomer, f) }
	key := g.keys.key(kindCustomer, id)
	return g.records.writeOr(context.WithoutCancel(ctx), key, change(e.apply), change(e.here), change(e.replay))
}

// changeCustomer makes a change, soon at the latest: if others' writes keep it out, Run replays it.
func (g *Guard) changeCustomer(ctx context.Context, id string, e customerEdit) {
	if !g.editCustomer(ctx, id, e) {
		g.queueCustomer(id, e.replay)
	}
}

// queueCustomer leaves a change that others' writes kept out for Run to replay.
func (g *Guard) queueCustomer(id string, replay func(*customer) bool) {
	g.records.queue(g.keys.key(kindCustomer, id), recordChange(g.records, g.keepCustomer, replay))
}

func (g *Guard) editCaller(ctx context.Context, number string, f func(*caller) bool) {
	key := g.keys.key(kindCaller, number)
	if !edit(context.WithoutCancel(ctx), g.records, key, g.keepCaller, f, f) {
		g.records.queue(key, recordChange(g.records, g.keepCaller, f))
	}
}

func (g *Guard) keepCustomer(c customer) time.Duration { return c.keep(g.rules.get()) }
func (g *Guard) keepCaller(c caller) time.Duration     { return c.keep(g.rules.get()) }
