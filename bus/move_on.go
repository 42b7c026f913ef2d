package bus

import "time"

// moveAfter is how long a server may fail to store what it is sent before the connection goes to another one. A server
// that has lost the others of its cluster answers pings, and stores nothing; nor does one behind a cable that was pulled.
const moveAfter = 3 * time.Second

// moveOn has the connection for shared state try the next server of the cluster, if there is one and the last move was
// not just now. since is when the one that it has began to fail.
func (s *State) moveOn(since time.Time) {
	if len(s.conn.Servers()) < 2 || time.Since(since) < moveAfter {
		return
	}
	s.mu.Lock()
	early := time.Since(s.moved) < moveAfter
	if !early {
		s.moved = time.Now()
	}
	s.mu.Unlock()
	if early {
		return
	}
	s.log.Warn("nats server stores nothing, trying another one of the cluster", "server", s.conn.ConnectedUrlRedacted())
	_ = s.conn.ForceReconnect() // it fails once the State is closed
}
