package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/lines"
	"countersign/lines/change"
	"countersign/lines/whatif"
	"countersign/ops/replay"
)

// Default limits of listed calls.
const (
	defaultListed = 20
	listedAsJSON  = 10_000
)

// listed is how many calls a command lists.
func listed(c *cli.Context) int {
	switch {
	case c.IsSet("limit"):
		return max(0, c.Int("limit"))
	case c.Bool("json"):
		return listedAsJSON
	}
	return defaultListed
}

func replayWhatIf(c *cli.Context, cfg config, source string) error {
	var defs []*lines.Definition
	var wrong lines.Problems
	for _, name := range c.StringSlice("what-if") {
		text, err := readFile(c, name)
		if err != nil {
			return err
		}
		def, err := lines.Parse(name, text)
		var problems lines.Problems
		if errors.As(err, &problems) {
			wrong = append(wrong, problems...)
			continue
		}
		defs = append(defs, def)
	}
	if len(wrong) > 0 {
		return nothingChanged(c, wrong)
	}
	t, err := tryLines(c, cfg, source, defs)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(t)
	}
	printTried(c.App.Writer, t)
	return nil
}

// reportAgainst prints what a change would do, and what it would have done to recorded calls.
func reportAgainst(c *cli.Context, cfg config, changes []*change.Change, files []change.File) error {
	var defs []*lines.Definition
	for _, f := range files {
		defs = append(defs, f.Def)
	}
	t, err := tryLines(c, cfg, c.String("against"), defs)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(struct {
			Changes []*change.Change `json:"changes"`
			Against *replay.Tried    `json:"against"`
		}{changes, t})
	}
	if err := report(c, changes); err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer)
	printTried(c.App.Writer, t)
	return nil
}

// tryLines runs recorded calls on lines.
func tryLines(c *cli.Context, cfg config, source string, defs []*lines.Definition) (t *replay.Tried, err error) {
	bar := newProgress(c.App.ErrWriter, "run", "calls", 0)
	defer bar.done()
	o := replay.TryOptions{
		Lines: defs, Region: cfg.Line.Region, PopURL: cfg.Line.PopURL, Limit: listed(c),
		Progress: func(calls int) { bar.at(calls, int64(calls)) },
	}
	err = withRecorded(c, cfg, source, func(from replay.Source) error {
		t, err = replay.Try(c.Context, from, o)
		return err
	})
	return t, err
}

func printTried(to io.Writer, t *replay.Tried) {
	fmt.Fprintf(to, "%s run on %s: %s, %d differently, %d unknown\n",
		counted(t.Calls, "call"), strings.Join(t.Lines, ", "), endsSame(t.Same), t.Changed, t.Unknown)
	if t.Others > 0 {
		fmt.Fprintf(to, "%s of other lines left out\n", counted(t.Others, "call"))
	}
	if t.Tests > 0 {
		fmt.Fprintf(to, "%s of staff left out\n", counted(t.Tests, "test call"))
	}
	printCounts(to, "Ended differently:", t.Changes)
	printCounts(to, "Unknown, because the events do not show:", t.Doubts)
	if len(t.Listed) == 0 {
		return
	}
	fmt.Fprintln(to, "\nCalls that end differently:")
	for _, r := range t.Listed {
		why := r.Why
		if r.Step != "" {
			why = r.Step + ": " + why
		}
		fmt.Fprintln(to, printable(fmt.Sprintf("  %s  %s  %s  %s → %s; %s",
			r.Started.Local().Format(time.DateTime), shortCall(r.Call), r.Line, r.Before, r.After, why)))
	}
	if more := t.Changed - len(t.Listed); more > 0 {
		fmt.Fprintf(to, "  and %d more: replay --what-if lists N of them with --limit N\n", more)
	}
}

func printCounts(to io.Writer, title string, counts []whatif.Count) {
	if len(counts) == 0 {
		return
	}
	fmt.Fprintln(to, "\n"+title)
	for _, n := range counts {
		fmt.Fprintf(to, "%8d  %s\n", n.Calls, printable(n.What))
	}
}

func endsSame(n int) string {
	if n == 1 {
		return "1 ends as it did"
	}
	return fmt.Sprintf("%d end as they did", n)
}
