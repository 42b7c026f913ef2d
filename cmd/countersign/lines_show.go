package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/lines"
	"countersign/session/shared"
)

// shownLine is a version of a line, as JSON. The built-in line has version 0.
type shownLine struct {
	Line string `json:"line"`
	shared.LineVersion
	BuiltIn bool `json:"built_in,omitempty"`
}

func builtIn() shownLine {
	def, text := lines.Default()
	return shownLine{
		Line: def.Line, BuiltIn: true,
		LineVersion: shared.LineVersion{Name: def.Line, YAML: string(text), Author: "countersign"},
	}
}

func shownStored(s shared.LineVersion) shownLine { return shownLine{Line: s.Name, LineVersion: s} }

func linesShow(c *cli.Context) error {
	if c.NArg() == 0 {
		if c.IsSet("version") {
			return wrongUse("--version needs the name of a line")
		}
		return linesList(c)
	}
	version := c.Int("version")
	if c.NArg() == 2 && !c.IsSet("version") {
		var err error
		if version, err = lineVersion(c.Args().First(), c.Args().Get(1)); err != nil {
			return err
		}
	} else if err := arguments(c, 1, "the line's name, and perhaps a version"); err != nil {
		return err
	}
	err := withLines(c, func(ctx context.Context, _ config, stored *bus.Lines) error {
		l, err := find(ctx, stored, c.Args().First(), version)
		if err != nil {
			return err
		}
		return showFile(c, l)
	})
	if def, text := lines.Default(); errors.Is(err, bus.ErrAway) && c.Args().First() == def.Line && version == 0 {
		fmt.Fprintln(c.App.ErrWriter, "note: NATS is away, so this is the built-in line")
		_, err = c.App.Writer.Write(text)
	}
	return err
}

// lineVersion reads the number of a version.
func lineVersion(name, text string) (int, error) {
	version, err := strconv.Atoi(text)
	if err != nil || version < 1 {
		return 0, wrongUse("%q is not a version: give a number from 1, see countersign lines history %s", text, name)
	}
	return version, nil
}

func showFile(c *cli.Context, l shownLine) error {
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(l)
	}
	if l.BuiltIn {
		fmt.Fprintln(c.App.ErrWriter, "note: this is the built-in line; no line of your own has its name yet")
	}
	_, err := fmt.Fprint(c.App.Writer, l.YAML)
	return err
}

// find returns a line in force, or an earlier version of it. The built-in line is found unless another has its name.
func find(ctx context.Context, stored *bus.Lines, name string, version int) (shownLine, error) {
	if version == 0 {
		s, err := stored.Get(ctx, name)
		if b := builtIn(); errors.Is(err, shared.ErrNotFound) && name == b.Line {
			return b, nil
		}
		return shownStored(s), unknownLine(name, err)
	}
	history, err := stored.History(ctx, name)
	if err != nil {
		return shownLine{}, unknownLine(name, err)
	}
	for _, s := range history {
		if s.Version == version && s.Removed {
			return shownLine{}, fmt.Errorf("version %d of line %s is its removal: it has no file", version, name)
		}
		if s.Version == version {
			return shownStored(s), nil
		}
	}
	return shownLine{}, fmt.Errorf("line %s has no version %d: its history has %d to %d", name, version,
		history[len(history)-1].Version, history[0].Version)
}

func unknownLine(name string, err error) error {
	if errors.Is(err, shared.ErrNotFound) {
		return fmt.Errorf("there is no line %q; countersign lines list shows them", name)
	}
	return err
}

// linesList lists the lines in force, or prints the built-in one if there are none.
func linesList(c *cli.Context) error {
	return withLines(c, func(ctx context.Context, _ config, stored *bus.Lines) error {
		all, err := stored.All(ctx)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return showFile(c, builtIn())
		}
		if c.Bool("json") {
			return printLinesAs(c.App.Writer, all, shownStored)
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "LINE\tVERSION\tNUMBERS\tCHANGED\tBY")
		for _, s := range all {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", s.Name, s.Version, numbersOf(s), s.At.Local().Format(time.DateTime),
				printable(s.Author))
		}
		return w.Flush()
	})
}

