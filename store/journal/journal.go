// Package journal keeps the events of every call in journal.db, together with the outbox of those still to be published, and
// interrupted calls. It answers "what happened on that call". How events travel is the business of package bus.
package journal

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/store/sqlite"
)

//go:embed migrations
var migrations embed.FS

var schema = sqlite.Schema{Application: 0x43536a6f /* CSjo */, Synchronous: "NORMAL", Name: "journal", Files: migrations}

// Why Append does not take an event.
var (
	// ErrFull says that the disk has not kept up for so long that no more events fit in memory.
	ErrFull = errors.New("the journal is full")
	// ErrClosed says that the service is stopping.
	ErrClosed = errors.New("the journal is closed")
)

// How events are written (policy.md, "SQLite"), and how often a failing disk is tried again.
const (
	groupSize     = 100
	groupInterval = 20 * time.Millisecond
	defaultQueue  = 100_000
	firstRetry    = 50 * time.Millisecond
	lastRetry     = 2 * time.Second
)

// Options are what a Journal needs. The zero value will do.
type Options struct {
	// Queue is how many events may wait for the disk; default 100,000.
	Queue int
	// Log hears when the disk fails and when it is well again, and of events that can never be written. Default: nothing is logged.
	Log *slog.Logger

	interval   time.Duration // tests: default groupInterval
	firstRetry time.Duration // tests: default firstRetry
}

// Reader reads the journal. It changes nothing. It is safe for use by several goroutines.
type Reader struct{ db *sqlite.DB }

// OpenReadOnly opens a journal to read in it, as sqlite.OpenReadOnly does. Close it.
func OpenReadOnly(ctx context.Context, path string) (*Reader, error) {
	db, err := sqlite.OpenReadOnly(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	return &Reader{db: db}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.db.Close() }

// Journal keeps the events of calls in a file, and each in the outbox of the same file until it is published. One goroutine writes: events that
// come within 20 ms share a transaction, up to 100 of them. Its methods are safe for use by several goroutines.
type Journal struct {
	Reader
	log        *slog.Logger
	queue      *queue
	firstRetry time.Duration
	wake       chan struct{}

	abandon    context.CancelFunc // ends retrying
	written    chan struct{}      // closed when the writer has ended
	unwritable int                // how many events could never be written; the writer's until written is closed
	close      sync.Once
	closeErr   error
}

var _ session.Journal = (*Journal)(nil)

// Open opens or creates a journal and starts its writer, which Close stops. An *OpenError tells a person what is wrong.
func Open(ctx context.Context, path string, o Options) (*Journal, error) {
	db, err := sqlite.Open(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	if o.Queue <= 0 {
		o.Queue = defaultQueue
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.interval <= 0 {
		o.interval = groupInterval
	}
	if o.firstRetry <= 0 {
		o.firstRetry = firstRetry
	}
	j := &Journal{
		Reader: Reader{db: db}, log: o.Log, queue: newQueue(o.Queue, o.interval), firstRetry: o.firstRetry, wake: make(chan struct{}, 1), written: make(chan struct{}),
	}
	retrying, abandon := context.WithCancel(context.Background())
	j.abandon = abandon
	go j.run(retrying)
	return j, nil
}

// Append implements session.Journal: it takes all of the events or none, and never waits. ErrJournalFull and ErrJournalClosed say why not. An
// event whose id is known already is ignored later, when it is written.
func (j *Journal) Append(events ...event.Event) error {
	entries := make([]entry, len(events))
	for i, e := range events {
		var err error
		if entries[i], err = newEntry(e); err != nil {
			return fmt.Errorf("append event %s: %w", e.ID, err)
		}
	}
	return j.queue.put(entries)
}

// Sync implements session.Journal: it has what was appended before written at once and returns when it is in the file, where it outlives a crash
// of this process (not a power cut: policy.md, "SQLite"). An event that can never be written is logged and not waited for. While the disk fails,
// Sync waits for the context's end.
func (j *Journal) Sync(ctx context.Context) error {
	settled := j.queue.flush()
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-j.written:
	}
	select {
	case <-settled:
		return nil
	default:
		return ErrClosed
	}
}

// Close takes no more events, writes those it has and closes the file. When ctx ends before they are written, or up to 5 s later if another
// process has locked the file, it gives up; the error is then a *LostError. Closing twice is harmless and gives the same answer.
func (j *Journal) Close(ctx context.Context) error {
	j.close.Do(func() {
		j.queue.close()
		select {
		case <-j.written:
		case <-ctx.Done():
		}
		j.abandon()
		<-j.written
		if lost := j.queue.waiting() + j.unwritable; lost > 0 {
			j.closeErr = &LostError{Events: lost}
		}
		j.closeErr = errors.Join(j.closeErr, j.db.Close())
	})
	return j.closeErr
}

// LostError says how many events were taken and never written.
type LostError struct{ Events int }

func (e *LostError) Error() string {
	return fmt.Sprintf("%d events were not written to the journal and are lost", e.Events)
}

// Wake has a token after each commit: there may be something to publish. Only one goroutine should wait for it.
func (j *Journal) Wake() <-chan struct{} { return j.wake }

// Call reads the events of a call, in their order; none if the call is not known.
func (j *Reader) Call(ctx context.Context, id string) ([]event.Event, error) {
	return sqlite.Collect(ctx, j.db, scanEvent, `SELECT json FROM events WHERE call = ? ORDER BY seq`, id)
}

func scanEvent(r sqlite.Row) (e event.Event, err error) {
	var body []byte
	if err := r.Scan(&body); err != nil {
		return e, err
	}
	err = e.UnmarshalJSON(body)
	return e, err
}

// Newest is the time of the event that was written last; the zero time if there is none.
func (j *Reader) Newest(ctx context.Context) (time.Time, error) {
	return j.db.Newest(ctx, `SELECT time FROM events ORDER BY rowid DESC LIMIT 1`)
}
