package retention

import (
	"context"
	"errors"
	"time"

	"countersign/reports/reportsdb"
	"countersign/store/audit"
	"countersign/store/journal"
)

// DryRun returns what there is to remove, whatever the clock. It changes nothing: it reads the journal j, which is nil
// if this machine has none, instead of o.Journal, and opens the other databases for reading.
func DryRun(ctx context.Context, j *journal.Reader, o Options) (Removed, error) {
	o = o.withDefaults()
	return o.count(ctx, o.Now(), j)
}

// count continues after an error: each store is independent of the others.
func (o Options) count(ctx context.Context, now time.Time, j *journal.Reader) (r Removed, err error) {
	r.DryRun = true
	var errs []error
	if j != nil {
		r.Pruned, err = j.Prunable(ctx, now.Add(-o.Keep.Journal))
		errs = append(errs, err)
	}
	if exists(o.Reports) {
		r.Reports, err = o.countReports(ctx, now)
		errs = append(errs, err)
	}
	r.Audit, err = o.countAudit(ctx, now)
	return r, errors.Join(append(errs, err)...)
}

func (o Options) countReports(ctx context.Context, now time.Time) (calls int, err error) {
	reports, err := reportsdb.OpenReadOnly(ctx, o.Reports)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reports.Close()) }()
	return reports.Expired(ctx, now.Add(-o.Keep.Journal), now.Add(-o.Keep.Totals))
}

func (o Options) countAudit(ctx context.Context, now time.Time) (entries int64, err error) {
	log, err := audit.OpenReadOnly(ctx, o.Audit)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return log.Trimmable(ctx, now.Add(-o.Keep.Audit))
}
