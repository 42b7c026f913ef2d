package bus_test

import (
	"context"
	"sync"
	"time"

	"countersign/bus"
	"countersign/store/journal"
)

var _ bus.Outbox = (*journal.Journal)(nil)

// outbox is an Outbox in memory.
type outbox struct {
	mu      sync.Mutex
	entries []bus.Entry // N = index + 1
	marked  int64
	handed  int64 // the highest N that Pending has returned
	wake    chan struct{}
	// onPublished, if set, is called before entries are marked; its error prevents that.
	onPublished func(upTo int64) error
}

func newOutbox(entries ...bus.Entry) *outbox {
	o := &outbox{wake: make(chan struct{}, 1)}
	o.add(entries...)
	return o
}

func (o *outbox) add(entries ...bus.Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range entries {
		e.N = int64(len(o.entries) + 1)
		if e.Time.IsZero() {
			e.Time = time.Now()
		}
		o.entries = append(o.entries, e)
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) Pending(_ context.Context, after int64, limit int) ([]bus.Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	from := int(max(after, o.marked))
	to := min(from+limit, len(o.entries))
	o.handed = max(o.handed, int64(to))
	return append([]bus.Entry(nil), o.entries[from:to]...), nil
}

func (o *outbox) handedOut() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.handed
}

func (o *outbox) Published(_ context.Context, upTo int64) error {
	o.mu.Lock()
	hook := o.onPublished
	o.mu.Unlock()
	if hook != nil {
		if err := hook(upTo); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.marked = max(o.marked, upTo)
	return nil
}

func (o *outbox) Wake() <-chan struct{} { return o.wake }

func (o *outbox) before(hook func(upTo int64) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.onPublished = hook
}

func (o *outbox) published() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.marked
}

func (o *outbox) ids() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	ids := make([]string, len(o.entries))
	for i, e := range o.entries {
		ids[i] = e.ID
	}
	return ids
}
