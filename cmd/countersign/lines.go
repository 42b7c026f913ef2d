package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/change"
	"countersign/prompts"
)

func linesCommand() *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print it as JSON"}
	who := []cli.Flag{
		natsFlag(),
		&cli.StringFlag{Name: "author", Usage: "who makes the change; default: `USER@HOST` of this machine"},
		&cli.StringFlag{Name: "comment", Usage: "`TEXT` for the history, such as the reason"},
	}
	ifVersion := &cli.IntFlag{Name: "if-version", Usage: "only if the line is still at version `N` (0: no such line)"}
	return &cli.Command{
		Name:  "lines",
		Usage: "manage service lines: who is asked what, and where calls go",
		Description: "A line is a YAML file: \"lines show default\" prints one to start with, and \"lines schema\" lets " +
			"editors complete it. Lines\n" +
			"are kept in NATS with their history. A change takes effect with the next call on every machine; running calls " +
			"keep the\n" +
			"line they started with.",
		Subcommands: []*cli.Command{
			{
				Name: "lint", Usage: "check files and report every problem", ArgsUsage: "FILE …",
				Description: "Changes nothing, and needs no NATS. \"-\" reads standard input.", Flags: []cli.Flag{asJSON},
				Action: linesLint,
			},
			{
				Name: "apply", Usage: "put files in force, from the next call on", ArgsUsage: "FILE …",
				Description: "Changes nothing if any file has a problem, or if two lines would have the same number.",
				Flags: append(append(who, shareFlags()...), ifVersion, &cli.BoolFlag{Name: "dry-run", Usage: "only say what would change"},
					&cli.StringFlag{
						Name:  "against",
						Usage: "with --dry-run: also run the calls of `FILE|last:N` on the files, as \"replay --what-if\" does",
					}, asJSON),
				Action: linesApply,
			},
			{
				Name: "list", Usage: "list the lines in force", Flags: []cli.Flag{natsFlag(), asJSON},
				Action: func(c *cli.Context) error {
					if err := arguments(c, 0, "no arguments"); err != nil {
						return err
					}
					return linesList(c)
				},
			},
			{
				Name: "show", Usage: "show the file of a line, or the lines in force", ArgsUsage: "[NAME [VERSION]]",
				Flags:  []cli.Flag{natsFlag(), &cli.IntFlag{Name: "version", Usage: "the file as it was in version `N`"}, asJSON},
				Action: linesShow,
			},
			{
				Name: "edit", Usage: "change a line in $EDITOR", ArgsUsage: "NAME",
				Description: "The line is checked when you leave the editor. If somebody else has changed it meanwhile, " +
					"neither change is lost.",
				Flags: who, Action: linesEdit,
			},
			{
				Name: "diff", Usage: "compare a line with a file, or two of its versions",
				ArgsUsage: "NAME FILE | NAME VERSION [VERSION]",
				Description: "With one VERSION: that version with the line in force. A file whose name is a number is " +
					"written as ./3.",
				Flags: []cli.Flag{
					natsFlag(), &cli.IntFlag{Name: "from", Usage: "the earlier version `N`"},
					&cli.IntFlag{Name: "to", Usage: "the later version `N`; default: the one in force"},
					asJSON,
				},
				Action: linesDiff,
			},
			{
				Name: "history", Usage: "who changed a line, when and how", ArgsUsage: "NAME",
				Flags: []cli.Flag{natsFlag(), asJSON}, Action: linesHistory,
			},
			{
				Name: "rollback", Usage: "put an earlier version in force again", ArgsUsage: "NAME VERSION",
				Flags: append(who, ifVersion, asJSON), Action: linesRollback,
			},
			{
				Name: "publish", Usage: "put a line's draft in force", ArgsUsage: "NAME",
				Description: "A draft is what was saved on the line's page, or by lines apply where lines.approval is two: then " +
					"somebody else publishes it.",
				Flags: append(append(who, shareFlags()...), ifVersion, asJSON), Action: linesPublish,
			},
			{
				Name: "share", Usage: "change the share of the calls of a version that began with one", ArgsUsage: "NAME PERCENT|all",
				Description: "A version begins with a share by lines apply --share. \"all\" puts it in force for all calls; lines " +
					"rollback returns to an earlier one.",
				Flags: append(who, ifVersion, asJSON), Action: linesShare,
			},
			{
				Name: "remove", Usage: "take a line out of force; its history stays", ArgsUsage: "NAME",
				Flags: append(who, ifVersion, asJSON), Action: linesRemove,
			},
			{Name: "schema", Usage: "print the JSON Schema of a line's file, for editors", Action: linesSchema},
		},
	}
}

