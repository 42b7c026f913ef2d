package journal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"countersign/internal/datafile"
	"countersign/internal/retry"
	"countersign/store/sqlite"
)

// UnkeptError says that events are in memory only, and would be lost with this process: the journal cannot be written,
// and the spill is full, or there is none.
type UnkeptError struct{ Cause error }

func (e *UnkeptError) Error() string {
	return fmt.Sprintf("the journal cannot be written, and there is no room in its spill: %v", e.Cause)
}

func (e *UnkeptError) Unwrap() error { return e.Cause }

// takeSpill opens the spill and puts what it holds into the queue.
func (j *Journal) takeSpill(ctx context.Context, o Options) error {
	path := SpillPath(j.db.Path)
	s, found, err := j.awaitSpill(ctx, path, o)
	if err != nil {
		return err
	}
	j.spill = s
	if found.torn {
		j.log.Warn("the end of the spill cannot be read, as after a crash", "file", path)
	}
	if found.unreadable > 0 {
		j.log.Error("events of the spill cannot be read and are lost", "file", path, "events", found.unreadable)
	}
	if len(found.entries) == 0 {
		if s != nil && s.used > 0 {
			return s.empty()
		}
		return nil
	}
	j.log.Info("events in the spill are written to the journal", "file", path, "events", len(found.entries))
	j.queue.restore(found.entries)
	return nil
}

// awaitSpill opens the spill. Without room of its own it leaves the spill to the process that has it; otherwise it
// waits until that process, a command, has written what is there to the journal.
func (j *Journal) awaitSpill(ctx context.Context, path string, o Options) (s *spill, found spilled, err error) {
	for deadline, told := time.Now().Add(o.spillWait), false; ; told = true {
		s, found, err := openSpill(path, o.Spill)
		switch {
		case err == nil:
			return s, found, nil
		case !errors.Is(err, datafile.ErrInUse):
			return nil, spilled{}, sqlite.AccessError(path, err)
		case o.Spill == 0:
			return nil, spilled{}, nil
		case time.Now().After(deadline):
			return nil, spilled{}, fmt.Errorf("the spill of the journal, %s, is in use by another Countersign: "+
				"wait until that command ends, or end it, and start again", path)
		}
		if !told {
			j.log.Info("another Countersign uses the spill of the journal, waiting for it", "file", path)
		}
		if err := retry.Pause(ctx, spillPoll); err != nil {
			return nil, spilled{}, err
		}
	}
}

// releaseSpill gives the spill to a service, once the journal has all that was in it.
func (j *Journal) releaseSpill() error {
	j.spilling.Lock()
	defer j.spilling.Unlock()
	if j.spill == nil {
		return nil
	}
	err := errors.Join(j.spill.emptyStale(), j.spill.close())
	j.spill = nil
	return err
}

// keepLate puts events that the journal does not take in time into the spill, until the writer ends.
func (j *Journal) keepLate() {
	defer close(j.keeping)
	for {
		var again <-chan time.Time
		if wait := j.keep(); wait > 0 {
			again = time.After(wait)
		}
		select {
		case <-j.queue.waits:
		case <-again:
		case <-j.written:
			j.keepAll()
			return
		}
	}
}

// keep puts events that are late into the spill. It returns when to look again; 0: when there are new events.
func (j *Journal) keep() (again time.Duration) {
	j.spilling.Lock()
	defer j.spilling.Unlock()
	for {
		entries, wait := j.queue.late(spillGroup)
		if len(entries) == 0 {
			return wait
		}
		if err := j.putIntoSpill(entries); err != nil {
			j.cannotKeep(err)
			return j.queue.patience
		}
	}
}

// cannotKeep tells those who wait that there is no room in the spill, if the journal does not take their events either.
func (j *Journal) cannotKeep(err error) {
	cause := j.outage.cause()
	if cause == nil {
		return
	}
	if j.outage.noRoom() {
		_, inSpill := j.queue.count()
		j.log.Error("the spill of the journal is full, calls go on unverified", "events", inSpill, "err", err)
	}
	j.queue.refuse(&UnkeptError{Cause: cause})
}

var errSpillFull = errors.New("no room in the spill")

// putIntoSpill keeps all of the entries or, with an error, the first ones.
func (j *Journal) putIntoSpill(entries []entry) error {
	if j.spill == nil {
		return errSpillFull
	}
	n, err := j.spill.put(entries)
	j.queue.keep(n)
	if err == nil && n < len(entries) {
		err = errSpillFull
	}
	return err
}

// keepAll puts what the writer has left into the spill.
func (j *Journal) keepAll() {
	j.spilling.Lock()
	defer j.spilling.Unlock()
	waiting, inSpill := j.queue.count()
	if waiting > inSpill {
		_ = j.putIntoSpill(j.queue.snapshot()[inSpill:])
	}
}

// settle notes that the writer is done with the n oldest entries, and empties the spill when the journal has all of it.
func (j *Journal) settle(n int) {
	j.spilling.Lock()
	defer j.spilling.Unlock()
	done := j.queue.settle(n)
	if j.spill == nil || !done && !j.spill.stale {
		return
	}
	again := j.spill.stale
	if err := j.spill.empty(); err != nil && !again {
		j.log.Error("the spill of the journal cannot be emptied, tried again with the next events",
			"file", SpillPath(j.db.Path), "err", err)
	}
}

// leaveSpill closes the spill, and counts what is lost.
func (j *Journal) leaveSpill() (err error) {
	waiting, inSpill := j.queue.count()
	if inSpill > 0 {
		j.log.Warn("events are not in the journal yet, they follow at the next start",
			"events", inSpill, "file", filepath.Base(SpillPath(j.db.Path)))
	}
	if lost := waiting - inSpill + j.unwritable; lost > 0 {
		err = &LostError{Events: lost}
	}
	if j.spill != nil {
		err = errors.Join(err, j.spill.emptyStale(), j.spill.close())
	}
	return err
}
