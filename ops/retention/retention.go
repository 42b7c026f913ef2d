// Package retention answers "what has been kept long enough": it removes calls from the journal, anonymises and removes
// them in the reports, and trims the audit log. It removes nothing while the clock may be wrong. In NATS it removes
// events; what else is there has times of its own.
package retention

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"countersign/internal/plural"
	"countersign/reports/reportsdb"
	"countersign/store/attempts"
	"countersign/store/audit"
	"countersign/store/journal"
)

// Options say what data there is, and how long to keep it.
type Options struct {
	// Journal is the open journal; nil if this machine has none.
	Journal *journal.Journal
	// Events are those in NATS; nil leaves them.
	Events Events
	// Attempts is the open copy of attempts and locks; nil if this machine has none.
	Attempts *attempts.Attempts
	// Reports and Audit are databases, Clock is the file that remembers this machine's clock. If Reports is missing there
	// is nothing to remove; the others are created.
	Reports, Audit, Clock string
	Keep                  Periods
	// Actor is the author in the audit log.
	Actor string
	// Trusted says that the clock is right, whatever is remembered.
	Trusted bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Every is how often Serve runs. Default: an hour.
	Every time.Duration
}

// Events removes events of NATS, which would believe any clock.
type Events interface {
	RemoveEvents(ctx context.Context, before time.Time) (removed int, err error)
}

// attemptsKept is longer than any setting of how long wrong answers count (guard.forget).
const attemptsKept = 400 * 24 * time.Hour

// Periods are how long data is kept.
type Periods struct {
	// Journal is for calls with who called, Totals for anonymised calls and sums in the reports.
	Journal, Totals, Audit time.Duration
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Every <= 0 {
		o.Every = time.Hour
	}
	return o
}

// Removed counts what a run removed, or would remove.
type Removed struct {
	journal.Pruned
	// Reports are calls in the reports that were anonymised or removed.
	Reports int   `json:"report_calls"`
	Audit   int64 `json:"audit_entries"`
	DryRun  bool  `json:"dry_run"`
}

// None says that there was nothing to remove.
func (r Removed) None() bool { return r.Pruned == journal.Pruned{} && r.Reports == 0 && r.Audit == 0 }

// String is for the audit log and for people.
func (r Removed) String() string {
	return fmt.Sprintf("journal: %s with %s; reports: %s; audit log: %s",
		plural.Of(r.Calls, "call"), plural.Of(r.Events, "event"),
		plural.Of(r.Reports, "call"), plural.Of(int(r.Audit), "entry"))
}

// Run removes what has been kept long enough, and adds an entry to the audit log. If the clock may be wrong and there
// is something to remove, it removes nothing and returns a *ClockError. Removed has what was removed before an error; a
// *journal.BacklogError says that the journal must wait for NATS.
func Run(ctx context.Context, o Options) (Removed, error) {
	o = o.withDefaults()
	now := o.Now()
	c, err := o.checkClock(ctx, now)
	if err != nil {
		return Removed{}, err
	}
	if c.Doubted.IsZero() {
		return o.remove(ctx, now)
	}
	if would, err := o.count(ctx, now, o.reader()); err != nil || would.None() {
		return Removed{}, err
	}
	return Removed{}, &ClockError{Now: now, Believed: c.Believed, Until: c.Doubted.Add(clockWait)}
}

// reader is the open journal.
func (o Options) reader() *journal.Reader {
	if o.Journal == nil {
		return nil
	}
	return &o.Journal.Reader
}

// remove continues after an error: each store is independent of the others.
func (o Options) remove(ctx context.Context, now time.Time) (r Removed, err error) {
	var errs []error
	if o.Journal != nil {
		r.Pruned, err = o.Journal.Prune(ctx, now.Add(-o.Keep.Journal))
		errs = append(errs, err)
	}
	if o.Events != nil {
		_, err = o.Events.RemoveEvents(ctx, now.Add(-o.Keep.Journal))
		errs = append(errs, err)
	}
	if o.Attempts != nil {
		errs = append(errs, o.Attempts.Prune(ctx, now.Add(-attemptsKept)))
	}
	if exists(o.Reports) {
		r.Reports, err = o.removeReports(ctx, now)
		errs = append(errs, err)
	}
	log, err := audit.Open(ctx, o.Audit, audit.Options{Now: o.Now})
	if err != nil {
		return r, errors.Join(append(errs, err)...)
	}
	r.Audit, err = log.Trim(ctx, now.Add(-o.Keep.Audit), o.Actor)
	errs = append(errs, err)
	if !r.None() {
		entry := audit.Entry{Actor: o.Actor, Action: audit.Retention, Object: "data", Detail: r.String()}
		_, err = log.Append(context.WithoutCancel(ctx), entry)
		errs = append(errs, err)
	}
	return r, errors.Join(append(errs, log.Close())...)
}

func (o Options) removeReports(ctx context.Context, now time.Time) (calls int, err error) {
	reports, err := reportsdb.Open(ctx, o.Reports, reportsdb.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reports.Close()) }()
	return reports.Retain(ctx, now.Add(-o.Keep.Journal), now.Add(-o.Keep.Totals))
}

// exists keeps a run from creating a database that it only reads.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
