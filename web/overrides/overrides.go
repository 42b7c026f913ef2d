// Package overrides keeps the settings that people change on the screens, in place of those of the file, on the state that
// machines share. It answers "what was changed, by whom and when?", and puts nothing in force.
package overrides

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	// Author made it.
	Author string `json:"author"`
	deliver.Schedule
}

// InForce are the settings in force that change on the screens.
type InForce struct {
	Overrides
	// Node is this machine; KeepsReports: it makes scheduled reports, and Mails: it has a mail server for them.
	Node                string
	KeepsReports, Mails bool
	// Texts are those of messages with one-time codes, by language; FiledTexts are those of the file, or ours.
	Texts, FiledTexts map[string]string
	// Periods are how long data is kept, FiledPeriods what the file says.
	Periods, FiledPeriods Retention
}

// Made is the schedule of that name that this machine makes and that was made on the screens.
func (i InForce) Made(name string) (s Schedule, ok bool) {
	for _, s := range i.Schedules {
		if s.Node == i.Node && s.Name == name {
			return s, true
		}
	}
	return Schedule{}, false
}

// With is a change: this machine makes that schedule, in place of one of its name.
func (i InForce) With(s Schedule) func(*Overrides) {
	return func(o *Overrides) {
		i.Without(s.Name)(o)
		o.Schedules = append(o.Schedules, s)
	}
}

// Without is a change: this machine does not make that schedule any more.
func (i InForce) Without(name string) func(*Overrides) {
	return func(o *Overrides) {
		o.Schedules = slices.DeleteFunc(slices.Clone(o.Schedules), func(s Schedule) bool { return s.Node == i.Node && s.Name == name })
	}
}

// Longer are the longer of both periods each, with totals kept at least as long as persons.
func (r Retention) Longer(other Retention) Retention {
	r = Retention{max(r.Journal, other.Journal), max(r.Totals, other.Totals), max(r.Audit, other.Audit)}
	r.Totals = max(r.Totals, r.Journal)
	return r
}

// Detail says in the audit log how long data is kept.
func (r Retention) Detail() string {
	return fmt.Sprintf("retention in days, 0 as in the file: journal %d, totals %d, audit %d", r.Journal, r.Totals, r.Audit)
}

// Settings are those that change on the screens, without the file and without a restart.
type Settings interface {
	Now(ctx context.Context) (InForce, error)
	// Change changes them in the name of actor, and puts them in force; what is for the audit log. ErrConflict: they have
	// not that revision any more. An *InvalidError says what is wrong; then nothing is changed.
	Change(ctx context.Context, actor, what string, revision uint64, change func(*Overrides)) error
}

// InvalidError says what is wrong with settings.
type InvalidError struct{ Text string }

func (e *InvalidError) Error() string { return e.Text }

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
