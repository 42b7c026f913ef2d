package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"countersign/lines"
	"countersign/lines/change"
	"countersign/lines/whatif"
	"countersign/session/event"

	"github.com/urfave/cli/v2"
)

// How many calls are listed unless somebody wants another number. They are held in memory until all calls have been run.
const (
	defaultListed = 20
	listedAsJSON  = 10_000
)

// tried is what became of recorded calls on other lines.
type tried struct {
	Lines []string `json:"lines"`
	whatif.Summary
	// Others is how many calls were of other lines, and not run.
	Others int `json:"others"`
	// Listed are the calls that end otherwise, at most limit of them, those that started first.
	Listed []whatif.Result `json:"listed"`
	limit  int
}

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

// list adds a call, and now and then leaves out those that are too many.
func (t *tried) list(r whatif.Result) {
	if t.Listed = append(t.Listed, r); len(t.Listed)/2 > t.limit {
		t.first()
	}
}

// first leaves the calls that started first.
func (t *tried) first() {
	slices.SortStableFunc(t.Listed, func(a, b whatif.Result) int { return a.Started.Compare(b.Started) })
	if len(t.Listed) > t.limit {
		clear(t.Listed[t.limit:])
		t.Listed = t.Listed[:t.limit]
	}
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
	t.print(c.App.Writer)
	return nil
}

// reportAgainst says what a change would do, and what it would have done to recorded calls.
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
			Against *tried           `json:"against"`
		}{changes, t})
	}
	if err := report(c, changes); err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer)
	t.print(c.App.Writer)
	return nil
}

// tryLines runs recorded calls on lines.
func tryLines(c *cli.Context, cfg config, source string, defs []*lines.Definition) (*tried, error) {
	trial, err := whatif.New(defs, whatif.Options{Region: cfg.Line.Region, PopURL: cfg.Line.PopURL})
	if err != nil {
		return nil, err
	}
	t := &tried{Lines: []string{}, Summary: whatif.Summary{Changes: []whatif.Count{}, Doubts: []whatif.Count{}}, Listed: []whatif.Result{}, limit: listed(c)}
	for _, def := range defs {
		t.Lines = append(t.Lines, def.Line)
	}
	bar := newProgress(c.App.ErrWriter, "run", "calls", 0)
	defer bar.done()
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	calls := make(chan []event.Event, 256)
	var reading error
	go func() {
		defer close(calls)
		reading = gather(ctx, c, cfg, source, calls)
	}()
	for events := range calls {
		if !trial.Has(events[0].Line) {
			t.Others++
			continue
		}
		r := trial.Run(ctx, events)
		if t.Add(r); r.Verdict == whatif.Changed {
			t.list(r)
		}
		bar.at(t.Calls, int64(t.Calls))
	}
	if reading == nil && c.Context.Err() != nil {
		reading = context.Cause(c.Context)
	}
	t.first()
	return t, reading
}

// gather reads calls, whole ones first.
func gather(ctx context.Context, c *cli.Context, cfg config, source string, to chan<- []event.Event) error {
	var g whatif.Gather
	send := func(call []event.Event) error {
		select {
		case to <- call:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := recorded(c, cfg, source, whatif.Read, func(e event.Event) error {
		if call := g.Add(e); call != nil {
			return send(call)
		}
		return nil
	})
	for _, call := range g.Rest() {
		if err == nil {
			err = send(call)
		}
	}
	return err
}

func (t *tried) print(to io.Writer) {
	fmt.Fprintf(to, "%s run on %s: %s, %d otherwise, %d unknown\n", counted(t.Calls, "call"), strings.Join(t.Lines, ", "), endsSame(t.Same), t.Changed, t.Unknown)
	if t.Others > 0 {
		fmt.Fprintf(to, "%s of other lines left out\n", counted(t.Others, "call"))
	}
	for _, part := range []struct {
		title  string
		counts []whatif.Count
	}{{"Otherwise:", t.Changes}, {"Unknown, because the events do not tell:", t.Doubts}} {
		if len(part.counts) == 0 {
			continue
		}
		fmt.Fprintln(to, "\n"+part.title)
		for _, n := range part.counts {
			fmt.Fprintf(to, "%8d  %s\n", n.Calls, printable(n.What))
		}
	}
	if len(t.Listed) == 0 {
		return
	}
	fmt.Fprintln(to, "\nThe calls that end otherwise:")
	for _, r := range t.Listed {
		why := r.Why
		if r.Step != "" {
			why = r.Step + ": " + why
		}
		fmt.Fprintln(to, printable(fmt.Sprintf("  %s  %s  %s  %s → %s; %s", r.Started.Local().Format(time.DateTime), shortCall(r.Call), r.Line, r.Before, r.After, why)))
	}
	if more := t.Changed - len(t.Listed); more > 0 {
		fmt.Fprintf(to, "  and %d more: replay --what-if lists N of them with --limit N\n", more)
	}
}

func endsSame(n int) string {
	if n == 1 {
		return "1 ends as it did"
	}
	return fmt.Sprintf("%d end as they did", n)
}
