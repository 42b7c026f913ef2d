package feed

import (
	"context"
	"fmt"
	"time"

	"countersign/bus"
	"countersign/reports/reportsdb"
)

// Outbox is a journal whose events go to NATS.
type Outbox interface {
	// Sync returns once everything journalled is in the file.
	Sync(ctx context.Context) error
	// Backlog returns how many events NATS does not have, and when the oldest of them happened.
	Backlog(ctx context.Context) (events int, oldest time.Time, err error)
}

// Awaited waits until everything is counted: events go from the journal to NATS, and from there to the reports.
type Awaited struct {
	Reports *reportsdb.Reports
	NATS    bus.Endpoint
	Outbox  Outbox // nil where no calls are taken
	// Within bounds the wait; 0 is two minutes.
	Within time.Duration
}

const (
	// countedWithin leaves a scheduled report time to be made.
	countedWithin = 2 * time.Minute
	// outboxLook is how often the journal is polled.
	outboxLook = 100 * time.Millisecond
)

// Until returns once everything that happened before due is counted, as far as this machine knows: other machines may
// hold events while they have no NATS.
func (a Awaited) Until(ctx context.Context, due time.Time) error {
	within := a.Within
	if within <= 0 {
		within = countedWithin
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within,
		fmt.Errorf("not within %s; countersign doctor checks NATS", within))
	defer cancel()
	if a.Outbox != nil {
		if err := awaitPublished(ctx, a.Outbox, due); err != nil {
			return err
		}
	}
	return bus.AwaitCaughtUp(ctx, a.NATS, a.Reports.Consumer)
}

// awaitPublished returns once NATS has all events that happened before due.
func awaitPublished(ctx context.Context, outbox Outbox, due time.Time) error {
	if err := outbox.Sync(ctx); err != nil {
		return err
	}
	again := time.NewTicker(outboxLook)
	defer again.Stop()
	for {
		waiting, oldest, err := outbox.Backlog(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("NATS does not have all events of this machine: %w", context.Cause(ctx))
		case err != nil || waiting == 0 || !oldest.Before(due):
			return err
		}
		select {
		case <-ctx.Done():
		case <-again.C:
		}
	}
}
