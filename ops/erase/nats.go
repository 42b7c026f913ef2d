package erase

import (
	"context"
	"log/slog"
	"time"

	"countersign/bus"
	"countersign/session/guard"
)

// readyWithin bounds the wait for NATS.
const readyWithin = 10 * time.Second

// fromNATS erases from the NATS of the service. If no service runs, it starts the embedded one.
func (e *eraser) fromNATS(ctx context.Context, calls []string) error {
	if e.External || e.serving {
		at, err := e.Endpoint()
		if err != nil {
			return err
		}
		return e.fromNATSAt(ctx, at, calls)
	}
	if !exists(e.Files.NATS) {
		return nil
	}
	embedded, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: e.Files.NATS, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	defer embedded.Shutdown()
	return e.fromNATSAt(ctx, embedded.Endpoint(), calls)
}

func (e *eraser) fromNATSAt(ctx context.Context, at bus.Endpoint, calls []string) error {
	if e.Published != nil {
		if err := e.Published(ctx, at, e.serving); err != nil {
			e.remains("%v", err)
		}
	}
	state, attempts, err := e.Shared(at)
	if err != nil {
		return err
	}
	defer state.Close()
	ready, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := state.Ready(ready); err != nil {
		return err
	}
	if err := e.fromGuard(ctx, attempts); err != nil {
		return err
	}
	if e.serving {
		if err := e.awaitReports(ctx, state); err != nil {
			return err
		}
	}
	e.receipt.NATS.Erased, err = state.Erase(ctx, e.customer, calls, func(done, _ int) {
		if e.Progress != nil {
			e.Progress(done)
		}
	})
	return err
}

// fromGuard clears the attempts at the customer's secrets, and those of their numbers.
func (e *eraser) fromGuard(ctx context.Context, g *guard.Guard) error {
	a, err := g.Attempts(ctx, e.customer)
	if err != nil {
		return err
	}
	e.receipt.NATS.Attempts = a.Failures > 0
	if _, err := g.Unlock(ctx, e.customer); err != nil {
		return err
	}
	for _, number := range e.phones {
		if _, err := g.UnlockCaller(ctx, number); err != nil {
			return err
		}
	}
	return nil
}
