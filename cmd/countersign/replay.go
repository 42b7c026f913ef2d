package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/ops/replay"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/store/journal"
)

func replayCommand() *cli.Command {
	return &cli.Command{
		Name:  "replay",
		Usage: "replay a call step by step, or run many calls on other lines",
		Description: "CALL is the id of a call in the journal of --data, or the end of it as watch shows it; FILE has " +
			"events as\n" +
			"\"journal export\" writes them; last:N are the N calls that started last. \"-\" reads standard input.\n" +
			"--what-if runs recorded calls on other lines, each on the line with its name, and reports which would have " +
			"ended\n" +
			"differently and why. What the events do not show, such as the answer to a question that was never asked, is " +
			"unknown. A\n" +
			"right answer stays right, however many digits the line asks for; locks that a call met apply again.",
		ArgsUsage: "CALL|FILE|last:N",
		Flags: []cli.Flag{
			&cli.Float64Flag{
				Name: "speed", Usage: "run time `N` times as fast; 0 shows everything at once", Value: 1,
			},
			&cli.BoolFlag{
				Name: "publish", Usage: "publish the events on NATS again, marked as a replay, which reports ignore; calls of " +
					"erased customers in a FILE are left out",
			},
			natsFlag(),
			&cli.StringSliceFlag{Name: "what-if", Usage: "run the calls on the line in `FILE` (may be repeated)"},
			&cli.IntFlag{
				Name: "limit", Usage: "with --what-if: list at most `N` calls that end differently, in the order they started; " +
					"default with --json: 10000", Value: defaultListed,
			},
			&cli.BoolFlag{Name: "json", Usage: "print JSON: one event per line, or the result of --what-if"},
			authorFlag(),
		},
		Action: replayAction,
	}
}

func replayAction(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, a call or a file"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	speed, source := c.Float64("speed"), c.Args().First()
	switch {
	case c.IsSet("what-if") && (c.Bool("publish") || c.IsSet("speed")):
		return wrongUse("--what-if cannot be combined with --speed or --publish")
	case c.IsSet("what-if"):
		return replayWhatIf(c, cfg, source)
	case !(speed >= 0):
		return wrongUse("--speed %v: it must be 0 or more", speed)
	case c.Bool("publish") && source == "-":
		return wrongUse("--publish reads a file twice, to leave out calls of erased customers: name a file instead of -")
	}
	show := func(e event.Event) error {
		if c.Bool("json") {
			return json.NewEncoder(c.App.Writer).Encode(e)
		}
		_, err := fmt.Fprintln(c.App.Writer, eventLine(e))
		return err
	}
	if !c.Bool("publish") {
		return showAgain(c, cfg, source, speed, show)
	}
	return withState(c, cfg, func(_ context.Context, state *bus.State) error {
		return publishAgain(c, cfg, source, replay.PublishOptions{To: state, Speed: speed, Each: show})
	})
}

// showAgain shows events. Journal events that go to a file or a pipe are an export.
func showAgain(c *cli.Context, cfg config, source string, speed float64, show func(event.Event) error) error {
	return withRecorded(c, cfg, source, func(from replay.Source) error {
		n, err := replay.Tell(c.Context, from, speed, show)
		if n > 0 && !from.IsFile() && !isTerminal(c.App.Writer) {
			err = errors.Join(err, auditDone(c, cfg, audit.Exported, "journal", counted(n, "event")+" by replay"))
		}
		return err
	})
}

// publishAgain publishes events on NATS again.
func publishAgain(c *cli.Context, cfg config, source string, o replay.PublishOptions) error {
	o.Keep = time.Duration(cfg.Retention.Journal)
	o.Erased = func(context.Context) (event.Erased, error) { return erasedCustomers(c, cfg) }
	return withRecorded(c, cfg, source, func(from replay.Source) error {
		p, err := replay.Publish(c.Context, from, o)
		if p.ID == "" {
			return err
		}
		to := c.App.ErrWriter
		fmt.Fprintf(to, "%s published as replay %s\n", counted(p.Events, "event"), p.ID)
		if p.Erased > 0 {
			fmt.Fprintf(to, "%s left out: the customer was erased since\n", counted(p.Erased, "call"))
		}
		if p.Old > 0 {
			fmt.Fprintf(to, "%s left out: older than retention.journal, %s\n", counted(p.Old, "event"), o.Keep)
		}
		if p.Events > 0 {
			err = errors.Join(err, auditDone(c, cfg, audit.Replayed, "journal", counted(p.Events, "event")+" as "+p.ID))
		}
		return err
	})
}

// withRecorded runs f on the calls that a command names: one call, the last calls, or those in a file.
func withRecorded(c *cli.Context, cfg config, source string, f func(replay.Source) error) error {
	last, isLast := strings.CutPrefix(source, "last:")
	var calls journal.ExportOptions
	switch {
	case isLast:
		n, err := strconv.Atoi(last)
		if err != nil || n < 1 {
			return wrongUse("%q: write last:1000 for the last 1000 calls", source)
		}
		calls.Last = n
	case source == "-" || exists(source):
		return f(replay.FromFile(source, func() (io.ReadCloser, error) {
			in, _, err := openInput(c, source)
			return in, err
		}))
	case strings.ContainsAny(source, `/\`) || !exists(cfg.journalPath()):
		return fmt.Errorf("there is no file %s, and no journal %s to look for a call in", source, cfg.journalPath())
	}
	return readJournal(c.Context, cfg, func(j *journal.Reader) error {
		if !isLast {
			call, err := findCall(c.Context, j, cfg, source)
			if err != nil {
				return err
			}
			calls.Calls = []string{call}
		}
		return f(replay.FromJournal(j, calls))
	})
}
