package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/store/journal"
)

func replayCommand() *cli.Command {
	return &cli.Command{
		Name:  "replay",
		Usage: "a call once more, step by step; or many calls on other lines",
		Description: "CALL is the id of a call in the journal of --data, or its end as watch shows it; FILE has events, as \"journal export\" writes them; last:N are the N calls\n" +
			"that started last. \"-\" reads standard input.\n" +
			"--what-if runs recorded calls on other lines, each on the line of its own name, and says which would have ended otherwise and why. What the events do\n" +
			"not tell, such as the answer to a question that was never asked, is unknown. An answer that was right stays right, however many digits the line asks for;\n" +
			"locks that a call met are met again.",
		ArgsUsage: "CALL|FILE|last:N",
		Flags: []cli.Flag{
			&cli.Float64Flag{Name: "speed", Usage: "let the time run `N` times as fast; 0 shows everything at once", Value: 1},
			&cli.BoolFlag{Name: "publish", Usage: "send the events to NATS once more, marked as a replay: reports leave them out; calls of customers who were erased are left out of a FILE"},
			natsFlag(),
			&cli.StringSliceFlag{Name: "what-if", Usage: "run the calls on the line in `FILE` (may be repeated)"},
			&cli.IntFlag{Name: "limit", Usage: "with --what-if: list at most `N` calls that end otherwise, those that started first; with --json 10000 unless you say", Value: defaultListed},
			&cli.BoolFlag{Name: "json", Usage: "print it as JSON: an event a line, or what became of the calls"},
			authorFlag(),
		},
		Action: replay,
	}
}

func replay(c *cli.Context) error {
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
		return wrongUse("--what-if shows no time and publishes nothing: leave out --speed and --publish")
	case c.IsSet("what-if"):
		return replayWhatIf(c, cfg, source)
	case !(speed >= 0):
		return wrongUse("--speed %v: it must be 0 or more", speed)
	case c.Bool("publish") && source == "-":
		return wrongUse("--publish reads a file twice, to leave out calls of customers who were erased: name the file in place of -")
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
		return publishAgain(c, cfg, state, source, speed, show)
	})
}

// showAgain shows events. What comes from the journal and goes to a file or a pipe is an export.
func showAgain(c *cli.Context, cfg config, source string, speed float64, show func(event.Event) error) error {
	n := 0
	err := retold(c, cfg, source, paced(c.Context, speed, func(e event.Event) error { n++; return show(e) }))
	if n > 0 && !isFile(source) && !isTerminal(c.App.Writer) {
		err = errors.Join(err, auditDone(c, cfg, audit.Exported, "journal", counted(n, "event")+" by replay"))
	}
	return err
}

// publishAgain sends events once more, each once, under the id of this replay, without what only the screen of that time was to show.
func publishAgain(c *cli.Context, cfg config, state *bus.State, source string, speed float64, show func(event.Event) error) error {
	id, err := replayID()
	if err != nil {
		return err
	}
	left, err := newLeftOut(c, cfg, source)
	if err != nil {
		return err
	}
	n := 0
	err = retold(c, cfg, source, paced(c.Context, speed, func(e event.Event) error {
		if out, err := left.out(e); out || err != nil {
			return err
		}
		e.Replay, e.Data = id, withoutNames(e.Data)
		if err := state.Publish(c.Context, e); err != nil {
			return err
		}
		n++
		return show(e)
	}))
	fmt.Fprintf(c.App.ErrWriter, "%s published as replay %s\n", counted(n, "event"), id)
	left.tell(c.App.ErrWriter)
	if n > 0 {
		err = errors.Join(err, auditDone(c, cfg, audit.Replayed, "journal", counted(n, "event")+" as "+id))
	}
	return err
}

// isFile says whether a source is no call in the journal.
func isFile(source string) bool {
	return source == "-" || !strings.HasPrefix(source, "last:") && exists(source)
}

// replayID names a replay: when it was, and some letters for two at the same moment.
func replayID() (string, error) {
	b := make([]byte, 3)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return time.Now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(b), nil
}

// paced calls each with events as far apart as they were, speed times as fast; 0 does not wait.
func paced(ctx context.Context, speed float64, each func(event.Event) error) func(event.Event) error {
	var before time.Time
	return func(e event.Event) error {
		wait := time.Duration(0)
		if speed > 0 && !before.IsZero() {
			wait = time.Duration(float64(e.Time.Sub(before)) / speed)
		}
		before = e.Time
		if wait > 0 {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return each(e)
	}
}

// retold is recorded for whoever takes their time: the journal is asked for one event after the other, so that it is not kept from anything meanwhile, and says
// nothing of a customer who was erased meanwhile.
func retold(c *cli.Context, cfg config, source string, each func(event.Event) error) error {
	if isFile(source) {
		return recordedFile(c, source, event.Parse, each)
	}
	var ids []string
	if err := recorded(c, cfg, source, event.Parse, func(e event.Event) error { ids = append(ids, e.ID); return nil }); err != nil {
		return err
	}
	return readJournal(c.Context, cfg, func(j *journal.Reader) error {
		for _, id := range ids {
			body, found, err := j.Event(c.Context, id)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			e, err := event.Parse(body)
			if err != nil {
				return err
			}
			if err := each(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// recorded reads the events that a command is about: of a call, of the last calls, or of a file.
func recorded(c *cli.Context, cfg config, source string, parse func([]byte) (event.Event, error), each func(event.Event) error) error {
	last, isLast := strings.CutPrefix(source, "last:")
	o := journal.ExportOptions{}
	switch {
	case isLast:
		n, err := strconv.Atoi(last)
		if err != nil || n < 1 {
			return wrongUse("%q: write last:1000 for the last 1000 calls", source)
		}
		o.Last = n
	case isFile(source):
		return recordedFile(c, source, parse, each)
	case strings.ContainsAny(source, `/\`) || !exists(cfg.journalPath()):
		return fmt.Errorf("there is no file %s, and no journal %s to look for a call in", source, cfg.journalPath())
	}
	return readJournal(c.Context, cfg, func(j *journal.Reader) error {
		if !isLast {
			call, err := findCall(c.Context, j, cfg, source)
			if err != nil {
				return err
			}
			o.Calls = []string{call}
		}
		return j.Export(c.Context, o, func(body []byte) error {
			e, err := parse(body)
			if err != nil {
				return err
			}
			return each(e)
		})
	})
}

func recordedFile(c *cli.Context, name string, parse func([]byte) (event.Event, error), each func(event.Event) error) error {
	in, _, err := openInput(c, name)
	if err != nil {
		return err
	}
	defer in.Close()
	return event.SplitLines(in, func(line int, body []byte) error {
		e, err := parse(body)
		if err != nil {
			return fmt.Errorf("%s: %w", name, &event.LineError{Line: line, Err: err})
		}
		return each(e)
	})
}
