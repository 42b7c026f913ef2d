package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/callback"
	"countersign/internal/timezones"
	"countersign/session"
	"countersign/session/event"
	"countersign/store/audit"
)

func callbacksCommand() *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "one JSON object per line"}
	return &cli.Command{
		Name: "callbacks", Usage: "see and cancel callbacks",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the callbacks to come and under way", Action: callbacksList,
				Flags: []cli.Flag{natsFlag(), asJSON, &cli.StringFlag{Name: "customer", Usage: "those of the customer with this `ID`, past ones too"}},
			},
			{
				Name: "show", Usage: "show a callback and its attempts", ArgsUsage: "CALLBACK", Action: callbacksShow,
				Flags: []cli.Flag{natsFlag(), asJSON},
			},
			{
				Name: "cancel", Usage: "cancel a callback that is not under way", ArgsUsage: "CALLBACK", Action: callbacksCancel,
				Description: "The customer is not told: the page Callbacks and the API tell them by text message.",
				Flags:       []cli.Flag{natsFlag(), authorFlag()},
			},
		},
	}
}

// withCallbacks runs f with all callbacks. f's context has a time limit.
func withCallbacks(c *cli.Context, f func(ctx context.Context, cfg config, b *callback.Book) error) error {
	return withSealed(c, func(ctx context.Context, cfg config, state *bus.State) error {
		b, err := readCallbacks(ctx, cfg, state)
		if err != nil {
			return err
		}
		return f(ctx, cfg, b)
	})
}

// readCallbacks reads all callbacks once.
func readCallbacks(ctx context.Context, cfg config, state *bus.State) (*callback.Book, error) {
	b := callback.New(callback.Options{
		Store: state.Customers(), Windows: cfg.Callbacks.windows, Capacity: func() int { return cfg.Callbacks.Capacity },
		Publish: state.Publish, Source: session.Source(cfg.Node), Rules: timezones.Version(), Now: time.Now,
		Log: slog.New(slog.DiscardHandler),
	})
	return b, b.Read(ctx)
}

// listedCallback is a callback for people and programs, without word and number.
type listedCallback struct {
	Callback string                `json:"callback"`
	Customer string                `json:"customer"`
	Line     string                `json:"line"`
	Subject  string                `json:"subject"`
	From     time.Time             `json:"from"`
	To       time.Time             `json:"to"`
	TZ       string                `json:"tz"`
	State    callback.State        `json:"state"`
	Outcome  event.CallbackOutcome `json:"outcome,omitempty"`
	Attempts []callback.Attempt    `json:"attempts"`
}

func listCallback(c callback.Callback) listedCallback {
	l := listedCallback{c.ID, c.Customer, c.Line, c.Subject, c.From, c.To, c.TZ, c.State, c.Outcome, c.Attempts}
	if l.Attempts == nil {
		l.Attempts = []callback.Attempt{}
	}
	return l
}

// window is the window in its own time zone.
func (l listedCallback) window() string {
	zone, err := timezones.Load(l.TZ)
	if err != nil {
		zone = time.UTC
	}
	return l.From.In(zone).Format("2006-01-02 15:04") + "-" + l.To.In(zone).Format("15:04") + " " + l.TZ
}

func callbacksList(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	return withCallbacks(c, func(_ context.Context, _ config, b *callback.Book) error {
		customer := c.String("customer")
		table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		if !c.Bool("json") {
			fmt.Fprintln(table, "CALLBACK\tWHEN\tLINE\tCUSTOMER\tSTATE\tATTEMPTS")
		}
		for _, found := range b.Select(func(c *callback.Callback) bool {
			return customer != "" && c.Customer == customer || customer == "" && !c.State.Over()
		}) {
			l := listCallback(found)
			if c.Bool("json") {
				if err := json.NewEncoder(c.App.Writer).Encode(l); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\n", l.Callback, l.window(), l.Line, l.Customer, l.State, len(l.Attempts))
		}
		return table.Flush()
	})
}

func callbacksShow(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the callback's id"); err != nil {
		return err
	}
	return withCallbacks(c, func(_ context.Context, _ config, b *callback.Book) error {
		found, err := b.Get(c.Args().First())
		if err != nil {
			return err
		}
		l := listCallback(found)
		if c.Bool("json") {
			return json.NewEncoder(c.App.Writer).Encode(l)
		}
		fmt.Fprintf(c.App.Writer, "%s  %s\nline %s, customer %s\n%s", l.window(), l.State, l.Line, l.Customer, orLine(l.Subject))
		for i, a := range l.Attempts {
			fmt.Fprintf(c.App.Writer, "attempt %d  %s  %s  %s\n", i+1, a.At.Local().Format(time.DateTime), a.Agent, a.Outcome)
		}
		if l.Outcome != "" {
			fmt.Fprintf(c.App.Writer, "outcome %s\n", l.Outcome)
		}
		return nil
	})
}

func orLine(text string) string {
	if text == "" {
		return ""
	}
	return text + "\n"
}

func callbacksCancel(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the callback's id"); err != nil {
		return err
	}
	return withCallbacks(c, func(ctx context.Context, cfg config, b *callback.Book) error {
		found, err := b.Cancel(ctx, c.Args().First(), "", event.ByStaff)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s is cancelled\n", found.ID)
		return auditEntry(ctx, cfg, audit.Entry{Actor: author(c), Action: audit.CallbackCancelled, Object: "callback " + found.ID})
	})
}
