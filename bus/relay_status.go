package bus

import (
	"fmt"
	"sync"
	"time"
)

// RelayStatus is the state of a relay, for doctor and metrics.
type RelayStatus struct {
	// Connected says that NATS is taking our events.
	Connected bool
	// LastError is the last error, kept after NATS is back; empty if there was none.
	LastError string
	// Published counts the events that NATS stored since the relay was made; LastPublish is when it stored the last.
	Published   int64
	LastPublish time.Time
	// Refused counts the events that NATS will never accept. They stay in the journal only; each was logged as an error.
	Refused int64
}

// statusBoard is a RelayStatus that one goroutine writes and others read.
type statusBoard struct {
	mu sync.Mutex
	s  RelayStatus
	// last is LastError; inOutbox says that an operation of the outbox has not ended.
	last     error
	inOutbox bool
}

func (b *statusBoard) read() RelayStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.s
}

func (b *statusBoard) change(f func(*RelayStatus)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.s)
}

func (b *statusBoard) up() { b.change(func(s *RelayStatus) { s.Connected = true }) }

func (b *statusBoard) down(err error) {
	b.change(func(s *RelayStatus) {
		s.Connected = false
		if err != nil {
			s.LastError, b.last = err.Error(), err
		}
	})
}

// usesOutbox notes an operation of the outbox until end.
func (b *statusBoard) usesOutbox() (end func()) {
	set := func(in bool) { b.change(func(*RelayStatus) { b.inOutbox = in }) }
	set(true)
	return func() { set(false) }
}

// why is why no event is stored now; nil if nothing is known.
func (b *statusBoard) why() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.inOutbox:
		return fmt.Errorf("%w: it does not answer in time", ErrOutbox)
	case b.s.Connected:
		return nil
	case b.last == nil:
		return ErrAway // not connected yet
	}
	return b.last
}

func (b *statusBoard) published(n int) {
	b.change(func(s *RelayStatus) { s.Published += int64(n); s.LastPublish = time.Now() })
}

func (b *statusBoard) refused() { b.change(func(s *RelayStatus) { s.Refused++ }) }
