package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"countersign/internal/plural"
	"countersign/prompts"

	"github.com/urfave/cli/v2"
)

func promptsCommand() *cli.Command {
	return &cli.Command{
		Name:  "prompts",
		Usage: "check and record what callers hear",
		Subcommands: []*cli.Command{
			{
				Name:      "lint",
				Usage:     "check the recordings",
				ArgsUsage: "[DIR]",
				Description: "Checks DIR/LANGUAGE/PROMPT.wav and the lines' own recordings in DIR/own/LANGUAGE: reports what " +
					"is missing, not 8 kHz\n" +
					"mono, too long, too loud or too quiet, and what nothing plays. DIR is the service's folder unless you name " +
					"another. Exits\n" +
					"with 1 if there are problems.",
				Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print the result as JSON, with what plays each prompt"}},
				Action: promptsLint,
			},
			{
				Name:      "render",
				Usage:     "have a voice speak the prompts whose text has changed",
				ArgsUsage: "[DIR] | --language CODE --text TEXT NAME [DIR]",
				Description: "Texts are ours, overridden by those of DIR/LANGUAGE/texts.yaml. Speaks what is missing or was " +
					"made from another text;\n" +
					"recordings of people stay. With --text, speaks one text as the prompt NAME, which then counts as your own " +
					"recording. The\n" +
					"voices are flite for English and espeak-ng for every other language, where they are installed, or the " +
					"command lines of\n" +
					"prompts.voices.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "language", Usage: "only `CODE`, such as de or pt-BR"},
					&cli.StringFlag{Name: "text", Usage: "speak `TEXT` instead of the texts in the files"},
					&cli.StringFlag{
						Name: "voice",
						Usage: "speak with `COMMAND`, which reads the text from standard input (or the file {text}) and writes the " +
							"file {wav}",
					},
					&cli.BoolFlag{Name: "force", Usage: "speak everything again, and overwrite recordings of people"},
				},
				Action: promptsRender,
			},
		},
	}
}

// promptsFolder is the given argument, or the folder of the service.
func promptsFolder(c *cli.Context, cfg config, at int) string {
	if c.Args().Get(at) != "" {
		return c.Args().Get(at)
	}
	return cfg.promptsDir()
}

func promptsLint(c *cli.Context) error {
	if err := arguments(c, min(c.NArg(), 1), "at most one argument, the folder of the prompts"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	dir := promptsFolder(c, cfg, 0)
	report, err := prompts.Lint(os.DirFS(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s: \"countersign serve\" and \"countersign prompts render\" create it", dir)
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		if err := json.NewEncoder(c.App.Writer).Encode(report); err != nil {
			return err
		}
	} else {
		for _, p := range report.Problems {
			fmt.Fprintln(c.App.Writer, p)
		}
		for _, file := range report.Unused {
			fmt.Fprintf(c.App.Writer, "%s: not used by any line (no harm)\n", file)
		}
	}
	if n := len(report.Problems); n > 0 {
		return fmt.Errorf("%s found in %s: record these prompts again, or run \"countersign prompts render\"",
			counted(n, "problem"), dir)
	}
	return nil
}

func promptsRender(c *cli.Context) error {
	language, text, one := c.String("language"), c.String("text"), c.IsSet("text")
	folderAt := 0
	if one {
		folderAt = 1
	}
	if err := arguments(c, max(folderAt, min(c.NArg(), folderAt+1)),
		"at most a folder; with --text the name of the prompt before it"); err != nil {
		return err
	}
	if language == "" && (one || c.IsSet("voice")) {
		return wrongUse("--text and --voice need --language, such as --language en")
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	dir := promptsFolder(c, cfg, folderAt)
	if dir == cfg.promptsDir() && cfg.Prompts.Path == "" {
		if err := prompts.Unpack(dir); err != nil { // our own recordings need not be spoken
			return err
		}
	}
	var count struct{ made, upToDate, kept int }
	r := prompts.Renderer{Dir: dir, Voices: cfg.Prompts.Voices, Force: c.Bool("force"), Each: func(p prompts.Rendering) {
		switch {
		case p.Made:
			count.made++
			fmt.Fprintf(c.App.Writer, "%s/%-24s %4.1f s\n", p.Language, p.Prompt, p.Length.Seconds())
		case p.UpToDate:
			count.upToDate++
		default:
			count.kept++
		}
	}}
	if c.IsSet("voice") {
		r.Voices = prompts.Voices{language: c.String("voice")}
	}
	if one {
		err = r.Text(c.Context, language, c.Args().First(), text)
		if err == nil && count.kept > 0 {
			err = fmt.Errorf("%s/%s looks like a person's recording; --force overwrites it", language,
				c.Args().First())
		}
		return err
	}
	languages := []string{language}
	if language == "" {
		if languages, err = prompts.RenderLanguages(dir); err != nil {
			return err
		}
	}
	var failed []error
	for _, l := range languages {
		failed = append(failed, r.Language(c.Context, l))
	}
	fmt.Fprintf(c.App.ErrWriter, "%d spoken, %d up to date, %d recorded by people and kept\n", count.made, count.upToDate,
		count.kept)
	return errors.Join(failed...)
}

// counted is a number with its noun.
func counted(n int, noun string) string { return plural.Of(n, noun) }
