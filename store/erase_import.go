package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"countersign/session/event"
)

// Erased says whether a customer was erased after a time. Whoever came back since then as a new customer is not who called before. nil says it of nobody.
type Erased func(customer string, at time.Time) bool

// Erased tells who was erased until now.
func (d *Directory) Erased(ctx context.Context) (Erased, error) {
	type tombstone struct {
		alias string
		at    int64
	}
	all, err := collect(ctx, d.db, func(r row) (t tombstone, err error) { return t, r.Scan(&t.alias, &t.at) }, `SELECT alias, at FROM erased`)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	erased := map[string]int64{}
	for _, t := range all {
		erased[t.alias] = t.at
	}
	return func(customer string, at time.Time) bool {
		gone, found := erased[d.Alias(customer)]
		return found && at.UnixMilli() <= gone
	}, nil
}

// In says whether an event names somebody who was erased after it.
func (e Erased) In(body []byte, at time.Time) (customer string, erased bool) {
	var named struct {
		Data struct {
			Customer string `json:"customer"`
		} `json:"data"`
	}
	if e == nil || json.Unmarshal(body, &named) != nil || named.Data.Customer == "" {
		return "", false
	}
	return named.Data.Customer, e(named.Data.Customer, at)
}

// eraseImported takes an erased customer out of the call of an event that was just imported, whichever of its events came first.
func eraseImported(ctx context.Context, tx *sql.Tx, gone Erased, n entry, calls map[string]bool) error {
	customer, erased := gone.In([]byte(n.body), time.UnixMilli(n.time))
	if !erased && n.fact == string(event.FactCallStarted) {
		customer = ErasedCustomer
		err := tx.QueryRowContext(ctx, `SELECT true FROM events WHERE call = ? AND json ->> '$.data.customer' = ? LIMIT 1`, n.call, customer).Scan(&erased)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if !erased {
		return nil
	}
	calls[n.call] = true
	return eraseCall(ctx, tx, n.call, customer, &ErasedCalls{})
}
