// Package sound answers "does the caller speak, and have they ended?", and keeps what they say until it is sent. It
// knows no telephone system and no recogniser, and nothing of words. What it keeps may be a secret: it is wiped.
package sound

import (
	"io"
	"sync"
)

// Utterance is what a caller says, from when they begin until they end, for one reader. It is a session.Sound.
type Utterance struct {
	mu     sync.Mutex
	more   *sync.Cond
	bytes  []byte // of a fixed array, so that no copy is left behind when it grows
	read   int
	over   bool
	closed bool
	ended  chan struct{}
}

// NewUtterance makes room for that many bytes. What is said beyond is left out.
func NewUtterance(most int) *Utterance {
	u := &Utterance{bytes: make([]byte, 0, most), ended: make(chan struct{})}
	u.more = sync.NewCond(&u.mu)
	return u
}

// Write adds a copy of what was said. It never waits.
func (u *Utterance) Write(b []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over || u.closed {
		return
	}
	room := min(len(b), cap(u.bytes)-len(u.bytes))
	u.bytes = append(u.bytes, b[:room]...)
	u.more.Broadcast()
}

// End says that the caller has ended.
func (u *Utterance) End() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.end()
}

func (u *Utterance) end() {
	if !u.over {
		u.over = true
		close(u.ended)
		u.more.Broadcast()
	}
}

// Ended implements session.Sound.
func (u *Utterance) Ended() <-chan struct{} { return u.ended }

// Read implements session.Sound.
func (u *Utterance) Read(b []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.read == len(u.bytes) && !u.over && !u.closed {
		u.more.Wait()
	}
	switch {
	case u.closed:
		return 0, io.ErrClosedPipe
	case u.read == len(u.bytes):
		return 0, io.EOF
	}
	n := copy(b, u.bytes[u.read:])
	u.read += n
	return n, nil
}

// Close ends the utterance and overwrites it. A Read that waits, or comes later, fails.
func (u *Utterance) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.end()
	u.closed = true
	clear(u.bytes[:cap(u.bytes)])
	u.more.Broadcast()
	return nil
}
