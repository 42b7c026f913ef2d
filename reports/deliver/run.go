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
	Settings Settings // which were checked
	Reports  *reportsdb.Reports
	// Counted returns when everything is counted that happened before due, or says why it is not.
	Counted func(ctx context.Context, due time.Time) error
	// Audit keeps an entry about what went where, in the name of Actor.
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
		o.Log.Error("no scheduled reports are made", "err", err)
		return
	}
	schedule.Run(ctx, schedule.Options{Schedules: all, Store: o.Reports.Schedules(), Log: o.Log, Job: Job(o)})
}

// Job makes one of the reports when everything is counted that happened before it was due. Before the next one is due
// it makes it even so, and the report says it.
func Job(o Options) func(context.Context, schedule.Attempt) (sent []string, err error) {
	reader := reports.NewReader(o.Reports.DB(), time.Now)
	return func(ctx context.Context, a schedule.Attempt) ([]string, error) {
		s, _ := o.Settings.Find(a.Name)
		missing := o.Counted(ctx, a.Due)
		if missing != nil && (!a.Last || ctx.Err() != nil) {
			return a.Done, fmt.Errorf("calls would be missing: %w", missing)
		}
		if missing != nil {
			o.Log.Warn("a scheduled report is made although calls may be missing, because the next one is due soon",
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
		o.Log.Error("the audit log does not tell of a scheduled report", "schedule", name, "err", err)
	}
}
