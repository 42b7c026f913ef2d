package journal

import (
	"sync"
	"time"
)

// remindAfter is how often the log repeats that the journal cannot be written.
const remindAfter = time.Minute

// outage is a time in which the journal cannot be written. The zero value is none.
type outage struct {
	mu       sync.Mutex
	err      error
	reminded time.Time
	full     bool // the spill is full, and the log has it
}

// fails notes a failed write, and returns whether the log should say so now.
func (o *outage) fails(err error) (tell bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	if tell = time.Since(o.reminded) >= remindAfter; tell {
		o.reminded = time.Now()
	}
	return tell
}

// ends notes a write, and returns whether one had failed before.
func (o *outage) ends() (failed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	failed = o.err != nil
	o.err, o.reminded, o.full = nil, time.Time{}, false
	return failed
}

// cause is why the journal cannot be written, nil if it can.
func (o *outage) cause() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// noRoom notes that the spill is full, and returns whether that is new.
func (o *outage) noRoom() (first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first, o.full = !o.full, true
	return first
}

// Status is the state of a journal's writes.
type Status struct {
	// Waiting counts the events that are not in the journal yet, InSpill those of them that are in the spill. The rest
	// is in memory, and lost if the process ends now.
	Waiting, InSpill int
	// Err is why the journal cannot be written; nil if it can.
	Err error
	// Full: Sync fails, because the spill has no room either.
	Full bool
}

// Status returns the state of the writes. Any goroutine may call it.
func (j *Journal) Status() (s Status) {
	s.Waiting, s.InSpill = j.queue.count()
	j.outage.mu.Lock()
	defer j.outage.mu.Unlock()
	s.Err, s.Full = j.outage.err, j.outage.full
	return s
}
