package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/ops/erase"
	"countersign/reports/reportsdb"
	"countersign/session/guard"
	"countersign/store/customers"
	"countersign/store/journal"
)

func customersEraseCommand() *cli.Command {
	return &cli.Command{
		Name: "erase", Usage: "remove everything known about a customer, for good", ArgsUsage: "ID",
		Description: "Removes the customer with their numbers and secrets. Their calls stay in journal and reports, " +
			"anonymised, so counts do\n" +
			"not change; the events of those calls are removed from NATS. Prints a receipt, and exits with 1 if anything " +
			"remains.\n" +
			"Works while countersign serve runs, and may be repeated. Run it on other machines with their own data, too. " +
			"Backups and\n" +
			"the company's own system (backend) are not touched. An id of fewer than 5 characters, or 8 digits, occurs by " +
			"chance, so\n" +
			"it is searched for in events only; to have the databases rewritten, run the command while countersign serve " +
			"is stopped.",
		Flags: []cli.Flag{
			natsFlag(), authorFlag(),
			&cli.BoolFlag{Name: "yes", Usage: "do not ask for confirmation"},
			&cli.BoolFlag{Name: "json", Usage: "print the receipt as JSON"},
		},
		Action: customersErase,
	}
}

func customersErase(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	customer := c.Args().First()
	if err := confirmErase(c, customer); err != nil {
		return err
	}
	r, err := eraseCustomer(c, cfg, customer)
	if r == nil {
		return err
	}
	if r.Known && cfg.role() == customers.Replica {
		r.Remains = append(r.Remains, "customers come from another machine (customers.share): erase on their source as well, "+
			"or the customer comes back from there")
	}
	if errors.Is(err, erase.ErrNobody) && !c.Bool("json") {
		return nobody(cfg, customer, "nothing about this id was found anywhere")
	}
	if c.Bool("json") {
		err = errors.Join(err, json.NewEncoder(c.App.Writer).Encode(r))
	} else {
		printReceipt(c, *r)
	}
	if len(r.Remains) > 0 {
		err = errors.Join(fmt.Errorf("not everything is erased; fix this and repeat the command"), err)
	}
	return err
}

// confirmErase asks for confirmation, unless --yes gives it.
func confirmErase(c *cli.Context, customer string) error {
	if c.Bool("yes") {
		return nil
	}
	fmt.Fprintf(c.App.ErrWriter, "Everything known about customer %s will be removed for good. Type the id to "+
		"confirm: ", printable(customer))
	line, _ := bufio.NewReader(c.App.Reader).ReadString('\n')
	if strings.TrimRight(line, "\r\n") != customer {
		fmt.Fprintln(c.App.ErrWriter)
		return errors.New("that is not the id; nothing was changed (--yes skips the question)")
	}
	return nil
}

func eraseCustomer(c *cli.Context, cfg config, customer string) (*erase.Receipt, error) {
	d, err := openDirectory(c.Context, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	keys := keysOf(d)
	var bar *progress
	r, err := erase.Run(c.Context, customer, erase.Options{
		Files: erase.Files{
			Data: cfg.data, Lock: datafile.FolderLock(cfg.data),
			Directory: cfg.directoryPath(), Journal: cfg.journalPath(), Reports: cfg.reportsPath(),
			NATS: cfg.natsDir(), Prompts: cfg.promptsDir(),
		},
		Directory: d,
		Endpoint:  func() (bus.Endpoint, error) { return natsEndpoint(c, cfg) },
		External:  cfg.NATS.URL != "" || c.String("nats") != "",
		Shared:    func(at bus.Endpoint) (*bus.State, *guard.Guard, error) { return openShared(cfg, at, keys) },
		Count: func(ctx context.Context, to *reportsdb.Reports, calls []string) error {
			return countFromJournal(ctx, cfg, to, journal.ExportOptions{Calls: calls})
		},
		Forget: func(ctx context.Context, customer string) error {
			d, err := openDirectory(ctx, cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			return errors.Join(d.ForgetErasure(ctx, customer), d.Close())
		},
		Published: erasureShared(cfg),
		Audit:     auditor(c, cfg),
		Progress: func(events int) {
			if bar == nil {
				bar = newProgress(c.App.ErrWriter, "erasing", "events", 0)
			}
			bar.at(events, 0)
		},
	})
	if bar != nil {
		bar.done()
	}
	return r, err
}

func printReceipt(c *cli.Context, r erase.Receipt) {
	switch {
	case !r.Known && r.Before:
		fmt.Fprintf(c.App.Writer, "customer %q was erased before; everything was searched again\n", r.Customer)
	case !r.Known:
		fmt.Fprintf(c.App.Writer, "there is no customer %q in the directory; everything else was searched\n", r.Customer)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	row := func(what string, n int, noun, format string, a ...any) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", what, counted(n, noun), fmt.Sprintf(format, a...))
	}
	at := r.At.Local().Format(time.DateTime)
	fmt.Fprintf(w, "erased\t%s\t%s, in %s\n", printable(r.Customer), at, seconds(r.Milliseconds))
	d := r.Directory
	row("directory", d["customers"], "customer", "%s, %s, %s, %s",
		counted(d["phones"], "phone"), counted(d["emails"], "e-mail"), counted(d["identifiers"], "identifier"),
		counted(d["credentials"]+d["sealed"], "secret"))
	row("journal", r.Journal.Calls, "call", "%s anonymised", counted(r.Journal.Events, "event"))
	attempts := "no attempts"
	if r.NATS.Attempts {
		attempts = "attempts"
	}
	row("NATS", r.NATS.Events, "event", "%s, %s, %s, %s",
		counted(r.NATS.Calls, "remembered call"), counted(r.NATS.Tokens, "token"), counted(r.NATS.Page, "value")+" of their page",
		attempts)
	row("reports", r.Reports.Calls, "call", "anonymised")
	row("searched", r.Searched.Files, "file", "%d MB, %s", r.Searched.Bytes>>20, counted(len(r.Searched.Found), "trace"))
	_ = w.Flush()
	for _, s := range r.Remains {
		fmt.Fprintln(c.App.Writer, "remains: "+printable(s))
	}
}
