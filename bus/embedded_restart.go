package bus

import (
	"context"
	"errors"
	"time"

	"countersign/internal/datafile"
	"countersign/internal/retry"
)

// nats-server stops writing a stream after its first failed write, such as on a full disk, until the server is
// restarted: so it is restarted here, as soon as the disk takes writes again.
const (
	proveEvery  = 30 * time.Second // without a warning of the server
	proveWithin = 4 * time.Second
	// Between looks at a NATS that does not write, and between restarts that did not help.
	stuckPoll    = time.Second
	restartFirst = time.Second
	restartMost  = 5 * time.Minute
	// roomBytes is how much the disk must take before a restart, and slowDisk how fast: on a disk that is merely slow a
	// restart takes longer than waiting.
	roomBytes = 1 << 20
	slowDisk  = 500 * time.Millisecond
)

// KeepWriting restarts the server in place whenever prove says that NATS does not store what it is sent although there
// is room on the disk, until ctx ends. It calls prove every half a minute and when the server warns of something.
// Clients reconnect. prove must fail only for what a restart may heal: State.Stuck.
func (e *Embedded) KeepWriting(ctx context.Context, prove func(context.Context) error) {
	log := e.options.Log
	every := time.NewTicker(proveEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		case <-e.complained:
		}
		err := proveOnce(ctx, prove)
		if err == nil || ctx.Err() != nil {
			continue
		}
		log.Error("embedded nats does not store what it is sent, it is restarted as soon as the disk takes writes",
			"err", err)
		if e.untilItWrites(ctx, prove) {
			log.Info("embedded nats stores again")
		}
	}
}

// untilItWrites returns true once NATS writes, false when ctx ends.
func (e *Embedded) untilItWrites(ctx context.Context, prove func(context.Context) error) bool {
	wait := retry.Backoff(restartFirst, restartMost)
	next := time.Now()
	for retry.Pause(ctx, stuckPoll) == nil {
		if proveOnce(ctx, prove) == nil {
			return true
		}
		began := time.Now()
		if datafile.Prove(e.options.Dir, roomBytes) != nil {
			wait.Reset()
			continue
		}
		if now := time.Now(); now.Sub(began) > slowDisk || now.Before(next) {
			continue
		}
		if err := e.restart(); err != nil {
			e.options.Log.Error("embedded nats cannot be restarted, it is tried again", "err", err)
		}
		next = time.Now().Add(wait.NextBackOff())
	}
	return false
}

func proveOnce(ctx context.Context, prove func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	return prove(ctx)
}

var errClosed = errors.New("it was shut down")

// restart replaces the server by a new one on the same store and port.
func (e *Embedded) restart() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	options, err := e.options.server()
	if err != nil {
		return err
	}
	e.stopServer()
	if err := checkListen(options); err != nil {
		return err
	}
	s, err := e.start(options)
	if err != nil {
		return err
	}
	e.server = s
	return nil
}