func linesSchema(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	_, err := c.App.Writer.Write(lines.Schema())
	return err
}

// withLines runs f with the lines in NATS. f's context has a time limit.
func withLines(c *cli.Context, f func(ctx context.Context, cfg config, stored *bus.Lines) error) error {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	return withState(c, cfg, func(ctx context.Context, state *bus.State) error { return f(ctx, cfg, state.Lines()) })
}

// readFiles reads all files. Its error names every problem, conflicts between files included.
func readFiles(c *cli.Context, cfg config) ([]change.File, error) {
	if c.NArg() == 0 {
		return nil, wrongUse("%s takes one or more files", c.Command.FullName())
	}
	if err := arguments(c, c.NArg(), ""); err != nil {
		return nil, err
	}
	var files []change.File
	var defs []*lines.Definition
	var wrong lines.Problems
	for _, name := range c.Args().Slice() {
		text, err := readFile(c, name)
		if err != nil {
			return nil, err
		}
		def, err := lines.Parse(name, text)
		var problems lines.Problems
		if errors.As(err, &problems) {
			wrong = append(wrong, problems...)
			continue
		}
		files, defs = append(files, change.File{Text: text, Def: def}), append(defs, def)
	}
	if wrong = append(wrong, lines.Conflicts(defs, cfg.Line.Region)...); len(wrong) > 0 {
		return nil, wrong
	}
	return files, nil
}

func readFile(c *cli.Context, name string) ([]byte, error) {
	in, _, err := openInput(c, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(io.LimitReader(in, lines.MaxSize+1))
}

// linted is the result of lint.
type linted struct {
	OK       bool           `json:"ok"`
	Problems lines.Problems `json:"problems"`
	Warnings lines.Problems `json:"warnings"`
}

func linesLint(c *cli.Context) error {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	out := linted{Problems: lines.Problems{}, Warnings: lines.Problems{}}
	files, err := readFiles(c, cfg)
	if err != nil && !errors.As(err, &out.Problems) {
		return err
	}
	out.OK = len(out.Problems) == 0
	for _, f := range files {
		out.Warnings = append(out.Warnings, f.Def.Warnings(audio(cfg))...)
	}
	if c.Bool("json") {
		if err := json.NewEncoder(c.App.Writer).Encode(out); err != nil {
			return err
		}
	} else {
		for _, p := range out.Problems {
			fmt.Fprintln(c.App.Writer, p)
		}
		warn(c.App.Writer, out.Warnings)
		for i, f := range files {
			fmt.Fprintf(c.App.Writer, "%s: no problems in line %s\n", c.Args().Get(i), f.Def.Line)
		}
	}
	if !out.OK {
		return fmt.Errorf("%s found", counted(len(out.Problems), "problem"))
	}
	return nil
}

func warn(to io.Writer, warnings lines.Problems) {
	for _, w := range warnings {
		fmt.Fprintln(to, "note:", w)
	}
}

// audio says which recordings exist: those in the folder of prompts, or those that a first start will put there.
func audio(cfg config) func(language, prompt string) bool {
	if catalogue, err := prompts.Open(cfg.promptsDir()); err == nil {
		return func(language, prompt string) bool { _, found := catalogue.File(language, prompt); return found }
	}
	return func(language, prompt string) bool { _, found := prompts.TextOf(language, prompt); return found }
}

// author is the person who makes a change.
func author(c *cli.Context) string {
	if a := strings.TrimSpace(c.String("author")); a != "" {
		return a
	}
	return systemUser()
}

// systemUser is the user of this process and the machine, whatever anybody states.
func systemUser() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// versionIs is the version that a change is based on: the one that was read, unless --if-version gives another.
func versionIs(c *cli.Context, read int) int {
	if c.IsSet("if-version") {
		return c.Int("if-version")
	}
	return read
}

// announced accepts a change that is made but could not be announced on NATS.
func announced(c *cli.Context, err error) error {
	if errors.Is(err, bus.ErrNotAnnounced) {
		fmt.Fprintln(c.App.ErrWriter, "note:", printableLines(err.Error()))
		return nil
	}
	return err
}
