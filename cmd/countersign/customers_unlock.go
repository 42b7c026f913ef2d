package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/session"
	"countersign/session/guard"
	"countersign/store/audit"
	"countersign/store/customers"
)

func customersUnlockCommand() *cli.Command {
	return &cli.Command{
		Name: "unlock", Usage: "let a customer prove who they are again, after too many wrong answers", ArgsUsage: "ID",
		Description: "Make sure first who it is. It counts on all machines, with the next answer. The customer need not be in the local directory.\n" +
			"With --number it is a caller's number that tried too much and may try again.",
		Flags: []cli.Flag{
			natsFlag(), authorFlag(),
			&cli.StringFlag{Name: "number", Usage: "unlock the caller's number `E164`, such as +4930123456, in place of a customer"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only say how the customer stands"},
			&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
		},
		Action: customersUnlock,
	}
}

// unlocked is what came of it.
type unlocked struct {
	Customer string `json:"customer"`
	// Failures are the wrong answers since the last success, Locked says whether there was a lock, Until when it would have ended by itself.
	Failures int        `json:"failures"`
	Locked   bool       `json:"locked"`
	Until    *time.Time `json:"until,omitempty"`
	Unlocked bool       `json:"unlocked"`
}

func customersUnlock(c *cli.Context) error {
	if c.IsSet("number") {
		return unlockNumber(c)
	}
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	return withDirectory(c, func(cfg config, d *customers.Directory) error {
		return withGuard(c, cfg, d, func(ctx context.Context, g *guard.Guard) error {
			id := c.Args().First()
			a, err := g.Attempts(ctx, id)
			if err != nil {
				return err
			}
			r := unlocked{Customer: id, Failures: a.Failures, Locked: a.Locked}
			if !a.Until.IsZero() {
				r.Until = &a.Until
			}
			if !c.Bool("dry-run") && a.Failures > 0 {
				if _, err := g.Unlock(ctx, id); err != nil {
					return err
				}
				r.Unlocked = true
			}
			if r.Unlocked {
				err = auditDone(c, cfg, audit.Unlocked, d.Alias(id), fmt.Sprintf("%d wrong answers", r.Failures))
			}
			if c.Bool("json") {
				return errors.Join(json.NewEncoder(c.App.Writer).Encode(r), err)
			}
			fmt.Fprintln(c.App.Writer, r.sentence())
			return err
		})
	})
}

// unlockNumber forgets what a caller's number tried.
func unlockNumber(c *cli.Context) error {
	if err := arguments(c, 0, "no other argument with --number"); err != nil {
		return err
	}
	return withDirectory(c, func(cfg config, d *customers.Directory) error {
		number, err := session.E164(c.String("number"), cfg.Line.Region)
		if err != nil {
			return wrongUse("--number %q: %v; write it like +4930123456", c.String("number"), err)
		}
		return withGuard(c, cfg, d, func(ctx context.Context, g *guard.Guard) error {
			st := g.Caller(ctx, number)
			if c.Bool("dry-run") {
				fmt.Fprintln(c.App.Writer, numberSentence(number, st.Locked, "nothing was changed"))
				return nil
			}
			was, err := g.UnlockCaller(ctx, number)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.App.Writer, numberSentence(number, was, "what it tried is forgotten now"))
			return auditDone(c, cfg, audit.Unlocked, "number …"+session.LastFour(number), "")
		})
	})
}

func numberSentence(number string, locked bool, then string) string {
	was := number + " was not turned away"
	if locked {
		was = number + " was turned away"
	}
	return was + "; " + then
}

// withGuard runs f with the counts of all machines.
func withGuard(c *cli.Context, cfg config, d *customers.Directory, f func(ctx context.Context, g *guard.Guard) error) error {
	return withState(c, cfg, func(ctx context.Context, state *bus.State) error {
		g, err := guard.New(guard.Options{Store: state.Guard(), Key: d.PepperKey(guardKey), Rules: cfg.Guard, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		return f(ctx, g)
	})
}

func (r unlocked) sentence() string {
	was := fmt.Sprintf("%s had %d wrong answers since the last right one", r.Customer, r.Failures)
	switch {
	case r.Failures == 0:
		return r.Customer + " has no wrong answers on record: there is nothing to unlock"
	case r.Locked && r.Until != nil:
		was += ", and a lock until " + r.Until.Local().Format(time.DateTime)
	case r.Locked:
		was += ", and a lock until somebody ends it"
	}
	if !r.Unlocked {
		return was + "; nothing is changed"
	}
	return was + "; they are forgotten now"
}

// answerTimeout bounds the wait for whoever listens on this machine.
const answerTimeout = 3 * time.Second

// withState runs f with what machines share in NATS. ctx is bounded.
func withState(c *cli.Context, cfg config, f func(ctx context.Context, state *bus.State) error) error {
	endpoint, err := natsEndpoint(c, cfg)
	if err != nil {
		return err
	}
	if cfg.NATS.URL == "" && c.String("nats") == "" { // the one inside "serve" is there or not: nobody needs to wait for it
		nc, err := net.DialTimeout("tcp", cfg.NATS.Listen, answerTimeout)
		if err != nil {
			return fmt.Errorf("%w: nobody listens on %s: is countersign serve running, or nats.listen another one?", bus.ErrAway, cfg.NATS.Listen)
		}
		_ = nc.Close()
	}
	state, err := bus.OpenState(endpoint, bus.StateOptions{Node: cfg.Node, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("%w: is countersign serve running?", err)
	}
	defer state.Close()
	ctx, cancel := context.WithTimeout(c.Context, 30*time.Second)
	defer cancel()
	ready, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	if err := state.Ready(ready); err != nil {
		return fmt.Errorf("%w: is countersign serve running, or nats.url wrong?", err)
	}
	return f(ctx, state)
}
