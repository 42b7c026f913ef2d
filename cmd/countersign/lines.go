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
	_ "time/tzdata"

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
		&cli.StringFlag{Name: "comment", Usage: "why, in the history: `TEXT`"},
	}
	ifVersion := &cli.IntFlag{Name: "if-version", Usage: "only if the line is at version `N` (0: not there) still"}
	return &cli.Command{
		Name:  "lines",
		Usage: "the service lines: who is asked what, and where calls go",
		Description: "A line is a YAML file; \"lines show default\" is one to start with, and \"lines schema\" lets editors complete it. Lines are kept in NATS with their\n" +
			"history. A change takes effect with the next call on every machine; calls that run keep what they began with.",
		Subcommands: []*cli.Command{
			{
				Name: "lint", Usage: "say everything that is wrong with files", ArgsUsage: "FILE …",
				Description: "Nothing is changed, and NATS is not needed. \"-\" reads standard input.", Flags: []cli.Flag{asJSON}, Action: linesLint,
			},
			{
				Name: "apply", Usage: "put files in force with the next call", ArgsUsage: "FILE …",
				Description: "Nothing is changed if anything is wrong with any of the files, or if two lines would have the same number.",
				Flags: append(who, ifVersion, &cli.BoolFlag{Name: "dry-run", Usage: "only say what would change"},
					&cli.StringFlag{Name: "against", Usage: "with --dry-run: say what would have become of the calls in `FILE|last:N`, as \"replay --what-if\" does"}, asJSON),
				Action: linesApply,
			},
			{
				Name: "show", Usage: "show the lines in force, or the file of one", ArgsUsage: "[NAME]",
				Flags: []cli.Flag{natsFlag(), &cli.IntFlag{Name: "version", Usage: "the file as it was in version `N`"}, asJSON}, Action: linesShow,
			},
			{
				Name: "edit", Usage: "change a line in $EDITOR", ArgsUsage: "NAME",
				Description: "The line is checked when you leave the editor. If somebody else has changed it meanwhile, nothing is lost: neither their change nor yours.",
				Flags:       who, Action: linesEdit,
			},
			{
				Name: "diff", Usage: "say what is different in a file, or between two versions", ArgsUsage: "NAME [FILE]",
				Flags: []cli.Flag{
					natsFlag(), &cli.IntFlag{Name: "from", Usage: "the earlier version `N`"}, &cli.IntFlag{Name: "to", Usage: "the later version `N`; default: the one in force"},
					asJSON,
				},
				Action: linesDiff,
			},
			{Name: "history", Usage: "who changed a line, when and how", ArgsUsage: "NAME", Flags: []cli.Flag{natsFlag(), asJSON}, Action: linesHistory},
			{
				Name: "rollback", Usage: "put an earlier version in force again", ArgsUsage: "NAME VERSION", Flags: append(who, ifVersion, asJSON), Action: linesRollback,
			},
			{
				Name: "remove", Usage: "take a line out of force; its history stays", ArgsUsage: "NAME", Flags: append(who, ifVersion, asJSON), Action: linesRemove,
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

// withLines runs f with the lines in NATS. ctx is bounded.
func withLines(c *cli.Context, f func(ctx context.Context, cfg config, stored *bus.Lines) error) error {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	return withState(c, cfg, func(ctx context.Context, state *bus.State) error { return f(ctx, cfg, state.Lines()) })
}

// readFiles reads all files, and says everything that is wrong with them, together too.
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

// linted is what is said of files.
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
			fmt.Fprintf(c.App.Writer, "%s: nothing is wrong with the line %s\n", c.Args().Get(i), f.Def.Line)
		}
	}
	if !out.OK {
		return fmt.Errorf("%s to correct", counted(len(out.Problems), "problem"))
	}
	return nil
}

func warn(to io.Writer, warnings lines.Problems) {
	for _, w := range warnings {
		fmt.Fprintln(to, "note:", w)
	}
}

// audio says which recordings there are: those in the folder of prompts, or those that a first start will put there.
func audio(cfg config) func(language, prompt string) bool {
	if catalogue, err := prompts.Open(cfg.promptsDir()); err == nil {
		return func(language, prompt string) bool { _, found := catalogue.File(language, prompt); return found }
	}
	texts := map[string]map[string]string{}
	for _, l := range prompts.Languages() {
		texts[l], _ = prompts.Texts(l)
	}
	return func(language, prompt string) bool { _, found := texts[language][prompt]; return found }
}

// author is who makes a change.
func author(c *cli.Context) string {
	if a := strings.TrimSpace(c.String("author")); a != "" {
		return a
	}
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// versionIs is what a change is made from: the version that was read, unless --if-version says another.
func versionIs(c *cli.Context, read int) int {
	if c.IsSet("if-version") {
		return c.Int("if-version")
	}
	return read
}

// announced takes a change for made that nobody could be told of.
func announced(c *cli.Context, err error) error {
	if errors.Is(err, bus.ErrNotAnnounced) {
		fmt.Fprintln(c.App.ErrWriter, "note:", printableLines(err.Error()))
		return nil
	}
	return err
}
