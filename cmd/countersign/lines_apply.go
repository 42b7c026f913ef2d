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
	"countersign/session/shared"
	"countersign/store/audit"
)

// change is what happens to a line.
type change struct {
	Line string `json:"line"`
	// From is the version that was in force, 0 if there was none, To the one that is now; 0 if nothing was changed.
	From int `json:"from"`
	To   int `json:"to"`
	// Changes has one entry for each thing that is different.
	Changes  []string       `json:"changes"`
	Warnings lines.Problems `json:"warnings"`

	same bool // to the letter
	text string
}

// commentsOnly is the summary of a change that changes no setting.
const commentsOnly = "comments or layout only"

func linesApply(c *cli.Context) error {
	if c.IsSet("if-version") && c.NArg() > 1 {
		return wrongUse("--if-version is about one line: give one file")
	}
	if c.IsSet("against") && !c.Bool("dry-run") {
		return wrongUse("--against says what would become of recorded calls: it goes with --dry-run")
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	files, err := readFiles(c, cfg)
	if err != nil {
		return nothingChanged(c, err)
	}
	return withLines(c, func(ctx context.Context, cfg config, stored *bus.Lines) error {
		changes, err := plan(ctx, c, cfg, stored, files)
		if err != nil {
			return nothingChanged(c, err)
		}
		if !c.Bool("dry-run") {
			err = carryOut(ctx, c, cfg, stored, changes, audit.LineApplied)
		}
		if c.IsSet("against") {
			return reportAgainst(c, cfg, changes, files)
		}
		return errors.Join(err, report(c, changes))
	})
}

// nothingChanged shows what is wrong with files, and says that this was all.
func nothingChanged(c *cli.Context, err error) error {
	var problems lines.Problems
	if !errors.As(err, &problems) {
		return err
	}
	fmt.Fprintln(c.App.ErrWriter, printableLines(problems.Error()))
	return fmt.Errorf("%s to correct; nothing was changed", counted(len(problems), "problem"))
}

// plan compares files with the lines in force. It refuses numbers that a line in force has.
func plan(ctx context.Context, c *cli.Context, cfg config, stored *bus.Lines, files []lineFile) ([]*change, error) {
	inForce, err := stored.All(ctx)
	if err != nil {
		return nil, err
	}
	before := map[string]shared.LineVersion{}
	for _, s := range inForce {
		before[s.Name] = s
	}
	var changes []*change
	var after []*lines.Definition
	for _, f := range files {
		ch, err := compare(before[f.def.Line], f)
		if err != nil {
			return nil, err
		}
		if ch.From = before[f.def.Line].Version; c.IsSet("if-version") && c.Int("if-version") != ch.From {
			return nil, &bus.ConflictError{Name: f.def.Line, Expected: c.Int("if-version"), Have: before[f.def.Line]}
		}
		ch.Warnings = append(lines.Problems{}, f.def.Warnings(audio(cfg))...)
		changes = append(changes, ch)
		delete(before, f.def.Line)
		after = append(after, f.def)
	}
	var others []*lines.Definition
	for _, s := range inForce {
		if _, other := before[s.Name]; !other {
			continue
		}
		if def, err := lines.Parse("line "+s.Name, []byte(s.YAML)); err == nil { // one that is damaged is not in force
			others = append(others, def)
		}
	}
	if conflicts := lines.Conflicts(append(others, after...), cfg.Line.Region); len(conflicts) > 0 {
		return nil, conflicts
	}
	return changes, nil
}

// compare says what is different in a file from what is in force.
func compare(before shared.LineVersion, f lineFile) (*change, error) {
	ch := &change{Line: f.def.Line, text: string(f.text), same: before.YAML == string(f.text)}
	if before.Version == 0 {
		ch.Changes = []string{"new line"}
		return ch, nil
	}
	have, err := lines.Parse("line "+before.Name, []byte(before.YAML))
	if err != nil { // a version of another release, or by another tool
		ch.Changes = []string{"all of it: the version before cannot be read"}
		return ch, nil
	}
	if ch.Changes = lines.Diff(have, f.def); len(ch.Changes) == 0 {
		ch.Changes = []string{}
		if !ch.same {
			ch.Changes = append(ch.Changes, commentsOnly)
		}
	}
	return ch, nil
}

// carryOut puts changes in force, one after the other. If somebody else was faster with one, those before it are in force, and it says so.
func carryOut(ctx context.Context, c *cli.Context, cfg config, stored *bus.Lines, changes []*change, action string) error {
	var done []string
	for _, ch := range changes {
		if ch.same {
			continue
		}
		s, err := stored.Put(ctx, ch.Line, ch.text, bus.Change{
			Author: author(c), Comment: c.String("comment"), ExpectedVersion: ch.From, Summary: ch.Changes,
		})
		if err = announced(c, err); err != nil {
			if len(done) > 0 {
				return fmt.Errorf("%w (%s was changed before that)", err, strings.Join(done, ", "))
			}
			return fmt.Errorf("%w; nothing was changed", err)
		}
		ch.To = s.Version
		done = append(done, ch.Line)
		if err := ch.audit(c, cfg, action, ""); err != nil {
			return err
		}
	}
	return nil
}

// audit leaves an entry about the change.
func (ch *change) audit(c *cli.Context, cfg config, action, more string) error {
	return auditDone(c, cfg, action, "line "+ch.Line, fmt.Sprintf("version %d → %d%s", ch.From, ch.To, more))
}

func report(c *cli.Context, changes []*change) error {
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(changes)
	}
	for _, ch := range changes {
		ch.print(c.App.Writer)
		warn(c.App.ErrWriter, ch.Warnings)
	}
	return nil
}

func (ch *change) print(to io.Writer) {
	switch {
	case ch.same:
		fmt.Fprintf(to, "%s: nothing changes, version %d stays\n", ch.Line, ch.From)
		return
	case ch.To == 0 && ch.From == 0:
		fmt.Fprintf(to, "%s: not changed, would be version 1\n", ch.Line)
	case ch.To == 0:
		fmt.Fprintf(to, "%s: not changed, version %d stays\n", ch.Line, ch.From)
	case ch.From == 0:
		fmt.Fprintf(to, "%s: version %d, in force with the next call\n", ch.Line, ch.To)
	default:
		fmt.Fprintf(to, "%s: version %d → %d, in force with the next call\n", ch.Line, ch.From, ch.To)
	}
	for _, s := range ch.Changes {
		fmt.Fprintln(to, "  "+printable(s))
	}
}
