package retention

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"countersign/store/journal"
)

// Serve runs now and then every hour, until ctx ends.
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
			log.Warn("expired calls kept for now", "err", err)
		case err != nil:
			log.Error("expired data not removed", "err", err)
		}
		if !r.None() {
			log.Info("removed expired data", "calls", r.Calls, "events", r.Events, "report_calls", r.Reports,
				"audit_entries", r.Audit)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
