package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"countersign/reports"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
	"countersign/store/audit"
)

// Options are what the scheduled reports need.
type Options struct {
	Settings Settings // checked
	Reports  *reportsdb.Reports
	// Counted returns once everything that happened before due is counted, or an error.
	Counted func(ctx context.Context, due time.Time) error
	// Audit adds an entry about what was delivered, in the name of Actor.
	Audit func(ctx context.Context, e audit.Entry) error
	Actor string
	Log   *slog.Logger
}

// Run makes the scheduled reports until ctx ends.
func Run(ctx context.Context, o Options) {
	if len(o.Settings.Schedules) == 0 {
		return
	}
	all, err := o.Settings.Due()
	if err != nil {
		o.Log.Error("scheduled reports not started", "err", err)
		return
	}
	schedule.Run(ctx, schedule.Options{Schedules: all, Store: o.Reports.Schedules(), Log: o.Log, Job: Job(o)})
}

// Job makes a report once everything that happened before its due time is counted. If the next one is due soon it makes
// it anyway, and the report says so.
func Job(o Options) func(context.Context, schedule.Attempt) (sent []string, err error) {
	reader := reports.NewReader(o.Reports.DB(), time.Now)
	return func(ctx context.Context, a schedule.Attempt) ([]string, error) {
		s, _ := o.Settings.Find(a.Name)
		missing := o.Counted(ctx, a.Due)
		if missing != nil && (!a.Last || ctx.Err() != nil) {
			return a.Done, fmt.Errorf("calls would be missing: %w", missing)
		}
		if missing != nil {
			o.Log.Warn("scheduled report made although calls may be missing, the next one is due soon",
				"schedule", a.Name, "due", a.Due, "err", missing)
		}
		done, err := Deliver(ctx, reader, o.Settings.Mail, s, Order{
			Due: a.Due, ID: fmt.Sprint(a.Due.Unix()), Sent: a.Done, Incomplete: missing != nil,
		})
		o.audit(ctx, a.Name, done)
		return done.Sent, err
	}
}

func (o Options) audit(ctx context.Context, name string, done Delivery) {
	e, ok := done.Entry(o.Actor)
	if !ok {
		return
	}
	if err := o.Audit(ctx, e); err != nil {
		o.Log.Error("scheduled report not in the audit log", "schedule", name, "err", err)
	}
}
