package main

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/session/guard"
	"countersign/session/token"
	"countersign/store/customers"
)

func natsFlag() cli.Flag {
	return &cli.StringFlag{Name: "nats", Usage: "NATS at `URL`; default: nats.url, else nats.listen"}
}

// natsEndpoint is where a command other than serve finds NATS, to read and to write.
func natsEndpoint(c *cli.Context, cfg config) (bus.Endpoint, error) {
	return natsWith(c, cfg, cfg.natsKeys().Write)
}

// readingNATS is natsEndpoint for a command that only reads events.
func readingNATS(c *cli.Context, cfg config) (bus.Endpoint, error) {
	return natsWith(c, cfg, cfg.natsKeys().Read)
}

// natsWith logs in as the settings say; if they say nothing, and NATS is one that runs inside "serve", with its key in
// --data.
func natsWith(c *cli.Context, cfg config, key string) (bus.Endpoint, error) {
	o, flag := cfg.external(), c.String("nats")
	own := o.URL == "" // the one inside "serve"
	switch {
	case flag != "":
		o.URL = flag
		own = own && !strings.Contains(flag, ",")
	case own:
		o.URL = "nats://" + cfg.NATS.Listen
	}
	if login := o.CredentialsFile != "" || o.User != "" || o.Token != "" || strings.Contains(o.URL, "@"); login || !own {
		return bus.External(o)
	}
	if flag != "" && !exists(key) || !bus.AsksForKey(c.Context, o.URL) {
		return bus.External(o)
	}
	if !exists(key) {
		return bus.Endpoint{}, fmt.Errorf("NATS on %s lets in whoever has a key, and there is none in %s: "+
			"run this as the service's user with the service's --data, or set nats.credentials", o.URL, cfg.data)
	}
	o.CredentialsFile = key
	at, err := bus.External(o)
	if errors.Is(err, fs.ErrPermission) {
		return at, fmt.Errorf("%w: run this as the service's user", err)
	}
	return at, err
}

// external is the NATS of the settings.
func (c config) external() bus.ExternalOptions {
	n := c.NATS
	return bus.ExternalOptions{
		URL: n.URL, CredentialsFile: n.Credentials, User: n.User, Password: n.Password, Token: n.Token, CAFile: n.CA,
		CertFile: n.Cert, KeyFile: n.Key,
	}
}

// sharedKeys are derived from the pepper, so all machines have the same.
type sharedKeys struct {
	guard []byte
	state cipher.AEAD
}

// pepper is what keys are derived from: a *customers.Directory or a *customers.Reader.
type pepper interface {
	PepperKey(label string) []byte
	Sealer(label string) cipher.AEAD
}

func keysOf(d pepper) sharedKeys {
	return sharedKeys{guard: d.PepperKey(guardKey), state: d.Sealer(stateKey)}
}

// openShared opens the shared state in NATS for a command other than serve. The caller closes the State.
func openShared(cfg config, at bus.Endpoint, keys sharedKeys) (*bus.State, *guard.Guard, error) {
	log, within := slog.New(slog.DiscardHandler), time.Duration(cfg.NATS.Timeout)
	state, err := bus.OpenState(at, bus.StateOptions{
		Node: cfg.Node, Seal: keys.state, Within: within, Sign: signer(cfg), Log: log,
	})
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

// withAccounts runs f with the bucket of people and keys of the API. f's context has a time limit.
func withAccounts(c *cli.Context, f func(ctx context.Context, cfg config, accounts *bus.Bucket) error) error {
	return withSealed(c, func(ctx context.Context, cfg config, state *bus.State) error { return f(ctx, cfg, state.People()) })
}

// withSealed runs f with the shared state, and the keys that reveal customers and accounts. f's context has a time limit.
func withSealed(c *cli.Context, f func(ctx context.Context, cfg config, state *bus.State) error) error {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	return readDirectory(c, func(d *customers.Reader) error {
		at, err := reachableNATS(c, cfg)
		if err != nil {
			return err
		}
		state, _, err := openShared(cfg, at, keysOf(d))
		if err != nil {
			return fmt.Errorf("%w: is countersign serve running?", err)
		}
		return whenReady(c, state, func(ctx context.Context) error { return f(ctx, cfg, state) })
	})
}

// withGuard runs f with the attempts and locks of all machines. f's context has a time limit.
func withGuard(
	c *cli.Context, cfg config, d pepper, f func(ctx context.Context, g *guard.Guard) error,
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

// withState runs f with the shared state in NATS, without the keys that reveal customers. f's context has a time limit.
func withState(c *cli.Context, cfg config, f func(ctx context.Context, state *bus.State) error) error {
	at, err := reachableNATS(c, cfg)
	if err != nil {
		return err
	}
	state, err := bus.OpenState(at, bus.StateOptions{
		Node: cfg.Node, Sign: signer(cfg), Within: time.Duration(cfg.NATS.Timeout), Log: slog.New(slog.DiscardHandler),
		Share: cfg.role() != customers.Alone,
	})
	if err != nil {
		return fmt.Errorf("%w: is countersign serve running?", err)
	}
	return whenReady(c, state, func(ctx context.Context) error { return f(ctx, state) })
}

// signer signs events if this machine has the key that does.
func signer(cfg config) bus.Signer {
	if !exists(cfg.tokenKeyPath()) {
		return nil
	}
	keys, err := token.LoadKeys(cfg.tokenKeyPath())
	if err != nil {
		return nil // serve and doctor say so
	}
	return keys.SignEvent
}

// answerTimeout bounds the wait for a connection to NATS on this machine.
const answerTimeout = 3 * time.Second

// reachableNATS is natsEndpoint, but fails at once if NATS should run inside "serve" and does not.
func reachableNATS(c *cli.Context, cfg config) (bus.Endpoint, error) {
	at, err := natsEndpoint(c, cfg)
	if err != nil || cfg.NATS.URL != "" || c.String("nats") != "" {
		return at, err
	}
	nc, err := net.DialTimeout("tcp", cfg.NATS.Listen, answerTimeout)
	if err != nil {
		return at, fmt.Errorf("%w: nothing listens on %s: is countersign serve running with this nats.listen?",
			bus.ErrAway, cfg.NATS.Listen)
	}
	_ = nc.Close()
	return at, nil
}

// Time limits of a command for its work on the shared state, and for its wait for NATS.
const (
	sharedWithin = 30 * time.Second
	readyWithin  = 10 * time.Second
)

// whenReady runs f once NATS answers, and closes the state.
func whenReady(c *cli.Context, state *bus.State, f func(ctx context.Context) error) error {
	defer state.Close()
	ctx, cancel := context.WithTimeout(c.Context, sharedWithin)
	defer cancel()
	ready, stop := context.WithTimeout(ctx, readyWithin)
	defer stop()
	if err := state.Ready(ready); err != nil {
		return fmt.Errorf("%w: is countersign serve running, and nats.url right?", err)
	}
	return f(ctx)
}
