package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/session"
)

// A NATS that hangs is found out once, not by each question of each call: after an operation that a call waited for in
// vain, such operations fail at once until NATS answers again.

// Between questions to a NATS that hangs, and the wait for each answer.
const (
	hangPollFirst = 50 * time.Millisecond
	hangPollMost  = time.Second
	hangWithin    = 2 * time.Second
)

// hang remembers whether NATS hangs.
type hang struct {
	mu      sync.Mutex
	hanging bool
	began   chan struct{} // receives a value when it begins
}

func newHang() *hang { return &hang{began: make(chan struct{}, 1)} }

func (h *hang) is() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hanging
}

func (h *hang) set(hanging bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hanging = hanging; !hanging {
		return
	}
	select {
	case h.began <- struct{}{}:
	default:
	}
}

// watchHang asks a NATS that hangs until it answers, and until ctx ends.
func (s *State) watchHang(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.hang.began:
		}
		if !s.hang.is() { // told of by operations that began before it answered again
			continue
		}
		s.log.Warn("nats hangs, calls go on without shared state until it answers", "server", s.endpoint.String())
		began := time.Now()
		for wait := retry.Backoff(hangPollFirst, hangPollMost); s.hang.is(); {
			if retry.Pause(ctx, wait.NextBackOff()) != nil {
				return
			}
			if s.answers(ctx) {
				s.hang.set(false)
				s.log.Info("nats answers again", "server", s.endpoint.String())
				break
			}
			s.moveOn(began)
		}
	}
}

// answers writes to every bucket that calls wait for. A refusal is an answer, too.
func (s *State) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, hangWithin)
	defer cancel()
	for _, b := range []*Bucket{s.guard, s.calls} {
		if err := b.prove(ctx); err != nil && !refused(err) {
			return false
		}
	}
	return true
}

// begin bounds an operation: by the bucket's time, by what is left of the call's, and by the life of the connection. It
// fails at once while NATS hangs or the call has no time left. end must be called.
func (b *Bucket) begin(ctx context.Context, within time.Duration) (bounded context.Context, end func(), err error) {
	s, budget := b.state, session.StateBudgetOf(ctx)
	allowed := budget.Within(within)
	switch {
	case b.spec.calls && s.hang.is():
		return nil, nil, fmt.Errorf("%s: %w: it hangs", b.spec.name, ErrAway)
	case allowed == 0:
		return nil, nil, fmt.Errorf("%s: %w: the call has waited for it long enough", b.spec.name, ErrAway)
	}
	began := time.Now()
	bounded, cancel := s.alive.within(ctx, allowed)
	return bounded, func() {
		took := time.Since(began)
		budget.Spend(took)
		inVain := took >= within*9/10 && errors.Is(bounded.Err(), context.DeadlineExceeded)
		if b.spec.calls && inVain {
			s.hang.set(true)
		}
		cancel()
	}, nil
}
