package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/session/shared"
)

// alerted is what limits the alerts of a customer: those of the last 30 days, and whether they want any.
type alerted struct {
	Customer string `json:"customer"`
	// OptedOut is when they said that they want no alerts; zero if they did not.
	OptedOut time.Time      `json:"opted_out,omitzero"`
	Alerts   []alertedEntry `json:"alerts,omitempty"`
}

type alertedEntry struct {
	ID   string    `json:"id"`
	Line string    `json:"line"`
	At   time.Time `json:"at"`
}

// alertedKey is made of a hash, since keys may not hold every character of a customer's id.
func alertedKey(customer string) string {
	sum := sha256.Sum256([]byte(customer))
	return "alerted." + hex.EncodeToString(sum[:])
}

// OptedOut says since when a customer wants no alerts, as this machine knows it; zero if they do not mind.
func (a *Alerts) OptedOut(customer string) time.Time {
	id, _ := a.customers.id(alertedKey(customer))
	one, _ := a.customers.get(id)
	return one.OptedOut
}

// OptOut says that a customer wants no alerts, or takes that back. Those that were not sent yet never are.
func (a *Alerts) OptOut(ctx context.Context, customer string, out bool) error {
	return a.changeCustomer(ctx, customer, func(one *alerted) error {
		switch {
		case !out:
			one.OptedOut = time.Time{}
		case one.OptedOut.IsZero():
			one.OptedOut = a.o.Now().UTC()
		}
		return nil
	})
}

// customer is what the store has of a customer; with revision 0 nothing yet.
func (a *Alerts) customer(ctx context.Context, customer string) (one alerted, revision uint64, err error) {
	one.Customer = customer
	value, revision, err := a.o.Store.Get(ctx, alertedKey(customer))
	if errors.Is(err, shared.ErrNotFound) {
		return one, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(value, &one)
	}
	if err != nil {
		return one, 0, fmt.Errorf("read a customer's alerts: %w", err)
	}
	return one, revision, nil
}

// reserve counts an alert, if the customer may have one more.
func (a *Alerts) reserve(ctx context.Context, one Alert) error {
	return a.changeCustomer(ctx, one.Customer, func(c *alerted) error {
		if !c.OptedOut.IsZero() {
			return ErrOptedOut
		}
		day := 0
		for _, e := range c.Alerts {
			if one.At.Sub(e.At) < alertDay {
				day++
			}
			if e.Line != one.Line {
				continue
			}
			switch open, err := a.isOpen(ctx, e, one.At); {
			case err != nil:
				return err
			case open:
				return ErrAlertOpen
			}
		}
		if day >= MostInDay || len(c.Alerts) >= MostInMonth {
			return ErrAlertLimit
		}
		c.Alerts = append(c.Alerts, alertedEntry{one.ID, one.Line, one.At})
		return nil
	})
}

// isOpen asks the store. One that is not there is being written, or whoever wrote it is gone.
func (a *Alerts) isOpen(ctx context.Context, e alertedEntry, now time.Time) (bool, error) {
	value, _, err := a.o.Store.Get(ctx, alertKey(e.ID))
	if errors.Is(err, shared.ErrNotFound) {
		return now.Sub(e.At) < bookedWithin, nil
	}
	if err != nil {
		return false, err
	}
	one, err := decodeAlert(value)
	return err == nil && !one.State.Over(), err
}

// changeCustomer changes what limits a customer's alerts, by compare-and-swap.
func (a *Alerts) changeCustomer(ctx context.Context, customer string, f func(*alerted) error) error {
	k := alertedKey(customer)
	for range mostConflicts {
		one, revision, err := a.customer(ctx, customer)
		if err != nil {
			return err
		}
		now := a.o.Now()
		one.Alerts = slices.DeleteFunc(one.Alerts, func(e alertedEntry) bool { return now.Sub(e.At) >= alertMonth })
		if err := f(&one); err != nil {
			return err
		}
		value, err := json.Marshal(one)
		if err != nil {
			return err
		}
		keep := alertMonth
		if !one.OptedOut.IsZero() {
			keep = shared.Forever
		}
		if revision == 0 {
			revision, err = a.o.Store.Create(ctx, k, value, keep)
		} else {
			revision, err = a.o.Store.Update(ctx, k, value, revision, keep)
		}
		if errors.Is(err, shared.ErrConflict) {
			continue
		}
		if err == nil {
			id, _ := a.customers.id(k)
			a.customers.set(id, one, revision)
		}
		return err
	}
	return fmt.Errorf("alerts of a customer: %w", shared.ErrConflict)
}
