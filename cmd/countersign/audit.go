package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/store/audit"
	"countersign/store/customers"
)

func auditCommand() *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "who did what: changed a line, unlocked or erased a customer, set a secret, imported, exported",
		Description: "The log is kept in --data, on the machine where the command ran. Entries are only ever added, and removed when their time is over (retention.audit).\n" +
			"Customers stand in it under an alias; --customer finds them.",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list entries, the oldest first",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "from", Usage: "begin with this `TIME`, such as 2026-11-21 or 2026-11-21T08:00:00+01:00"},
					&cli.StringFlag{Name: "to", Usage: "end before this `TIME`, or with the end of that day"},
					&cli.StringFlag{Name: "action", Usage: "only this `ACTION`, such as unlocked"},
					&cli.StringFlag{Name: "customer", Usage: "only what was done to the customer with this `ID`"},
					&cli.BoolFlag{Name: "json", Usage: "one JSON object a line"},
				},
				Action: auditList,
			},
			{
				Name: "verify", Usage: "say whether the log is what was written, and where it is not",
				Description: "Each entry is bound to the one before it by its hash, and the head, the number and hash of the last one, is noted in <data>/audit.heads, so that\n" +
					"entries taken off either end before their time are missed too. Who can change both files can hide it: copy audit.heads elsewhere as it grows, or note\n" +
					"the head that is printed here, and give it back with --head.",
				Flags: []cli.Flag{
					&cli.StringSliceFlag{Name: "head", Usage: "a `HEAD` that was printed earlier, N:HASH@TIME (may be repeated)"},
					&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
				},
				Action: auditVerify,
			},
		},
	}
}

// authorFlag is for every command that leaves an entry.
func authorFlag() cli.Flag {
	return &cli.StringFlag{Name: "author", Usage: "who does it, for the audit log; default: `USER@HOST` of this machine"}
}

// auditDone leaves an entry about what was done.
func auditDone(c *cli.Context, cfg config, action, object, detail string) error {
	return auditor(c, cfg)(c.Context, audit.Entry{Action: action, Object: object, Detail: detail})
}

// auditor leaves entries by the author of a command, about what was done.
func auditor(c *cli.Context, cfg config) func(ctx context.Context, e audit.Entry) error {
	return func(ctx context.Context, e audit.Entry) error {
		e.Actor = author(c)
		return auditEntry(ctx, cfg, e)
	}
}

// auditEntry leaves an entry about what was done, also when ctx has ended.
func auditEntry(ctx context.Context, cfg config, e audit.Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	return appendAudit(ctx, cfg, e)
}

// auditTimeout bounds the entry about something that is done already.
const auditTimeout = 10 * time.Second

func appendAudit(ctx context.Context, cfg config, e audit.Entry) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("it is done, but the audit log does not say so: %w", err)
		}
	}()
	a, err := audit.Open(ctx, cfg.auditPath(), audit.Options{})
	if err != nil {
		return err
	}
	_, err = a.Append(ctx, e)
	return errors.Join(err, a.Close())
}

// readAudit runs f on the audit log.
func readAudit(c *cli.Context, f func(a *audit.Reader) error) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	a, err := audit.OpenReadOnly(c.Context, cfg.auditPath())
	if err != nil {
		return err
	}
	return errors.Join(f(a), a.Close())
}

func auditList(c *cli.Context) error {
	f := audit.Filter{Action: c.String("action")}
	var err error
	if f.From, err = moment(c, "from", false); err != nil {
		return err
	}
	if f.To, err = moment(c, "to", true); err != nil {
		return err
	}
	if id := c.String("customer"); id != "" {
		if err := readDirectory(c, func(d *customers.Reader) error { f.Object = d.Alias(id); return nil }); err != nil {
			return err
		}
	}
	return readAudit(c, func(a *audit.Reader) error {
		if c.Bool("json") {
			out := json.NewEncoder(c.App.Writer)
			return a.List(c.Context, f, func(e audit.Entry) error { return out.Encode(e) })
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "N\tTIME\tWHO\tDID\tTO\tDETAIL")
		err := a.List(c.Context, f, func(e audit.Entry) error {
			_, err := fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", e.N, e.Time.Local().Format(time.DateTime), printable(e.Actor), printable(e.Action),
				printable(e.Object), printable(e.Detail))
			return err
		})
		return errors.Join(err, w.Flush())
	})
}

// moment reads a day or a moment. The end of a day is the beginning of the next.
func moment(c *cli.Context, flag string, end bool) (time.Time, error) {
	text := c.String(flag)
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		if end {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, wrongUse("--%s %q is no time: write a day as 2026-11-21, a moment as 2026-11-21T08:00:00+01:00", flag, text)
	}
	return at, nil
}

func auditVerify(c *cli.Context) error {
	var known []audit.Head
	for _, text := range c.StringSlice("head") {
		h, err := audit.ParseHead(text)
		if err != nil {
			return wrongUse("--head %v", err)
		}
		known = append(known, h)
	}
	return readAudit(c, func(a *audit.Reader) error {
		s, err := a.Verify(c.Context, known...)
		var broken *audit.ChainError
		if err != nil && !errors.As(err, &broken) {
			return err
		}
		if c.Bool("json") {
			out := struct {
				audit.State
				OK       bool   `json:"ok"`
				BrokenAt int64  `json:"broken_at,omitempty"`
				Problem  string `json:"problem,omitempty"`
			}{State: s, OK: broken == nil}
			if broken != nil {
				out.BrokenAt, out.Problem = broken.N, broken.Error()
			}
			return errors.Join(json.NewEncoder(c.App.Writer).Encode(out), err)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "the audit log is whole: %s", counted(int(s.Entries), "record"))
		if s.Removed > 0 {
			fmt.Fprintf(c.App.Writer, ", behind %d whose time was over", s.Removed)
		}
		fmt.Fprintln(c.App.Writer)
		if s.Entries == 0 {
			return nil
		}
		fmt.Fprintf(c.App.Writer, "head %s\n", s.Head)
		if s.Noted == 0 {
			fmt.Fprintln(c.App.Writer, "no head is noted in audit.heads: whether entries were taken off either end cannot be told")
		}
		return nil
	})
}
