package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/change"
	"countersign/session/shared"
	"countersign/store/audit"
)

func linesEdit(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the line's name"); err != nil {
		return err
	}
	name := c.Args().First()
	var before shared.LineVersion
	err := withLines(c, func(ctx context.Context, _ config, stored *bus.Lines) (err error) {
		before, err = stored.Get(ctx, name)
		if errors.Is(err, shared.ErrNotFound) {
			before, err = shared.LineVersion{YAML: newLine(name)}, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	d, err := newDraft(name, before.YAML)
	if err != nil {
		return err
	}
	changed, err := d.edit(c, before)
	if err != nil || !changed {
		return d.end(err)
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return d.end(err)
	}
	unspoken := speakFirst(c, cfg, []change.File{d.file})
	return d.end(withLines(c, func(ctx context.Context, cfg config, stored *bus.Lines) error {
		changes, err := plan(ctx, c, cfg, stored, []change.File{d.file})
		if err != nil {
			return nothingChanged(c, err)
		}
		if changes[0].From != before.Version { // somebody else changed it meanwhile
			have, _ := stored.Get(ctx, name)
			return &bus.ConflictError{Name: name, Expected: before.Version, Have: have}
		}
		tellUnspoken(changes, unspoken)
		err = carryOut(ctx, c, cfg, stored, changes, nil, audit.LineEdited)
		if cfg.needsTwo() {
			return err
		}
		return errors.Join(err, report(c, changes))
	}))
}

// newLine is the first text of a new line: the built-in one, under its own name and without numbers.
func newLine(name string) string {
	def, text := lines.Default()
	if name == def.Line {
		return string(text)
	}
	return strings.NewReplacer("\nline: "+def.Line+"\n", "\nline: "+name+"\n", "\nnumbers: [\"*\"]\n",
		"\nnumbers: []\n").Replace(string(text))
}

// draft is a copy of a line's file that is being edited.
type draft struct {
	name, path string
	file       change.File
}

func newDraft(name, text string) (*draft, error) {
	dir, err := os.MkdirTemp("", "countersign-")
	if err != nil {
		return nil, err
	}
	d := &draft{name: name, path: filepath.Join(dir, name+".yaml")}
	return d, os.WriteFile(d.path, []byte(text), 0o600)
}

// edit opens the editor on the draft until it is valid, or the person gives up. changed is false if the text is as
// before.
func (d *draft) edit(c *cli.Context, before shared.LineVersion) (changed bool, err error) {
	for {
		if err := d.runEditor(c); err != nil {
			return false, err
		}
		text, err := os.ReadFile(d.path)
		if err != nil {
			return false, err
		}
		if bytes.Equal(text, []byte(before.YAML)) {
			fmt.Fprintf(c.App.Writer, "%s: nothing was changed\n", d.name)
			return false, nil
		}
		def, err := lines.Parse(filepath.Base(d.path), text)
		if err == nil && def.Line != d.name {
			err = fmt.Errorf("the file is for line %s, but you are editing %s: use countersign lines apply for another line",
				def.Line, d.name)
		}
		if err == nil {
			d.file = change.File{Text: text, Def: def}
			return true, nil
		}
		fmt.Fprintln(c.App.ErrWriter, printableLines(err.Error()))
		fmt.Fprint(c.App.ErrWriter, "Edit it again? [Y/n] ")
		if !yes(c.App.Reader) {
			fmt.Fprintln(c.App.ErrWriter)
			return false, errors.New("the line was not changed")
		}
	}
}

// end removes the draft, or says where it is if it was not used.
func (d *draft) end(err error) error {
	if err != nil {
		return fmt.Errorf("%w; your text is in %s", err, d.path)
	}
	return os.RemoveAll(filepath.Dir(d.path))
}

// runEditor runs $VISUAL or $EDITOR, which may contain arguments.
func (d *draft) runEditor(c *cli.Context) error {
	editor := os.Getenv("VISUAL")
	if editor == "" {
		editor = os.Getenv("EDITOR")
	}
	if editor == "" {
		editor = "vi"
	}
	cmd := exec.CommandContext(c.Context, "sh", "-c", editor+` "$1"`, "sh", d.path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.App.Reader, c.App.Writer, c.App.ErrWriter
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the editor %q failed (%w): set EDITOR to another", editor, err)
	}
	return nil
}

// yes reads an answer byte by byte, because an editor may want the rest. An empty line is a yes, the end of the input a
// no.
func yes(in io.Reader) bool {
	var answer []byte
	for b := make([]byte, 1); ; {
		n, err := in.Read(b)
		if n == 1 && b[0] == '\n' {
			word := strings.ToLower(strings.TrimSpace(string(answer)))
			return word == "" || strings.HasPrefix(word, "y")
		}
		if err != nil || len(answer) > 100 {
			return false
		}
		answer = append(answer, b[:n]...)
	}
}
