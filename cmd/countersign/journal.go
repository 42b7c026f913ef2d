package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/session/event"
	"countersign/store/audit"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

func journalCommand() *cli.Command {
	return &cli.Command{
		Name:  "journal",
		Usage: "export and import the events of calls",
		Description: "A file has one event per line, as CloudEvents JSON, in the order of the journal. It names " +
			"customers: protect it like the\n" +
			"journal. A customer who is erased later is still in the file, and is removed when it is imported.",
		Subcommands: []*cli.Command{
			{
				Name: "export", Usage: "export the events of calls to a file",
				Description: "Calls that started in the given time are exported whole. Other calls may run meanwhile.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "from", Usage: "start at `TIME`, such as 2026-11-21 or 2026-11-21T08:00:00+01:00"},
					&cli.StringFlag{Name: "to", Usage: "end before `TIME`, or at the end of a day"},
					&cli.StringSliceFlag{Name: "call", Usage: "only the call whose id is `ID` or ends with it (may be repeated)"},
					&cli.StringFlag{
						Name: "output", Aliases: []string{"o"},
						Usage: "write to `FILE`, which only its owner may read; - is standard output",
					},
					authorFlag(),
				},
				Action: journalExport,
			},
			{
				Name: "import", Usage: "import the events of a file into the journal of --data", ArgsUsage: "FILE",
				Description: "Events that are in the journal already stay as they are. Nothing is published again, so reports " +
					"do not change. One bad\n" +
					"line, and nothing is imported; from standard input (\"-\"), the events before that line are. Customers who " +
					"were erased\n" +
					"from --data since the export are removed from their calls.",
				Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"}, authorFlag()},
				Action: journalImport,
			},
		},
	}
}

// withJournal runs f on the journal of --data. Calls may be written to it meanwhile.
func withJournal(ctx context.Context, cfg config, f func(*journal.Journal) error) error {
	j, err := journal.Open(ctx, cfg.journalPath(), journal.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	return errors.Join(f(j), j.Close(closing))
}

// readJournal runs f on the journal of --data, which must be there, and changes nothing.
func readJournal(ctx context.Context, cfg config, f func(*journal.Reader) error) error {
	j, err := journal.OpenReadOnly(ctx, cfg.journalPath())
	if errors.Is(err, sqlite.ErrMissing) {
		return fmt.Errorf("there is no journal: %s does not exist. \"countersign serve\" creates it; --data sets the folder",
			cfg.journalPath())
	}
	if err != nil {
		return err
	}
	return errors.Join(f(j), j.Close())
}

func journalExport(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	var o journal.ExportOptions
	if o.From, err = moment(c, "from", false); err != nil {
		return err
	}
	if o.To, err = moment(c, "to", true); err != nil {
		return err
	}
	return readJournal(c.Context, cfg, func(j *journal.Reader) error {
		for _, end := range c.StringSlice("call") {
			call, err := findCall(c.Context, j, cfg, end)
			if err != nil {
				return err
			}
			o.Calls = append(o.Calls, call)
		}
		n := 0
		write := func(w io.Writer) error {
			out := bufio.NewWriter(w)
			err := j.Export(c.Context, o, func(body []byte) error {
				n++
				_, err := out.Write(append(body, '\n'))
				return err
			})
			return errors.Join(err, out.Flush())
		}
		if path := writesTo(c); path != "" {
			err = replaceFile(path, write)
		} else {
			err = write(c.App.Writer)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(c.App.ErrWriter, counted(n, "event")+" exported")
		return auditDone(c, cfg, audit.Exported, "journal", counted(n, "event")+exportedFrom(c))
	})
}

// exportedFrom describes the exported part of the journal.
func exportedFrom(c *cli.Context) string {
	var parts []string
	for _, flag := range []string{"from", "to"} {
		if v := c.String(flag); v != "" {
			parts = append(parts, flag+" "+v)
		}
	}
	if calls := c.StringSlice("call"); len(calls) > 0 {
		parts = append(parts, "of "+counted(len(calls), "call"))
	}
	return strings.TrimRight(" "+strings.Join(parts, " "), " ")
}

// findCall finds a call by its id or the end of it, as watch shows it.
func findCall(ctx context.Context, j *journal.Reader, cfg config, idOrEnd string) (string, error) {
	calls, err := j.Find(ctx, idOrEnd)
	switch {
	case err != nil:
		return "", err
	case len(calls) == 0:
		return "", fmt.Errorf("there is no call %q in %s", idOrEnd, cfg.journalPath())
	case len(calls) > 1:
		return "", fmt.Errorf("%d or more calls end with %q: give more of the id, such as %s", len(calls), idOrEnd, calls[0])
	}
	return calls[0], nil
}

func journalImport(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the file"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	name := c.Args().First()
	if name != "-" {
		if err := checkImport(c, name); err != nil {
			return fmt.Errorf("%w; nothing was imported", err)
		}
	}
	in, _, err := openInput(c, name)
	if err != nil {
		return err
	}
	defer in.Close()
	erased, err := erasedCustomers(c, cfg)
	if err != nil {
		return err
	}
	var done journal.Imported
	bar := newProgress(c.App.ErrWriter, "import", "events", 0)
	err = withJournal(c.Context, cfg, func(j *journal.Journal) (err error) {
		done, err = j.Import(c.Context, in, erased, func(i journal.Imported) { bar.at(i.Events, int64(i.Events)) })
		return err
	})
	bar.done()
	if err != nil {
		err = fmt.Errorf("%s: %w; %s imported before that, and will be skipped next time", name, err, were(done.New))
	}
	if done.New > 0 {
		err = errors.Join(err, auditDone(c, cfg, audit.Imported, "journal", counted(done.New, "event")))
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(done)
	}
	fmt.Fprintf(c.App.Writer, "%s imported, %d were there already; none was published\n", counted(done.New, "event"),
		done.Events-done.New)
	if done.Erased > 0 {
		fmt.Fprintf(c.App.Writer, "%s anonymised: the customer was erased\n", counted(done.Erased, "call"))
	}
	return nil
}

// erasedCustomers are the customers erased from --data; only the directory knows them.
func erasedCustomers(c *cli.Context, cfg config) (erased event.Erased, err error) {
	if !exists(cfg.directoryPath()) {
		return nil, nil
	}
	d, err := openDirectory(c.Context, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	// The pepper of a closed directory still makes aliases.
	erased, err = d.Erased(c.Context)
	return erased, errors.Join(err, d.Close())
}

func were(events int) string {
	if events == 1 {
		return "1 event was"
	}
	return fmt.Sprintf("%d events were", events)
}

func checkImport(c *cli.Context, name string) error {
	in, _, err := openInput(c, name)
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := journal.CheckImport(in); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
