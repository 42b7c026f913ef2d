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
		Usage: "show who changed a line, unlocked or erased a customer, set a secret, imported or exported",
		Description: "The log is kept in --data of the machine where the command ran. Entries are only added, and " +
			"removed when they expire\n" +
			"(retention.audit). Customers appear under an alias; --customer finds them.",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list entries, oldest first",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "from", Usage: "start at `TIME`, such as 2026-11-21 or 2026-11-21T08:00:00+01:00"},
					&cli.StringFlag{Name: "to", Usage: "end before `TIME`, or at the end of a day"},
					&cli.StringFlag{Name: "action", Usage: "only this `ACTION`, such as unlocked"},
					&cli.StringFlag{Name: "customer", Usage: "only what was done to the customer with this `ID`"},
					&cli.BoolFlag{Name: "json", Usage: "one JSON object per line"},
				},
				Action: auditList,
			},
			{
				Name: "verify", Usage: "check that no entry was changed or removed",
				Description: "Each entry contains the hash of the one before it. The head, the number and hash of the last " +
					"entry, is also written to\n" +
					"<data>/audit.heads, so that entries removed from either end before they expire are missed. Somebody who can " +
					"change both\n" +
					"files can hide a change: copy audit.heads elsewhere, or note the head printed here and pass it with --head.",
				Flags: []cli.Flag{
					&cli.StringSliceFlag{Name: "head", Usage: "a `HEAD` printed earlier, N:HASH@TIME (may be repeated)"},
					&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
				},
				Action: auditVerify,
			},
		},
	}
}

// authorFlag is for every command that writes to the audit log.
func authorFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "author",
		Usage: "who does this, for the audit log, which names the system's user as well; default: `USER@HOST` of this " +
			"machine",
	}
}

// auditDone adds an entry about what was done.
func auditDone(c *cli.Context, cfg config, action, object, detail string) error {
	return auditor(c, cfg)(c.Context, audit.Entry{Action: action, Object: object, Detail: detail})
}

// auditor returns a function that adds entries in the name of the command's author.
func auditor(c *cli.Context, cfg config) func(ctx context.Context, e audit.Entry) error {
	return func(ctx context.Context, e audit.Entry) error {
		e.Actor = author(c)
		return auditEntry(ctx, cfg, e)
	}
}

// auditEntry adds an entry about what was done, even if ctx has ended.
func auditEntry(ctx context.Context, cfg config, e audit.Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	return appendAudit(ctx, cfg, e)
}

// auditTimeout bounds the write of an entry about something already done.
const auditTimeout = 10 * time.Second

func appendAudit(ctx context.Context, cfg config, e audit.Entry) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("done, but not written to the audit log: %w", err)
		}
	}()
	a, err := audit.Open(ctx, cfg.auditPath(), audit.Options{})
	if err != nil {
		return err
	}
	e.User = systemUser()
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
			_, err := fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", e.N, e.Time.Local().Format(time.DateTime), printable(who(e)),
				printable(e.Action),
				printable(e.Object), printable(e.Detail))
			return err
		})
		return errors.Join(err, w.Flush())
	})
}

// who did something: the stated author, and the system's user if that is somebody else.
func who(e audit.Entry) string {
	if e.User == "" || e.User == e.Actor {
		return e.Actor
	}
	return e.Actor + " (" + e.User + ")"
}

// moment reads a day or a time. If end is set, a day stands for its end, the start of the next.
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
		return time.Time{}, wrongUse("--%s %q is not a time: write a day as 2026-11-21, a time as 2026-11-21T08:00:00+01:00",
			flag, text)
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
		fmt.Fprintf(c.App.Writer, "the audit log is intact: %s", counted(int(s.Entries), "entry"))
		if s.Removed > 0 {
			fmt.Fprintf(c.App.Writer, ", after %d that expired", s.Removed)
		}
		fmt.Fprintln(c.App.Writer)
		if s.Entries == 0 {
			return nil
		}
		fmt.Fprintf(c.App.Writer, "head %s\n", s.Head)
		if s.Noted == 0 {
			fmt.Fprintln(c.App.Writer, "no head in audit.heads: entries removed from either end would not be noticed")
		}
		return nil
	})
}
