package callback

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"countersign/session/event"
	"countersign/session/shared"
)

// AlertOptions are what Alerts need.
type AlertOptions struct {
	Store shared.Store
	// Callbacks take what becomes a callback, Windows are those in force: nothing is sent out of their hours.
	Callbacks *Book
	Windows   func() Windows
	// Find finds a customer and their language.
	Find func(ctx context.Context, id string) (language string, found bool, err error)
	// Deliver sends an alert to its customer. ErrNoWay: that will never work. Any other error is tried again.
	Deliver func(ctx context.Context, a Alert) error
	// Publish publishes a fact, and returns when NATS has it. Source is the node's.
	Publish func(ctx context.Context, e event.Event) error
	Source  string
	Now     func() time.Time
	Log     *slog.Logger
}

// Alerts hold all alerts, for all machines together, and which customers want none. Any goroutine may use them.
type Alerts struct {
	o         AlertOptions
	all       *mirror[Alert]
	customers *mirror[alerted]
}

// NewAlerts makes Alerts. They are empty until they follow the bucket (bus.Bucket.Follow).
func NewAlerts(o AlertOptions) *Alerts {
	return &Alerts{o: o, all: newMirror[Alert]("alert"), customers: newMirror[alerted]("alerted")}
}

func alertKey(id string) string { return "alert." + id }

// Begin implements bus.Follower.
func (a *Alerts) Begin() { a.all.begin(); a.customers.begin() }

// Changed implements bus.Follower.
func (a *Alerts) Changed(k string, value []byte, revision uint64) {
	if id, ok := a.all.id(k); ok {
		take(a, a.all, id, value, revision)
	}
	if id, ok := a.customers.id(k); ok {
		take(a, a.customers, id, value, revision)
	}
}

func take[T any](a *Alerts, m *mirror[T], id string, value []byte, revision uint64) {
	if value == nil {
		m.remove(id)
		return
	}
	var v T
	if err := json.Unmarshal(value, &v); err != nil {
		a.o.Log.Error("a record of alerts in nats is damaged and left out", "record", id, "err", err)
		return
	}
	m.set(id, v, revision)
}

// CaughtUp implements bus.Follower.
func (a *Alerts) CaughtUp() { a.all.finish(); a.customers.finish() }

// Known says whether all alerts were read.
func (a *Alerts) Known() bool { return a.all.known() }

// Select returns the alerts that pass, in the order in which they were ordered.
func (a *Alerts) Select(pass func(*Alert) bool) (found []Alert) {
	for _, one := range a.sorted(pass) {
		found = append(found, *one)
	}
	return found
}

// sorted is Select for those who change nothing.
func (a *Alerts) sorted(pass func(*Alert) bool) []*Alert {
	found := a.all.selected(pass)
	slices.SortFunc(found, func(a, b *Alert) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return found
}

// Get returns an alert as this machine knows it.
func (a *Alerts) Get(id string) (Alert, error) {
	one, ok := a.all.get(id)
	if !ok {
		return Alert{}, ErrNoAlert
	}
	return one, nil
}

// Of returns a customer's alerts, in order.
func (a *Alerts) Of(customer string) []Alert {
	return a.Select(func(a *Alert) bool { return a.Customer == customer })
}

// change changes an alert by compare-and-swap, and publishes its facts. f may be called several times.
func (a *Alerts) change(ctx context.Context, id string, f func(*Alert) error) (Alert, error) {
	changed, err := a.swap(ctx, id, f)
	if err == nil && len(changed.Untold) > 0 {
		a.publish(ctx, changed)
	}
	return changed, err
}

func (a *Alerts) swap(ctx context.Context, id string, f func(*Alert) error) (one Alert, err error) {
	for range mostConflicts {
		value, revision, err := a.o.Store.Get(ctx, alertKey(id))
		if errors.Is(err, shared.ErrNotFound) {
			return one, ErrNoAlert
		}
		if err != nil {
			return one, err
		}
		if one, err = decodeAlert(value); err != nil {
			return one, err
		}
		if err := f(&one); err != nil {
			return one, err
		}
		if value, err = json.Marshal(one); err != nil {
			return one, err
		}
		keep := shared.Forever
		if one.State.Over() {
			keep = alertMonth
		}
		next, err := a.o.Store.Update(ctx, alertKey(id), value, revision, keep)
		if errors.Is(err, shared.ErrConflict) {
			continue
		}
		if err == nil {
			a.all.set(id, one, next)
		}
		return one, err
	}
	return one, fmt.Errorf("alert %s: %w", id, shared.ErrConflict)
}

// publish publishes what was not told of an alert yet, in order, and notes it.
func (a *Alerts) publish(ctx context.Context, one Alert) {
	if err := one.facts.publish(ctx, "alert-"+one.ID, one.Line, a.o.Source, a.o.Publish); err != nil {
		a.o.Log.Warn("a fact about an alert is published later", "alert", one.ID, "err", err)
		return
	}
	_, err := a.swap(ctx, one.ID, func(now *Alert) error { now.published(one.Told); return nil })
	if err != nil && ctx.Err() == nil {
		a.o.Log.Warn("a fact about an alert is published again", "alert", one.ID, "err", err)
	}
}
