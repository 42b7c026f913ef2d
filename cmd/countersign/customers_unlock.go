package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/ops/unlock"
	"countersign/session"
	"countersign/session/guard"
	"countersign/store/customers"
)

func customersUnlockCommand() *cli.Command {
	return &cli.Command{
		Name: "unlock", Usage: "end the lock of a customer after too many wrong answers", ArgsUsage: "ID",
		Description: "Make sure first who the customer is. The lock ends on all machines, from the next answer on. The " +
			"customer need not be in\n" +
			"the local directory. --number unlocks a caller's number instead.",
		Flags: []cli.Flag{
			natsFlag(), authorFlag(),
			&cli.StringFlag{
				Name: "number", Usage: "unlock the caller's number `E164`, such as +4930123456, instead of a customer",
			},
			&cli.BoolFlag{Name: "dry-run", Usage: "only show wrong answers and lock"},
			&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
		},
		Action: customersUnlock,
	}
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
			r, err := unlock.Customer(ctx, unlockOptions(c, cfg, d, g), c.Args().First())
			switch {
			case errors.Is(err, unlock.ErrNobody):
				return nobody(cfg, c.Args().First(), "no wrong answers are on record for this id")
			case err != nil && !r.Unlocked:
				return err
			case c.Bool("json"):
				return errors.Join(json.NewEncoder(c.App.Writer).Encode(r), err)
			}
			fmt.Fprintln(c.App.Writer, unlockSentence(r))
			return err
		})
	})
}

// unlockNumber clears the attempts of a caller's number.
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
			r, err := unlock.Number(ctx, unlockOptions(c, cfg, d, g), number)
			if err != nil && !r.Unlocked {
				return err
			}
			fmt.Fprintln(c.App.Writer, numberSentence(number, r))
			return err
		})
	})
}

// nobody is the error for an id that neither the local directory nor anything else knows.
func nobody(cfg config, id, more string) error {
	if cfg.Backend.URL != "" {
		return fmt.Errorf("customer %q is not in the local directory, and %s: check the id in your own system", id, more)
	}
	return fmt.Errorf("there is no customer %q, and %s: check the id with countersign customers list", id, more)
}

func unlockOptions(c *cli.Context, cfg config, d *customers.Directory, g *guard.Guard) unlock.Options {
	known := func(ctx context.Context, id string) (bool, error) {
		_, err := d.Show(ctx, id)
		if errors.Is(err, customers.ErrUnknown) {
			return false, nil
		}
		return err == nil, err
	}
	return unlock.Options{Guard: g, Known: known, Alias: d.Alias, Audit: auditor(c, cfg), DryRun: c.Bool("dry-run")}
}

func unlockSentence(r unlock.Result) string {
	was := fmt.Sprintf("%s had %d wrong answers since the last right one", r.Customer, r.Failures)
	switch {
	case r.Failures == 0:
		return r.Customer + " has no wrong answers on record: there is nothing to unlock"
	case r.Locked && r.Until != nil:
		was += ", and a lock until " + r.Until.Local().Format(time.DateTime)
	case r.Locked:
		was += ", and a lock until somebody unlocks"
	}
	if !r.Unlocked {
		return was + "; nothing was changed"
	}
	return was + "; now cleared"
}

func numberSentence(number string, r unlock.NumberResult) string {
	was, then := " was not locked", "; nothing was changed"
	if r.Locked {
		was = " was locked"
	}
	if r.Unlocked {
		then = "; its attempts are now cleared"
	}
	return number + was + then
}
