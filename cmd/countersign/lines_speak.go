package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/lines"
	"countersign/lines/change"
	"countersign/prompts"
)

// speakWithin bounds the wait for a line's own words before the line is put in force.
const speakWithin = time.Minute

// speakFirst speaks the own words of lines that have no audio yet, so that callers hear them from the first call on.
// It returns why that could not be done here: then the service does it, once the line is in force.
func speakFirst(c *cli.Context, cfg config, files []change.File) (unspoken map[string]string) {
	unspoken = map[string]string{}
	for _, f := range files {
		texts := ownTexts(f.Def)
		if len(texts) == 0 {
			continue
		}
		if err := speakTexts(c.Context, cfg, texts); err != nil {
			unspoken[f.Def.Line] = fmt.Sprintf("not spoken yet: %s of its own (%v). Until each machine has done so, which "+
				"takes seconds if it has a voice, callers hear the catalogue's words, or a tone for a prompt that is not in "+
				"the catalogue",
				counted(len(texts), "text"), err)
		} else if cfg.NATS.URL != "" {
			unspoken[f.Def.Line] = "its own words are spoken on this machine; other machines do so now, and for these seconds " +
				"their callers hear the catalogue's words"
		}
	}
	return unspoken
}

// ownTexts are the texts that a line has in place of the catalogue's.
func ownTexts(d *lines.Definition) (texts []prompts.Text) {
	for _, byLanguage := range d.Prompts {
		for language, w := range byLanguage {
			if w.Text != "" {
				texts = append(texts, prompts.Text{Language: language, Text: w.Text})
			}
		}
	}
	return texts
}

func speakTexts(ctx context.Context, cfg config, texts []prompts.Text) error {
	if err := oursToWrite(cfg.promptsDir()); err != nil {
		return err
	}
	catalogue, err := prompts.OpenWith(cfg.promptsDir(), cfg.Prompts.Voices)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, speakWithin, fmt.Errorf("not done after %s", speakWithin))
	defer cancel()
	return catalogue.RenderTexts(ctx, texts)
}

// oursToWrite says why this process should not write to the service's folder: it is elsewhere, or of another user, who
// could not write to what this one makes.
func oursToWrite(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s on this machine: --data sets the service's folder", dir)
	}
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user: run the command as the service's user", dir)
	}
	return nil
}
