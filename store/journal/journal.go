// Package journal keeps the events of every call in journal.db, together with the outbox of those still to be
// published, and ends interrupted calls. It answers "what happened on that call". How events travel is for package
// bus to know.
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

var schema = sqlite.Schema{Application: 0x43536a6f /* CSjo */, Synchronous: "NORMAL", Name: "journal",
	Anew: "to begin anew without the calls in it", Files: migrations}

// Why Append refuses events.
var (
	// ErrFull: the disk has been too slow for so long that no more events fit in memory.
	ErrFull = errors.New("the journal is full")
	// ErrClosed: the service is stopping.
	ErrClosed = errors.New("the journal is closed")
)

// How events are written (docs/policy.md#sqlite), how long they may wait for that, and how often a failing write is
// retried.
const (
	groupSize     = 100
	groupInterval = 20 * time.Millisecond
	patience      = 100 * time.Millisecond
	spillGroup    = 1000
	defaultQueue  = 100_000
	firstRetry    = 50 * time.Millisecond
	lastRetry     = 2 * time.Second
)

// Options configure a Journal. The zero value has defaults.
type Options struct {
	// Queue is how many events may wait for the disk. Default: 100,000.
	Queue int
	// Spill is the room in bytes that is reserved beside the journal for events that it cannot take in time. 0 reserves
	// none: Open then only writes what an earlier process left there to the journal, and fails if it cannot. Otherwise
	// Open waits up to 15 s for another process that does so.
	Spill int64
	// Log gets failures and recoveries of the disk, and events that can never be written. Default: no log.
	Log *slog.Logger

	interval   time.Duration // tests: default groupInterval
	patience   time.Duration // tests: default patience
	firstRetry time.Duration // tests: default firstRetry
	spillWait  time.Duration // tests: default spillWait
}

// Reader reads the journal without changing it. It is safe for use by several goroutines.
type Reader struct{ db *sqlite.DB }

// OpenReadOnly opens a journal as sqlite.OpenReadOnly does. The caller closes it.
func OpenReadOnly(ctx context.Context, path string) (*Reader, error) {
	db, err := sqlite.OpenReadOnly(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	return &Reader{db: db}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.db.Close() }

// Journal keeps the events of calls in a file, each also in the outbox of the same file until it is published. One
// goroutine writes: up to 100 events that arrive within 20 ms share a transaction. Another one puts events that wait
// longer than 100 ms into the spill. Its methods are safe for use by several goroutines. DESIGN.md tells what survives
// what.
type Journal struct {
	Reader
	log        *slog.Logger
	queue      *queue
	firstRetry time.Duration
	wake       chan struct{}
	outage     outage

	spilling sync.Mutex // held while events go into the spill or are settled
	spill    *spill     // nil without one

	abandon    context.CancelFunc // stops retries
	written    chan struct{}      // closed when the writer has ended
	keeping    chan struct{}      // closed when the keeper has ended
	unwritable int                // events that could never be written; owned by the writer until written is closed
	close      sync.Once
	closeErr   error
}

var _ session.Journal = (*Journal)(nil)

// Open opens or creates a journal and starts its writer, which Close stops. An *sqlite.OpenError tells the operator
// what is wrong. Events that an earlier process left in the spill are written first.
func Open(ctx context.Context, path string, o Options) (*Journal, error) {
	db, err := sqlite.Open(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	j := &Journal{
		Reader: Reader{db: db}, log: o.Log, queue: newQueue(o.Queue, o.interval, o.patience), firstRetry: o.firstRetry,
		wake: make(chan struct{}, 1), written: make(chan struct{}), keeping: make(chan struct{}),
	}
	if err := j.takeSpill(ctx, o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	retrying, abandon := context.WithCancel(context.Background())
	j.abandon = abandon
	go j.run(retrying)
	go j.keepLate()
	if o.Spill > 0 {
		return j, nil
	}
	replaying, cancel := context.WithTimeout(ctx, replayTimeout)
	defer cancel()
	if err := j.awaitWritten(replaying); err != nil {
		return nil, errors.Join(fmt.Errorf("write the events in %s to the journal: %w", SpillPath(db.Path), err),
			j.Close(replaying))
	}
	if err := j.releaseSpill(); err != nil {
		return nil, errors.Join(err, j.Close(replaying))
	}
	return j, nil
}

const (
	// replayTimeout bounds the wait for the events of the spill, for those who do not add any.
	replayTimeout = 10 * time.Second
	// spillWait bounds the wait for such a process, which may need 5 s more to give up; spillPoll is between two looks.
	spillWait = replayTimeout + 5*time.Second
	spillPoll = 20 * time.Millisecond
)

func (o Options) withDefaults() Options {
	if o.Queue <= 0 {
		o.Queue = defaultQueue
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.interval <= 0 {
		o.interval = groupInterval
	}
	if o.patience <= 0 {
		o.patience = patience
	}
	if o.firstRetry <= 0 {
		o.firstRetry = firstRetry
	}
	if o.spillWait <= 0 {
		o.spillWait = spillWait
	}
	return o
}

// Append implements session.Journal: it accepts all of the events or, with ErrFull or ErrClosed, none, and never
// waits. An event with a known id is ignored later, when it is written.
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

// Sync implements session.Journal: it has what was appended before written at once and returns when it is in the
// journal or in the spill, where it survives a crash of this process (not a power cut: docs/policy.md#sqlite). It does
// not wait for events that can never be written. If the journal cannot be written and the spill is full, it returns an
// *UnkeptError; otherwise it waits until ctx ends.
func (j *Journal) Sync(ctx context.Context) error { return j.await(ctx, j.queue.flush(false)) }

// awaitWritten is Sync for readers of the journal: the spill is not enough.
func (j *Journal) awaitWritten(ctx context.Context) error { return j.await(ctx, j.queue.flush(true)) }

func (j *Journal) await(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), j.outage.cause())
	case <-j.keeping:
	}
	select {
	case err := <-done:
		return err
	default:
		return ErrClosed
	}
}

// Close refuses new events, writes those it has and closes the file. If ctx ends before that, Close gives up, up to 5
// s later when another process has locked the file; events that are neither in the journal nor in the spill make it
// return a *LostError. A second Close returns the same error.
func (j *Journal) Close(ctx context.Context) error {
	j.close.Do(func() {
		j.queue.close()
		select {
		case <-j.written:
		case <-ctx.Done():
		}
		j.abandon()
		<-j.written
		<-j.keeping
		j.closeErr = errors.Join(j.leaveSpill(), j.db.Close())
	})
	return j.closeErr
}

// LostError counts events that Append accepted and that were never written.
type LostError struct{ Events int }

func (e *LostError) Error() string {
	return fmt.Sprintf("%d events were not written to the journal and are lost", e.Events)
}

// Writes counts the transactions of journal.db.
func (j *Journal) Writes() sqlite.Writes { return j.db.Writes() }

// Wake receives a value after each commit: there may be events to publish. Only one goroutine should wait for it.
func (j *Journal) Wake() <-chan struct{} { return j.wake }

// Call reads the events of a call in order; none if the call is unknown.
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

// Newest returns the time of the last event written; the zero time if there is none.
func (j *Reader) Newest(ctx context.Context) (time.Time, error) {
	return j.db.Newest(ctx, `SELECT time FROM events ORDER BY rowid DESC LIMIT 1`)
}
