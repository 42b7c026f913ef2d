// Package overrides keeps the settings that people change on the screens, in place of those of the file, on the state that
// machines share. It answers "what was changed, by whom and when?", and puts nothing in force.
package overrides

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/reports/deliver"
	"countersign/session/shared"
)

// Overrides are settings in place of those of the file.
type Overrides struct {
	// SMS are the texts of messages with one-time codes, by language.
	SMS map[string]string `json:"sms,omitempty"`
	// Retention says how long data is kept.
	Retention Retention `json:"retention,omitzero"`
	// Schedules are scheduled reports beside those of the file.
	Schedules []Schedule `json:"schedules,omitempty"`
	// By changed them last, At.
	By string    `json:"by,omitempty"`
	At time.Time `json:"at,omitzero"`
	// Revision is what Put needs to replace them; 0 before the first.
	Revision uint64 `json:"-"`
}

// Retention are periods in days; 0 is that of the file.
type Retention struct {
	Journal int `json:"journal,omitempty"`
	Totals  int `json:"totals,omitempty"`
	Audit   int `json:"audit,omitempty"`
}

// Least and Most bound the periods (docs/policy.md#what-is-kept-and-for-how-long).
var (
	Least = Retention{Journal: 1, Totals: 90, Audit: 30}
	Most  = Retention{Journal: 365, Totals: 3650, Audit: 2555}
)

// Schedule is a scheduled report.
type Schedule struct {
	// Node is the machine that makes it: each machine has reports of its own.
	Node string `json:"node"`
	// By made it.
	By string `json:"by"`
	deliver.Schedule
}

// ErrConflict means that somebody else changed them first. Nothing was written.
var ErrConflict = errors.New("somebody else changed the settings meanwhile")

// Book keeps the overrides. Any goroutine may use it.
type Book struct {
	store shared.Store
	now   func() time.Time
}

// NewBook keeps overrides in store. now is the clock.
func NewBook(store shared.Store, now func() time.Time) *Book { return &Book{store: store, now: now} }

const key = "overrides"

// Get reads the overrides; there are none at first.
func (b *Book) Get(ctx context.Context) (o Overrides, err error) {
	value, revision, err := b.store.Get(ctx, key)
	if errors.Is(err, shared.ErrNotFound) {
		return Overrides{}, nil
	}
	if err == nil {
		err = json.Unmarshal(value, &o)
	}
	if err != nil {
		return Overrides{}, fmt.Errorf("read the settings that were changed on the screens: %w", err)
	}
	o.Revision = revision
	return o, nil
}

// Put replaces the overrides that have o's revision, or returns ErrConflict.
func (b *Book) Put(ctx context.Context, o Overrides) (Overrides, error) {
	o.At = b.now().UTC().Truncate(time.Second)
	value, err := json.Marshal(o)
	if err != nil {
		return Overrides{}, err
	}
	if o.Revision == 0 {
		o.Revision, err = b.store.Create(ctx, key, value, shared.Forever)
	} else {
		o.Revision, err = b.store.Update(ctx, key, value, o.Revision, shared.Forever)
	}
	switch {
	case errors.Is(err, shared.ErrConflict), errors.Is(err, shared.ErrNotFound):
		return Overrides{}, ErrConflict
	case err != nil:
		return Overrides{}, fmt.Errorf("keep settings: %w", err)
	}
	return o, nil
}
