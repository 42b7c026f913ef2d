package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/ops/unlock"
	"countersign/session/guard"
	"countersign/store/customers"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

func customersLockedCommand() *cli.Command {
	return &cli.Command{
		Name: "locked", Usage: "list who is locked after too many wrong answers, until when and why",
		Description: "Lists locked customers of the local directory, and those of your own system who have called this " +
			"machine. NATS has\n" +
			"locks of all machines, but no ids: locks of others are counted.",
		Flags:  []cli.Flag{natsFlag(), &cli.BoolFlag{Name: "json", Usage: "one JSON object per line"}},
		Action: customersLocked,
	}
}

func customersLocked(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	return readDirectory(c, func(d *customers.Reader) error {
		ids, err := knownCustomers(c.Context, cfg, d)
		if err != nil {
			return err
		}
		return withGuard(c, cfg, d, func(ctx context.Context, g *guard.Guard) error {
			locks, err := g.Locks(ctx)
			if err != nil {
				return err
			}
			locked, more := unlock.Locked(locks, ids)
			return printLocked(c, locked, more)
		})
	})
}

func printLocked(c *cli.Context, locked []unlock.Lock, more int) error {
	if c.Bool("json") {
		if err := printLines(c.App.Writer, locked); err != nil {
			return err
		}
	} else if len(locked) > 0 {
		w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tLOCKED UNTIL\tWHY")
		for _, l := range locked {
			fmt.Fprintf(w, "%s\t%s\t%s%s\n", printable(l.Customer), lockEnds(l), whyLocked(l), forWhom(l))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	switch {
	case more > 0:
		fmt.Fprintf(c.App.ErrWriter, "%s locked; %d more whose ids this machine does not know: try countersign customers "+
			"show ID\n", countedCustomers(len(locked)), more)
	default:
		fmt.Fprintf(c.App.ErrWriter, "%s locked\n", countedCustomers(len(locked)))
	}
	return nil
}

func countedCustomers(n int) string {
	if n == 1 {
		return "1 customer is"
	}
	return fmt.Sprintf("%d customers are", n)
}

// lockEnds says until when a customer is locked.
func lockEnds(l unlock.Lock) string {
	if l.Until == nil {
		return "somebody unlocks"
	}
	return l.Until.Local().Format(time.DateTime)
}

// whyLocked says which wrong answers led to the lock.
func whyLocked(l unlock.Lock) string {
	why := counted(l.Failures, "wrong answer")
	if len(l.Methods) > 0 {
		var methods []string
		for _, m := range l.Methods {
			methods = append(methods, string(m))
		}
		why += " (" + strings.Join(methods, ", ") + ")"
	}
	why += " since the last right one"
	if l.Last != nil {
		why += ", the last at " + l.Last.Local().Format(time.DateTime)
	}
	return why
}

// forWhom says for which callers a customer is locked, if not for all.
func forWhom(l unlock.Lock) string {
	if l.SuggestedOnly {
		return "; only for callers who are known by their number alone"
	}
	return ""
}

// lockSentence is a line of customers show.
func lockSentence(l unlock.Lock) string {
	switch {
	case l.Locked || l.SuggestedOnly:
		return "until " + lockEnds(l) + ": " + whyLocked(l) + forWhom(l)
	case l.Failures > 0:
		return "no; " + whyLocked(l)
	default:
		return "no"
	}
}

// lockOf reads a customer's lock from NATS.
func lockOf(c *cli.Context, cfg config, d *customers.Reader, id string) (l unlock.Lock, err error) {
	err = withGuard(c, cfg, d, func(ctx context.Context, g *guard.Guard) error {
		a, err := g.Attempts(ctx, id)
		l = unlock.LockOf(id, a)
		return err
	})
	return l, err
}

// knownCustomers are the ids in the directory and in the calls of this machine.
func knownCustomers(ctx context.Context, cfg config, d *customers.Reader) (ids []string, err error) {
	const page = 10_000
	for after := ""; ; {
		found, err := d.List(ctx, after, page, "")
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			ids = append(ids, x.ID)
		}
		if len(found) < page {
			break
		}
		after = found[len(found)-1].ID
	}
	j, err := journal.OpenReadOnly(ctx, cfg.journalPath())
	if errors.Is(err, sqlite.ErrMissing) {
		return ids, nil
	}
	if err != nil {
		return nil, err
	}
	called, err := j.Customers(ctx)
	ids = append(ids, called...)
	slices.Sort(ids)
	return slices.Compact(ids), errors.Join(err, j.Close())
}
