package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"countersign/bus"
	"countersign/reports/reportsdb"
	"countersign/store/journal"
)

const (
	// oldestWithin is how long NATS may take to say how far the stream goes back.
	oldestWithin = 10 * time.Second
	// clocksApart is how far the clocks of machines may differ from that of NATS.
	clocksApart = time.Hour
)

// ErrNoEvents says that NATS has no events to count again: the reports stay as they are.
var ErrNoEvents = errors.New("NATS has no events")

// UnreadableError says that the stream cannot be read: the reports stay as they are.
type UnreadableError struct {
	NATS bus.Endpoint
	Err  error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("the events cannot be read from %s: %v", e.NATS, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// RebuildOptions say what is counted again, and where.
type RebuildOptions struct {
	// Reports is the path of reports.db. It is made if need be, but not when there is nothing to count.
	Reports string
	NATS    bus.Endpoint
	// Journal has the calls of erased customers; nil where there is none.
	Journal Journal
	// Progress, if set, is told how many events of how many are counted.
	Progress func(counted, of uint64)
	Log      *slog.Logger
}

// Rebuild forgets the calls that NATS still has and counts them again; older days stay as they are. It says how many
// events it read. The service may count along: then it reads some of them. It fails with ErrNoEvents or an
// *UnreadableError before it changes anything. When it is stopped later, whoever counts next finishes it.
func Rebuild(ctx context.Context, o RebuildOptions) (events int, err error) {
	asking, cancel := context.WithTimeout(ctx, oldestWithin)
	defer cancel()
	oldest, err := bus.Oldest(asking, o.NATS)
	switch {
	case err != nil:
		return 0, &UnreadableError{NATS: o.NATS, Err: err}
	case oldest.IsZero():
		return 0, ErrNoEvents
	}
	reports, err := reportsdb.Open(ctx, o.Reports, reportsdb.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reports.Close()) }()
	if err := reports.Reset(ctx, oldest.Add(clocksApart)); err != nil {
		return 0, err
	}
	if o.Journal != nil {
		if err := FromJournal(ctx, o.Journal, reports, journal.ExportOptions{Erased: true}); err != nil {
			return 0, err
		}
	}
	return recount(ctx, reports, o)
}

// recount counts what is in the stream, and ends when there is no more.
func recount(parent context.Context, reports *reportsdb.Reports, o RebuildOptions) (events int, err error) {
	ctx, stop := context.WithCancel(parent)
	defer stop()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	waiting.Go(func() {
		defer stop()
		_ = bus.AwaitCaughtUp(ctx, o.NATS, reports.Consumer) // fails with ctx alone
	})
	var total uint64
	err = Run(ctx, Options{Reports: reports, NATS: o.NATS, Log: o.Log, Progress: func(left uint64) {
		total = max(total, left)
		if o.Progress != nil {
			o.Progress(total-left, total)
		}
	}})
	stop()
	if err != nil {
		return 0, err
	}
	if err := context.Cause(parent); err != nil {
		return 0, fmt.Errorf("stopped before all events were counted: %w", err)
	}
	return int(total), nil
}
