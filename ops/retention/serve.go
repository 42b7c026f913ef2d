package retention

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"countersign/store/journal"
)

// Serve runs now and every hour, until ctx ends.
func Serve(ctx context.Context, o Options, log *slog.Logger) {
	o = o.withDefaults()
	again := time.NewTicker(o.Every)
	defer again.Stop()
	for {
		r, err := Run(ctx, o)
		var waiting *journal.BacklogError
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &waiting):
			log.Warn("old calls are kept for now", "err", err)
		case err != nil:
			log.Error("what was kept long enough could not be removed", "err", err)
		}
		if !r.None() {
			log.Info("removed what was kept long enough", "calls", r.Calls, "events", r.Events, "report_calls", r.Reports,
				"audit_entries", r.Audit)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
