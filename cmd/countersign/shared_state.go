package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/session/guard"
	"countersign/store/customers"
)

// sharedKeys are derived from the pepper, the same on all machines.
type sharedKeys struct{ guard, state []byte }

func keysOf(d *customers.Directory) sharedKeys {
	return sharedKeys{guard: d.PepperKey(guardKey), state: d.PepperKey(stateKey)}
}

// openShared opens what machines share in NATS, for a command other than serve. Close the State.
func openShared(cfg config, at bus.Endpoint, keys sharedKeys) (*bus.State, *guard.Guard, error) {
	log, within := slog.New(slog.DiscardHandler), time.Duration(cfg.NATS.Timeout)
	state, err := bus.OpenState(at, bus.StateOptions{Node: cfg.Node, Key: keys.state, Within: within, Log: log})
	if err != nil {
		return nil, nil, err
	}
	g, err := guard.New(guard.Options{Store: state.Guard(), Key: keys.guard, Rules: cfg.Guard, Within: within, Log: log})
	if err != nil {
		state.Close()
		return nil, nil, err
	}
	return state, g, nil
}

// withGuard runs f with the attempts and locks of all machines. ctx is bounded.
func withGuard(
	c *cli.Context, cfg config, d *customers.Directory, f func(ctx context.Context, g *guard.Guard) error,
) error {
	at, err := reachableNATS(c, cfg)
	if err != nil {
		return err
	}
	state, g, err := openShared(cfg, at, keysOf(d))
	if err != nil {
		return fmt.Errorf("%w: is countersign serve running?", err)
	}
	return whenReady(c, state, func(ctx context.Context) error { return f(ctx, g) })
}

// withState runs f with what machines share in NATS, without the keys that open what names customers. ctx is bounded.
func withState(c *cli.Context, cfg config, f func(ctx context.Context, state *bus.State) error) error {
	at, err := reachableNATS(c, cfg)
	if err != nil {
		return err
	}
	state, err := bus.OpenState(at, bus.StateOptions{
		Node: cfg.Node, Within: time.Duration(cfg.NATS.Timeout), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return fmt.Errorf("%w: is countersign serve running?", err)
	}
	return whenReady(c, state, func(ctx context.Context) error { return f(ctx, state) })
}

// answerTimeout bounds the wait for whoever listens on this machine.
const answerTimeout = 3 * time.Second

// reachableNATS is natsEndpoint; should it be the one inside of "serve", it is there or not: nobody needs to wait for
// it.
func reachableNATS(c *cli.Context, cfg config) (bus.Endpoint, error) {
	at, err := natsEndpoint(c, cfg)
	if err != nil || cfg.NATS.URL != "" || c.String("nats") != "" {
		return at, err
	}
	nc, err := net.DialTimeout("tcp", cfg.NATS.Listen, answerTimeout)
	if err != nil {
		return at, fmt.Errorf("%w: nobody listens on %s: is countersign serve running, or nats.listen another one?",
			bus.ErrAway, cfg.NATS.Listen)
	}
	_ = nc.Close()
	return at, nil
}

// How long a command may take with the shared state, and how long it waits for NATS.
const (
	sharedWithin = 30 * time.Second
	readyWithin  = 10 * time.Second
)

// whenReady runs f when NATS is there, and closes the state.
func whenReady(c *cli.Context, state *bus.State, f func(ctx context.Context) error) error {
	defer state.Close()
	ctx, cancel := context.WithTimeout(c.Context, sharedWithin)
	defer cancel()
	ready, stop := context.WithTimeout(ctx, readyWithin)
	defer stop()
	if err := state.Ready(ready); err != nil {
		return fmt.Errorf("%w: is countersign serve running, or nats.url wrong?", err)
	}
	return f(ctx)
}
