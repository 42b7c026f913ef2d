package guard

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Copy is this machine's own copy of the records, which survives a restart. Its methods are called from many
// goroutines.
type Copy interface {
	// Read returns what this machine knew last of a record; nil if nothing.
	Read(ctx context.Context, key string) (value []byte, err error)
	// Write keeps records; it returns when a crash of the process cannot lose them. A nil value forgets a record.
	Write(ctx context.Context, records map[string]Copied) error
	// All returns the records, those that the Store lacks and the newest ones first.
	All(ctx context.Context, most int) (map[string]Copied, error)
}

// Copied is a record in the Copy. Unsent says that the Store lacks some of it.
type Copied struct {
	Value  []byte
	Unsent bool
}

// noCopy is the Copy of a Guard without one, such as that of a command.
type noCopy struct{}

func (noCopy) Read(context.Context, string) ([]byte, error)        { return nil, nil }
func (noCopy) Write(context.Context, map[string]Copied) error      { return nil }
func (noCopy) All(context.Context, int) (map[string]Copied, error) { return nil, nil }

// nothing is an empty record. The Copy does not keep it.
const nothing = "{}"

// copyLocked leaves a record for flushCopy. r.mu is held.
func (r *records) copyLocked(key string, value []byte, unsent bool) {
	if string(value) == nothing && !unsent {
		value = nil
	}
	r.uncopied[key] = Copied{value, unsent}
	select {
	case r.copyDue <- struct{}{}:
	default:
	}
}

var errCopySlow = errors.New("others have waited for the disk all the time that there was")

// flushCopy writes to the Copy what has changed: Run does it for what the Store has too, a change that the Store lacks
// waits for it, for the time of two operations at most. What could not be written is tried again with the next change.
func (r *records) flushCopy(ctx context.Context) {
	late := time.NewTimer(r.timeout)
	defer late.Stop()
	select {
	case r.copying <- struct{}{}:
		defer func() { <-r.copying }()
	case <-late.C:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.copyFailedLocked(errCopySlow)
		return
	}
	r.mu.Lock()
	changed := r.uncopied
	r.uncopied = map[string]Copied{}
	r.mu.Unlock()
	if len(changed) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.timeout)
	defer cancel()
	err := r.copy.Write(ctx, changed)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.copyFails = false
		return
	}
	r.copyFailedLocked(err)
	maps.Copy(changed, r.uncopied)
	r.uncopied = changed
}

// copyFailedLocked says once that attempts do not reach the disk. r.mu is held.
func (r *records) copyFailedLocked(err error) {
	if !r.copyFails {
		r.copyFails = true
		r.log.Error("attempts not written to disk: a restart while nats is away would forget them", "err", err)
	}
}

// copied is what this machine knew last of a record, before a restart too.
func (r *records) copied(ctx context.Context, key string) []byte {
	r.mu.Lock()
	value, known := r.seen.get(key)
	waiting, changed := r.uncopied[key]
	r.mu.Unlock()
	switch {
	case known:
		return value
	case changed:
		return waiting.Value
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.timeout)
	defer cancel()
	value, err := r.copy.Read(ctx, key)
	if err != nil {
		r.log.Warn("attempts on disk not read", "err", err)
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if newer, known := r.seen.get(key); known {
		return newer
	}
	r.seen.put(key, value)
	return value
}

// known is the record that the Store should have and lacks, by what this machine knows; lost is false if it knows none.
func (r *records) known(ctx context.Context, key string) (value []byte, keep time.Duration, lost bool) {
	copied := r.copied(ctx, key)
	if len(copied) == 0 || r.restore == nil {
		return nil, 0, false
	}
	c := r.restore(key, Copied{Value: copied, Unsent: true})
	if c == nil {
		return nil, 0, false
	}
	return c(nil)
}

// putBack queues what the Store may lack: what this machine counted before it was restarted and, in half the room, what
// else it knows if the Store has lost it. What is counted later takes the place of either.
func (r *records) putBack(ctx context.Context) {
	onDisk, err := r.copy.All(ctx, maxPendingRecords)
	if err != nil {
		r.log.Warn("attempts on disk not read", "err", err)
	}
	all := make(map[string]Copied, len(onDisk))
	maps.Copy(all, onDisk)
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(all, r.uncopied)
	for key, known := range all {
		c, again := r.restore(key, known), r.putBacks[key]
		changed := r.pending[key] != nil && !again
		switch {
		case c == nil, changed && known.Unsent: // what is pending says it exactly
			continue
		case changed:
			r.pending[key] = slices.Insert(r.pending[key], 0, c)
			continue
		case known.Unsent:
			r.unsent[key] = true
		case !again && len(r.pending) >= maxPendingRecords/2:
			continue
		}
		delete(r.pending, key)
		r.queueLocked(key, c)
		if r.pending[key] != nil {
			r.putBacks[key] = true
		}
	}
}

// restore merges a record of the Copy into that of the Store.
func (g *Guard) restore(key string, known Copied) change {
	switch kind, _, _ := strings.Cut(key, "."); kind {
	case kindCustomer:
		return restored(g.records, known, g.keepCustomer, func(stored *customer, copied customer) {
			stored.merge(copied, g.rules.get(), g.self)
		})
	case kindCaller:
		return ifStoreLacks(known, restored(g.records, known, g.keepCaller, (*caller).merge))
	case kindSends:
		return ifStoreLacks(known, restored(g.records, known, g.keepSends, (*sends).merge))
	}
	return nil
}

// restored merges what the Copy knew.
func restored[T any](r *records, known Copied, keep func(T) time.Duration, merge func(stored *T, copied T)) change {
	merged := recordChange(r, keep, func(stored *T) bool { merge(stored, decodeRecord[T](r, known.Value)); return true })
	return func(value []byte) ([]byte, time.Duration, bool) {
		next, keep, _ := merged(value)
		if bytes.Equal(next, value) || len(value) == 0 && string(next) == nothing {
			return value, 0, false
		}
		return next, keep, true
	}
}

// ifStoreLacks is for records from which something is removed without a trace: if the Store has the record and lacks
// nothing, that one holds.
func ifStoreLacks(known Copied, c change) change {
	return func(value []byte) ([]byte, time.Duration, bool) {
		if len(value) > 0 && !known.Unsent {
			return value, 0, false
		}
		return c(value)
	}
}
