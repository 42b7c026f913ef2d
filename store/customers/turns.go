package customers

import (
	"runtime"
	"sync/atomic"

	"countersign/store/sqlite"
)

// turns counts what waits for argon2id.
type turns struct {
	waiting, running atomic.Int64
	refused          atomic.Uint64
}

// HashQueue is how busy argon2id is. Wrapping in the background takes part in it, one secret at a time.
type HashQueue struct {
	// Running secrets are being hashed, AtOnce at most; Waiting wait for their turn.
	Running, Waiting, AtOnce int
	// Refused counts those that waited too long since the start: callers who went to an agent for it.
	Refused uint64
}

// HashQueue returns how busy argon2id is now.
func (r *Reader) HashQueue() HashQueue {
	t := &r.hash.turns
	return HashQueue{
		Running: int(t.running.Load()), Waiting: int(t.waiting.Load()), AtOnce: runtime.GOMAXPROCS(0),
		Refused: t.refused.Load(),
	}
}

// Writes counts the transactions of directory.db.
func (d *Directory) Writes() sqlite.Writes { return d.db.Writes() }
