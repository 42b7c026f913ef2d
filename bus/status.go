package bus

import (
	"sync"
	"time"
)

// RelayStatus is how a relay is doing, for doctor and the board.
type RelayStatus struct {
	// Connected says that NATS takes our events at the moment.
	Connected bool
	// LastError is why it last did not, in a sentence; empty if it always did. It stays after NATS is back.
	LastError string
	// Published counts the events stored by NATS since the relay was made, LastPublish is when the last of them was.
	Published   int64
	LastPublish time.Time
	// Refused counts the events that NATS can never take. They are in the journal only; each was logged as an error.
	Refused int64
}

// statusBoard is a Status that one goroutine writes and others read.
type statusBoard struct {
	mu sync.Mutex
	s  RelayStatus
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
			s.LastError = err.Error()
		}
	})
}

func (b *statusBoard) published() {
	b.change(func(s *RelayStatus) { s.Published++; s.LastPublish = time.Now() })
}

func (b *statusBoard) refused() { b.change(func(s *RelayStatus) { s.Refused++ }) }
