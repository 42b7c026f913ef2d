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
	// oldestWithin bounds the question to NATS how far back the stream goes.
	oldestWithin = 10 * time.Second
	// clocksApart is how far clocks of machines may be from that of NATS.
	clocksApart = time.Hour
)

// ErrNoEvents: NATS has no events to count again, and the reports are unchanged.
var ErrNoEvents = errors.New("NATS has no events")

// UnreadableError: the stream cannot be read, and the reports are unchanged.
type UnreadableError struct {
	NATS bus.Endpoint
	Err  error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("cannot read the events from %s: %v", e.NATS, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// RebuildOptions say what is counted again, and where.
type RebuildOptions struct {
	// Reports is the path of reports.db. It is created if needed, but not if there is nothing to count.
	Reports string
	NATS    bus.Endpoint
	// Journal has the calls of erased customers, or is nil.
	Journal Journal
	// Progress, if set, gets how many of how many events are counted.
	Progress func(counted, of uint64)
	Log      *slog.Logger
}

// Rebuild forgets the calls that NATS still has and counts them again; older days stay as they are. It returns how many
// events it read. The service may count along and read some of them. ErrNoEvents and *UnreadableError come before any
// change. A rebuild that is stopped later is finished by the next process that counts.
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
	reports, err := reportsdb.Open(ctx, o.Reports, reportsdb.Options{Anew: true})
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

// recount counts the stream to its end.
func recount(parent context.Context, reports *reportsdb.Reports, o RebuildOptions) (events int, err error) {
	ctx, stop := context.WithCancel(parent)
	defer stop()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	waiting.Go(func() {
		defer stop()
		_ = bus.AwaitCaughtUp(ctx, o.NATS, reports.Consumer) // fails only with ctx
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
