package prompts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/internal/datafile"
	"countersign/session"
)

const maxText = 1000 // runes

// Text is spoken by a voice in place of a prompt, because a line says so; or File is a recording that somebody uploaded,
// to be had from where machines share them.
type Text struct{ Language, Text, File string }

// Replaced implements session.Prompts. A line's recording is <dir>/own/<language>/<File>; a text is found once
// RenderTexts has spoken it. Like File it checks the disk each time.
func (c *Catalogue) Replaced(language string, r session.Replacement) (file string, found bool) {
	if !isLanguage(language) || CheckReplacement(r) != nil {
		return Tone, false
	}
	if r.File != "" {
		return orTone(filepath.Join(c.dir, ownFolder, language, filepath.FromSlash(r.File)))
	}
	voice, err := c.voices.For(language)
	if err != nil {
		return Tone, false
	}
	return orTone(c.spokenFile(voice, Text{Language: language, Text: r.Text}))
}

// CheckReplacement validates a line's replacement of a prompt, whether or not its audio exists.
func CheckReplacement(r session.Replacement) error {
	switch {
	case (r.File == "") == (r.Text == ""):
		return errors.New("want either a file or a text")
	case r.File != "":
		return checkOwn(r.File)
	default:
		return checkText(r.Text)
	}
}

// checkOwn accepts a local path of characters that are safe in FreeSWITCH's playback syntax.
func checkOwn(file string) error {
	if i := strings.IndexFunc(file, unfitForOwn); i >= 0 {
		r, _ := utf8.DecodeRuneInString(file[i:])
		return fmt.Errorf("file %q: %q is not a letter, a digit, a space or one of . _ - /", file, r)
	}
	if !filepath.IsLocal(filepath.FromSlash(file)) || !strings.HasSuffix(file, ".wav") || !utf8.ValidString(file) {
		return fmt.Errorf("file %q: want a WAV file below %s/<language>, such as welcome.wav", file, ownFolder)
	}
	return nil
}

func unfitForOwn(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" ._-/", r)
}

func checkText(text string) error {
	if n := utf8.RuneCountInString(text); n > maxText || strings.TrimSpace(text) == "" || !utf8.ValidString(text) {
		return fmt.Errorf("a text of %d characters; want 1 to %d, in UTF-8", n, maxText)
	}
	return nil
}

// spokenFile is named for the text and the voice: a change of either is spoken anew.
func (c *Catalogue) spokenFile(v Voice, t Text) string {
	sum := sha256.Sum256([]byte(v.String() + "\x00" + t.Text))
	return filepath.Join(c.dir, spokenFolder, t.Language, hex.EncodeToString(sum[:16])+".wav")
}

// RenderTexts speaks the texts that have no audio yet, one after the other. It goes on after a failure and joins all
// errors. Call it in the background at start and when a line changes.
func (c *Catalogue) RenderTexts(ctx context.Context, texts []Text) error {
	var failed []error
	for _, t := range texts {
		if ctx.Err() != nil {
			return errors.Join(append(failed, context.Cause(ctx))...)
		}
		if err := c.renderText(ctx, t); err != nil {
			failed = append(failed, fmt.Errorf("speak the text of a line in %s: %w", t.Language, err))
		}
	}
	return errors.Join(failed...)
}

func (c *Catalogue) renderText(ctx context.Context, t Text) error {
	voice, err := c.voices.For(t.Language)
	if err != nil {
		return err
	}
	file := c.spokenFile(voice, t)
	if _, found := orTone(file); found {
		return writeWords(file, t.Text)
	}
	wav, err := c.speak(ctx, voice, t.Text)
	if err != nil {
		return err
	}
	if err := datafile.MakeFolder(filepath.Dir(file)); err != nil {
		return err
	}
	if err := writeWords(file, t.Text); err != nil {
		return err
	}
	return writeFile(file, wav)
}

// speak waits for a free slot and runs the engine.
func (c *Catalogue) speak(ctx context.Context, v Voice, text string) ([]byte, error) {
	select {
	case c.engines <- struct{}{}:
		defer func() { <-c.engines }()
		return v.Speak(ctx, text)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
