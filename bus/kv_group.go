package bus

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The embedded NATS syncs every write to disk. While few calls write, each write goes alone: that is quickest. When many
// wait, they go as one atomic batch with one sync, so that a burst of calls does not wait for a sync after the other
// (DESIGN.md, "Batches").
const (
	aloneMost = 16  // writes in flight that were sent alone; more wait
	groupMost = 500 // writes of a batch
)

// group sends the writes of a bucket, each from the goroutine of the writer or, in a batch, of one of its writers.
type group struct {
	js jetstream.JetStream

	mu       sync.Mutex
	alone    int // writes that are sent alone now
	batching bool
	waiting  []*write // the oldest first
}

// write is a message that waits. turn has room for one.
type write struct {
	ctx  context.Context
	msg  *nats.Msg
	turn chan turn
}

// turn ends the wait of a write: it is to be sent, alone or with its batch, or was sent with another's.
type turn struct {
	batch []*write // what to send, the write itself among it; nil if it was sent
	sent
}

type sent struct {
	revision uint64
	err      error
}

// publish publishes a message and returns its sequence. ctx must have a deadline.
func (g *group) publish(ctx context.Context, msg *nats.Msg) (revision uint64, err error) {
	g.mu.Lock()
	if g.alone < aloneMost {
		g.alone++
		g.mu.Unlock()
		return g.publishAlone(ctx, msg)
	}
	w := &write{ctx: ctx, msg: msg, turn: make(chan turn, 1)}
	g.waiting = append(g.waiting, w)
	g.goOnLocked()
	g.mu.Unlock()
	var t turn
	select {
	case t = <-w.turn:
	case <-ctx.Done():
		if !g.leave(w) {
			t = <-w.turn
			break
		}
		return 0, context.Cause(ctx)
	}
	switch {
	case len(t.batch) > 1:
		g.publishBatch(t.batch)
		t = <-w.turn
	case len(t.batch) == 1:
		return g.publishAlone(ctx, msg)
	}
	return t.revision, t.err
}

// leave takes a write back that waits no longer. It reports false if its turn has come.
func (g *group) leave(w *write) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, w)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

// goOnLocked lets those go on who have waited longest: with a batch if there are enough, alone as far as there is room.
// g.mu is held.
func (g *group) goOnLocked() {
	if n := min(len(g.waiting), groupMost); n >= batchLeast && !g.batching {
		g.batching = true
		g.releaseLocked(n)
	}
	for len(g.waiting) > 0 && g.alone < aloneMost {
		g.alone++
		g.releaseLocked(1)
	}
}

// releaseLocked has the first of the n oldest writes send them.
func (g *group) releaseLocked(n int) {
	batch := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	batch[0].turn <- turn{batch: batch}
}

func (g *group) publishAlone(ctx context.Context, msg *nats.Msg) (revision uint64, err error) {
	defer g.end(func() { g.alone-- })
	ack, err := g.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

func (g *group) end(note func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	note()
	g.goOnLocked()
}

// publishBatch publishes writes as one batch and tells each how it ended. If NATS refuses them, perhaps for one of them,
// each goes alone.
func (g *group) publishBatch(batch []*write) {
	defer g.end(func() { g.batching = false })
	msgs := make([]*nats.Msg, len(batch))
	for i, w := range batch {
		msgs[i] = w.msg
	}
	var last uint64
	ack, err := publishAtOnce(g.js, msgs)
	if err == nil {
		last, err = acknowledged(ack, batch...)
	}
	if errors.Is(err, errNotAtOnce) || refused(err) {
		g.publishEach(batch)
		return
	}
	for i, w := range batch {
		w.turn <- turn{sent: sent{last - uint64(len(batch)-1-i), err}}
	}
}

// publishEach publishes writes one by one, without waiting for each.
func (g *group) publishEach(batch []*write) {
	acks, errs := make([]jetstream.PubAckFuture, len(batch)), make([]error, len(batch))
	for i, w := range batch {
		notAtOnce(w.msg)
		acks[i], errs[i] = g.js.PublishMsgAsync(w.msg, jetstream.WithRetryAttempts(0))
	}
	for i, w := range batch {
		s := sent{err: errs[i]}
		if s.err == nil {
			s.revision, s.err = acknowledged(acks[i], w)
		}
		w.turn <- turn{sent: s}
	}
}

// acknowledged waits for NATS's answer as long as one of the writers does.
func acknowledged(ack jetstream.PubAckFuture, writers ...*write) (sequence uint64, err error) {
	for _, w := range writers {
		select {
		case a := <-ack.Ok():
			return a.Sequence, nil
		case err := <-ack.Err():
			return 0, err
		case <-w.ctx.Done():
			err = context.Cause(w.ctx)
		}
	}
	return 0, err
}
