package prompts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"countersign/internal/datafile"
)

const (
	onceTime = 800 * time.Millisecond // how long a caller waits for a spoken name
	onceKept = time.Minute            // longer than a name takes to play, on any machine that shares the folder
	maxName  = 60                     // runes
)

// Speak implements session.Prompts: it makes audio of a name for one call. The caller waits, so it gives up after
// 800 ms and the call goes on without the name. It speaks only letters, spaces, hyphens, apostrophes and dots, at most
// 60 characters. The name appears in no error.
func (c *Catalogue) Speak(ctx context.Context, language, name string) (file string, done func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.once, fmt.Errorf("not done after %s", c.once))
	defer cancel()
	name = speakable(name)
	if name == "" {
		return "", nil, errors.New("speak a name: there are no letters in it")
	}
	voice, err := c.voices.For(language)
	if err != nil {
		return "", nil, fmt.Errorf("speak a name: %w", err)
	}
	wav, err := c.speak(ctx, voice, name)
	if failed := (*voiceError)(nil); errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w", failed.program, failed.err) // without the engine's output: it may hold the name
	}
	if err != nil {
		return "", nil, fmt.Errorf("speak a name: %w", err)
	}
	file = filepath.Join(c.dir, onceFolder, rand.Text()+".wav")
	if err := writeOnce(file, wav); err != nil {
		return "", nil, fmt.Errorf("speak a name: %w", err)
	}
	return file, func() { _ = os.Remove(file) }, nil
}

// speakable drops what an engine would spell out: the digits and signs of titles and company names.
func speakable(name string) string {
	var b strings.Builder
	runes := 0
	for _, r := range name {
		switch {
		case runes == maxName:
		case unicode.IsLetter(r), unicode.IsMark(r), strings.ContainsRune("-'.’", r):
			b.WriteRune(r)
			runes++
		default:
			b.WriteByte(' ')
			runes++
		}
	}
	name = strings.Join(strings.Fields(b.String()), " ")
	if !strings.ContainsFunc(name, unicode.IsLetter) {
		return ""
	}
	return name
}

// writeOnce does not sync: the file need not survive a crash. It is readable by FreeSWITCH, which runs as another user.
func writeOnce(file string, wav []byte) error {
	if err := datafile.MakeFolder(filepath.Dir(file)); err != nil {
		return err
	}
	if err := os.WriteFile(file, wav, 0o644); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return os.Chmod(file, 0o644)
}

// clearOnce removes what a killed process left behind. It ignores errors: a process that cannot write there left
// nothing.
func (c *Catalogue) clearOnce() {
	folder := filepath.Join(c.dir, onceFolder)
	files, _ := os.ReadDir(folder)
	for _, f := range files {
		if info, err := f.Info(); err == nil && f.Type().IsRegular() && time.Since(info.ModTime()) > onceKept {
			_ = os.Remove(filepath.Join(folder, f.Name()))
		}
	}
}
