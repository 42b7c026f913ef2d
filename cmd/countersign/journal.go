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
		Usage: "what happened on every call: write it to a file, read it from one",
		Description: "A file has one event a line, as CloudEvents JSON, in the order in which they were journalled. It names customers: keep it as you keep the journal.\n" +
			"A customer who is erased later is still in it, and is taken out when it is imported.",
		Subcommands: []*cli.Command{
			{
				Name: "export", Usage: "write the events of calls to a file",
				Description: "Calls are exported whole, those that started in the time asked for. Calls may go on meanwhile.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "from", Usage: "begin with this `TIME`, such as 2026-11-21 or 2026-11-21T08:00:00+01:00"},
					&cli.StringFlag{Name: "to", Usage: "end before this `TIME`, or with the end of that day"},
					&cli.StringSliceFlag{Name: "call", Usage: "only the call with this `ID`, or the end of it (may be repeated)"},
					&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, which only its owner may read; - is standard output"},
					authorFlag(),
				},
				Action: journalExport,
			},
			{
				Name: "import", Usage: "take the events of a file into the journal of --data", ArgsUsage: "FILE",
				Description: "Events that are there already stay as they are, and nothing is published again, so reports do not get them. One line that is no event, and nothing is imported. \"-\" reads standard\n" +
					"input: then what is before such a line is imported. Customers who were erased from --data since then are taken out of their calls.",
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
		return fmt.Errorf("there is no journal: %s does not exist. \"countersign serve\" makes it; --data says where it is", cfg.journalPath())
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

// exportedFrom says which part of the journal was asked for.
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

// findCall finds the call with an id, or whose id ends so: watch shows the end.
func findCall(ctx context.Context, j *journal.Reader, cfg config, idOrEnd string) (string, error) {
	calls, err := j.Find(ctx, idOrEnd)
	switch {
	case err != nil:
		return "", err
	case len(calls) == 0:
		return "", fmt.Errorf("there is no call %q in %s", idOrEnd, cfg.journalPath())
	case len(calls) > 1:
		return "", fmt.Errorf("%d calls or more end with %q: write more of it, such as %s", len(calls), idOrEnd, calls[0])
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
		err = fmt.Errorf("%s: %w; %s imported before that, and left out next time", name, err, were(done.New))
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
	fmt.Fprintf(c.App.Writer, "%s imported, %d were there already; none is published again\n", counted(done.New, "event"), done.Events-done.New)
	if done.Erased > 0 {
		fmt.Fprintf(c.App.Writer, "%s named a customer who was erased, and nobody now\n", counted(done.Erased, "call"))
	}
	return nil
}

// erasedCustomers are those erased from --data: only the directory knows.
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
