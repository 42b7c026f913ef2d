package webhook

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// health is how a webhook does. It holds new events back while the system seems to be away, so that they wait in the
// stream and not in the shared state, and logs a line when things get bad and one when they are good again.
type health struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	changed chan struct{} // closed at each change
	failing map[string]bool
	inARow  int
	// probe is when the next event is let through although the system seems to be away, wait the pause after that.
	probe time.Time
	wait  time.Duration
	// unwell: that it fails was logged. gaveUp: that it gave up was.
	unwell, gaveUp bool
}

func newHealth(log *slog.Logger, now func() time.Time) *health {
	return &health{log: log, now: now, changed: make(chan struct{}), failing: map[string]bool{}}
}

func (h *health) changes() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

func (h *health) tell() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told()
}

func (h *health) told() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *health) away() bool { return h.inARow >= holdAfter && len(h.failing) >= holdCalls }

// pass waits while the system seems to be away and it is not time to see. It returns false if ctx ends.
func (h *health) pass(ctx context.Context) bool {
	for ctx.Err() == nil {
		h.mu.Lock()
		wait, changed := h.probe.Sub(h.now()), h.changed
		if !h.away() || wait <= 0 {
			h.wait = min(holdMost, 2*h.wait)
			h.probe = h.now().Add(h.wait)
			h.mu.Unlock()
			return true
		}
		h.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(wait):
		}
	}
	return false
}

// failed notes a failed attempt.
func (h *health) failed(call string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.away()
	h.inARow++
	h.failing[call] = true
	if h.away() && !before {
		h.wait = holdFirst
		h.probe = h.now().Add(h.wait)
	}
	if !h.unwell {
		h.unwell = true
		h.log.Warn("webhook fails, its events wait and are tried again", "err", err)
	}
	h.told()
}

// resumed notes that a call was failing before.
func (h *health) resumed(call string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing[call], h.unwell = true, true
}

// succeeded notes a delivery. back: the system seemed to be away before.
func (h *health) succeeded() (back bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	back = h.away()
	h.inARow = 0
	h.told()
	return back
}

// settled notes that nothing of a call fails any more: it is delivered, or a dead letter.
func (h *health) settled(call string, dead bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.failing, call)
	if dead && !h.gaveUp {
		h.gaveUp = true
		h.log.Error("webhook could not be delivered to for days, events are given up: "+
			"countersign webhooks failed shows them, retry tries them again", "call", call)
	}
	if len(h.failing) == 0 && h.unwell {
		h.unwell = false
		if !dead {
			h.gaveUp = false
			h.log.Info("webhook is delivered to again")
		}
	}
	h.told()
}