func numbersOf(s shared.LineVersion) string {
	def, err := lines.Parse("line "+s.Name, []byte(s.YAML))
	if err != nil {
		return "not in force: it cannot be read"
	}
	var numbers []string
	for _, n := range def.Numbers {
		numbers = append(numbers, string(n))
	}
	return orDash(strings.Join(numbers, ", "))
}

func linesHistory(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the line's name"); err != nil {
		return err
	}
	return withLines(c, func(ctx context.Context, _ config, stored *bus.Lines) error {
		history, err := stored.History(ctx, c.Args().First())
		if err != nil {
			return unknownLine(c.Args().First(), err)
		}
		out := json.NewEncoder(c.App.Writer)
		for _, s := range history {
			if c.Bool("json") {
				if err := out.Encode(shownStored(s)); err != nil {
					return err
				}
				continue
			}
			head := fmt.Sprintf("version %d  %s  %s", s.Version, s.At.Local().Format(time.DateTime), s.Author)
			switch {
			case s.Removed:
				head += "  removed"
			case s.RolledBackTo > 0:
				head += fmt.Sprintf("  rolled back to %d", s.RolledBackTo)
			}
			if s.Comment != "" {
				head += "  " + s.Comment
			}
			fmt.Fprintln(c.App.Writer, printable(head))
			for _, x := range s.Summary {
				fmt.Fprintln(c.App.Writer, "  "+printable(x))
			}
		}
		return nil
	})
}

// compared is what "lines diff" compares: version from (0: the one in force) with a file, or with version to.
type compared struct {
	from, to int
	file     string
}

func toCompare(c *cli.Context) (compared, error) {
	name, first := c.Args().First(), c.Args().Get(1)
	_, notVersion := strconv.Atoi(first)
	switch options := c.IsSet("from") || c.IsSet("to"); {
	case options && c.NArg() > 1:
		return compared{}, wrongUse("give a file, versions, or --from and --to")
	case options && !c.IsSet("from"):
		return compared{}, wrongUse("--to needs --from, the earlier version")
	case options:
		return compared{from: c.Int("from"), to: c.Int("to")}, arguments(c, 1, "the line's name, with --from")
	case c.NArg() == 2 && notVersion != nil:
		return compared{file: first}, nil
	case c.NArg() == 2 || c.NArg() == 3:
		from, err := lineVersion(name, first)
		to := 0
		if err == nil && c.NArg() == 3 {
			to, err = lineVersion(name, c.Args().Get(2))
		}
		return compared{from: from, to: to}, err
	}
	return compared{}, arguments(c, 2, "the line's name and a file, or one or two versions")
}

func linesDiff(c *cli.Context) error {
	compare, err := toCompare(c)
	if err != nil {
		return err
	}
	name := c.Args().First()
	return withLines(c, func(ctx context.Context, _ config, stored *bus.Lines) error {
		from, err := definition(find(ctx, stored, name, compare.from))
		if err != nil {
			return err
		}
		to, err := otherDefinition(ctx, c, stored, name, compare)
		if err != nil {
			return err
		}
		changes := lines.Diff(from, to)
		if c.Bool("json") {
			return json.NewEncoder(c.App.Writer).Encode(map[string]any{"line": name, "changes": append([]string{}, changes...)})
		}
		for _, s := range changes {
			fmt.Fprintln(c.App.Writer, printable(s))
		}
		if len(changes) == 0 {
			fmt.Fprintln(c.App.ErrWriter, "no differences")
		}
		return nil
	})
}

// otherDefinition is what a line is compared with: a file, a version, or the line in force.
func otherDefinition(
	ctx context.Context, c *cli.Context, stored *bus.Lines, name string, compare compared,
) (*lines.Definition, error) {
	if compare.file == "" {
		return definition(find(ctx, stored, name, compare.to))
	}
	text, err := readFile(c, compare.file)
	if err != nil {
		return nil, err
	}
	return lines.Parse(compare.file, text)
}

// definition parses a version of a line.
func definition(l shownLine, err error) (*lines.Definition, error) {
	if err != nil {
		return nil, err
	}
	return lines.Parse(fmt.Sprintf("%s version %d", l.Line, l.Version), []byte(l.YAML))
}
