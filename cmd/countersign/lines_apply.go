package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/change"
	"countersign/session/shared"
	"countersign/store/audit"
)

func linesApply(c *cli.Context) error {
	if c.IsSet("if-version") && c.NArg() > 1 {
		return wrongUse("--if-version takes exactly one file")
	}
	if c.IsSet("against") && !c.Bool("dry-run") {
		return wrongUse("--against needs --dry-run: it runs recorded calls and changes nothing")
	}
	stage, err := stagingOf(c)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	files, err := readFiles(c, cfg)
	if err != nil {
		return nothingChanged(c, err)
	}
	unspoken := map[string]string{}
	if !c.Bool("dry-run") {
		unspoken = speakFirst(c, cfg, files)
	}
	return withLines(c, func(ctx context.Context, cfg config, stored *bus.Lines) error {
		changes, err := plan(ctx, c, cfg, stored, files)
		if err != nil {
			return nothingChanged(c, err)
		}
		if !c.Bool("dry-run") {
			tellUnspoken(changes, unspoken)
			err = carryOut(ctx, c, cfg, stored, changes, stage, audit.LineApplied)
			if cfg.needsTwo() {
				return err
			}
		}
		if c.IsSet("against") {
			return reportAgainst(c, cfg, changes, files)
		}
		return errors.Join(err, report(c, changes))
	})
}

// nothingChanged prints the problems of files, and returns that nothing was changed.
func nothingChanged(c *cli.Context, err error) error {
	var problems lines.Problems
	if !errors.As(err, &problems) {
		return err
	}
	fmt.Fprintln(c.App.ErrWriter, printableLines(problems.Error()))
	return fmt.Errorf("%s found; nothing was changed", counted(len(problems), "problem"))
}

// plan compares files with the lines in force.
func plan(
	ctx context.Context, c *cli.Context, cfg config, stored *bus.Lines, files []change.File,
) ([]*change.Change, error) {
	inForce, err := stored.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if !c.IsSet("if-version") {
			break
		}
		var have shared.LineVersion // not there
		for _, s := range inForce {
			if s.Name == f.Def.Line {
				have = s
			}
		}
		if expected := c.Int("if-version"); expected != have.Version {
			return nil, &bus.ConflictError{Name: f.Def.Line, Expected: expected, Have: have}
		}
	}
	return change.Plan(inForce, files, change.Options{Region: cfg.Line.Region, Recorded: audio(cfg)})
}

// carryOut puts changes in force, or keeps them as drafts where a second person publishes.
func carryOut(
	ctx context.Context, c *cli.Context, cfg config, stored *bus.Lines, changes []*change.Change, stage staging, action string,
) error {
	if !cfg.needsTwo() {
		return putInForce(ctx, c, cfg, stored, changes, stage, action)
	}
	if stage != nil {
		return wrongUse("--share: lines.approval is two, so whoever publishes the draft says with which share")
	}
	return saveDrafts(c, changes)
}

// putInForce puts changes in force one after the other. If somebody else changed a line meanwhile, the changes before it
// stay in force, and the error names them.
func putInForce(
	ctx context.Context, c *cli.Context, cfg config, stored *bus.Lines, changes []*change.Change, stage staging, action string,
) error {
	var done []string
	for _, ch := range changes {
		if ch.Same && stage == nil {
			continue
		}
		put := bus.Change{Author: author(c), Comment: c.String("comment"), ExpectedVersion: ch.From, Summary: ch.Changes}
		if stage != nil {
			have, err := stored.Get(ctx, ch.Line)
			if err != nil && !errors.Is(err, shared.ErrNotFound) {
				return err
			}
			if put.Staged, err = stage(have, ch); err != nil {
				return err
			}
			ch.Percent, ch.Same = put.Staged.Percent, false
		}
		s, err := stored.Put(ctx, ch.Line, ch.Text, put)
		if err = announced(c, err); err != nil {
			if len(done) > 0 {
				return fmt.Errorf("%w (%s was changed before that)", err, strings.Join(done, ", "))
			}
			return fmt.Errorf("%w; nothing was changed", err)
		}
		ch.To = s.Version
		done = append(done, ch.Line)
		if err := auditChange(c, cfg, ch, action, ""); err != nil {
			return err
		}
	}
	return nil
}

// auditChange adds an entry about a change.
func auditChange(c *cli.Context, cfg config, ch *change.Change, action, more string) error {
	return auditDone(c, cfg, action, "line "+ch.Line, fmt.Sprintf("version %d → %d%s", ch.From, ch.To, more))
}

func report(c *cli.Context, changes []*change.Change) error {
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(changes)
	}
	for _, ch := range changes {
		printChange(c.App.Writer, ch)
		warn(c.App.ErrWriter, ch.Warnings)
		if ch.Unspoken != "" {
			fmt.Fprintf(c.App.ErrWriter, "note: %s: %s\n", ch.Line, printable(ch.Unspoken))
		}
	}
	return nil
}

// tellUnspoken notes with the changes which words are not heard yet.
func tellUnspoken(changes []*change.Change, unspoken map[string]string) {
	for _, ch := range changes {
		if !ch.Same {
			ch.Unspoken = unspoken[ch.Line]
		}
	}
}

func printChange(to io.Writer, ch *change.Change) {
	switch {
	case ch.Same:
		fmt.Fprintf(to, "%s: nothing changes, version %d stays\n", ch.Line, ch.From)
		return
	case ch.To == 0 && ch.From == 0:
		fmt.Fprintf(to, "%s: not changed, would be version 1\n", ch.Line)
	case ch.To == 0:
		fmt.Fprintf(to, "%s: not changed, version %d stays\n", ch.Line, ch.From)
	case ch.From == 0:
		fmt.Fprintf(to, "%s: version %d, in force with the next call\n", ch.Line, ch.To)
	default:
		fmt.Fprintf(to, "%s: version %d → %d, in force with the next call%s\n", ch.Line, ch.From, ch.To, shareText(ch.Percent))
	}
	for _, s := range ch.Changes {
		fmt.Fprintln(to, "  "+printable(s))
	}
}

func shareText(percent int) string {
	if percent == 0 {
		return ""
	}
	return fmt.Sprintf(", for %d%% of the calls", percent)
}
