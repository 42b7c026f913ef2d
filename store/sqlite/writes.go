package sqlite

import (
	"errors"
	"sync/atomic"
	"time"
)

// Writes counts the transactions of a file's writer since it was opened.
type Writes struct {
	// Done were committed, Busy gave up because another process wrote, Failed for another reason.
	Done, Busy, Failed uint64
	// Took is the time of all of them, with the wait for the writer.
	Took time.Duration
}

type writes struct {
	done, busy, failed atomic.Uint64
	took               atomic.Int64
}

func (w *writes) note(began time.Time, err error) {
	w.took.Add(int64(time.Since(began)))
	switch {
	case err == nil:
		w.done.Add(1)
	case errors.Is(Busy(err), ErrBusy):
		w.busy.Add(1)
	default:
		w.failed.Add(1)
	}
}

// Writes returns the counts so far. Any goroutine may call it.
func (db *DB) Writes() Writes {
	return Writes{
		Done: db.writes.done.Load(), Busy: db.writes.busy.Load(), Failed: db.writes.failed.Load(),
		Took: time.Duration(db.writes.took.Load()),
	}
}
