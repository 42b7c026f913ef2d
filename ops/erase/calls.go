package erase

import (
	"context"
	"errors"
	"time"

	"countersign/bus"
	"countersign/internal/plural"
	"countersign/reports/reportsdb"
	"countersign/store/journal"
)

// relayWithin bounds the wait for the service to publish the outbox, and to count what it has read from NATS.
const relayWithin = 10 * time.Second

// openJournal returns nil if there is no journal.
func (e *eraser) openJournal(ctx context.Context) (*journal.Journal, error) {
	if !exists(e.Files.Journal) {
		return nil, nil
	}
	return journal.Open(ctx, e.Files.Journal, journal.Options{})
}

func closeJournal(ctx context.Context, j *journal.Journal) error {
	if j == nil {
		return nil
	}
	return j.Close(context.WithoutCancel(ctx))
}

// fromJournal anonymises the customer's calls, and returns their ids.
func (e *eraser) fromJournal(ctx context.Context, j *journal.Journal) (calls []string, err error) {
	if j == nil {
		return nil, nil
	}
	found, err := j.Erase(ctx, e.customer)
	if err != nil {
		return nil, err
	}
	e.receipt.Journal = Journal{Calls: len(found.Calls), Events: found.Events}
	if found.Running > 0 && e.serving {
		e.remains("%s of the customer is running and will name them again: repeat the command when it is over",
			plural.Of(found.Running, "call"))
	}
	if found.Unpublished > 0 && e.serving { // events the relay has already read name the customer
		ctx, cancel := context.WithTimeout(ctx, relayWithin)
		defer cancel()
		if err := j.AwaitPublished(ctx, found.Unpublished); err != nil {
			e.remains("events of the customer may be on their way to NATS: repeat the command when NATS has them")
		}
	}
	return found.Calls, nil
}

// fromReports first counts everything that the journal has of the calls. They are complete then and still count, and
// any of their events that the service still holds is a duplicate. It cannot wait for those: NATS treats deleted events
// as acknowledged.
func (e *eraser) fromReports(ctx context.Context, calls []string) error {
	return e.withReports(ctx, func(r *reportsdb.Reports) (err error) {
		if len(calls) > 0 {
			if err := e.Count(ctx, r, calls); err != nil {
				return err
			}
		}
		e.receipt.Reports.Calls, err = r.Erase(ctx, e.customer)
		return err
	})
}

// awaitReports waits until the reports have counted everything already read from NATS, calls on other machines
// included.
func (e *eraser) awaitReports(ctx context.Context, state *bus.State) error {
	return e.withReports(ctx, func(r *reportsdb.Reports) error {
		consumer, err := r.Consumer(ctx)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, relayWithin)
		defer cancel()
		return state.AwaitConsumer(ctx, consumer)
	})
}

// withReports runs f on the reports, if they exist.
func (e *eraser) withReports(ctx context.Context, f func(*reportsdb.Reports) error) error {
	if !exists(e.Files.Reports) {
		return nil
	}
	r, err := reportsdb.Open(ctx, e.Files.Reports, reportsdb.Options{})
	if err != nil {
		return err
	}
	return errors.Join(f(r), r.Close())
}
