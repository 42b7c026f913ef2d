package prompts

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Tone is what is played in place of a prompt that has no audio: a quarter of a second of A, so that the caller knows that the line lives.
const Tone = "tone_stream://%(250,100,440)"

// Folders beside those of the languages. None of them is a language: Lint, Unpack and File leave them alone.
const (
	ownFolder    = "own"    // own/<language>/…: recordings that a line names
	spokenFolder = "spoken" // spoken/<language>/<key>.wav: what a voice made of the texts of lines
	onceFolder   = "once"   // once/<random>.wav: what belongs to one call, gone when it ends
)

// Catalogue finds the audio of prompts in a folder, <dir>/<language>/<prompt>.wav, and makes what is spoken by a voice. It may be used from any goroutine.
type Catalogue struct {
	dir     string
	voices  Voices
	engines chan struct{} // a place for each engine that may run at a time
	once    time.Duration // how long a caller waits for a name to be spoken
}

// Open makes a Catalogue of a folder that exists, with the voices that are installed, and clears away what an earlier process left of its calls.
// FreeSWITCH must see the folder under the same absolute path, so a path that FreeSWITCH's syntax for playing files would take apart is refused.
func Open(dir string) (*Catalogue, error) { return OpenWith(dir, nil) }

// OpenWith is Open with voices of the operator's.
func OpenWith(dir string, voices Voices) (*Catalogue, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of prompts: %w", err)
	}
	if i := strings.IndexFunc(abs, unfitForFreeSWITCH); i >= 0 {
		return nil, fmt.Errorf("open the folder of prompts %s: FreeSWITCH cannot play files from a path with %q in it; name another folder", abs, abs[i])
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("open the folder of prompts: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open the folder of prompts: %s is not a folder", abs)
	}
	c := &Catalogue{dir: abs, voices: voices, engines: make(chan struct{}, runtime.NumCPU()), once: onceTime}
	c.clearOnce()
	return c, nil
}

// unfitForFreeSWITCH: quotes and backslashes end or change an argument, ! separates the files of a file_string, ${…} is expanded, {…} and […]
// are parameters.
func unfitForFreeSWITCH(r rune) bool {
	return r < ' ' || r == 0x7f || strings.ContainsRune("'\"\\!${}[]", r)
}

// File implements session.Prompts. It looks at the disk each time, so that a recording which an operator puts in place is heard at once: that
// costs 1.4 µs (BenchmarkFile), ten microseconds a call, which is not worth a cache that is wrong now and then. An empty file counts as
// missing, and so does a name that could lead out of the folder.
func (c *Catalogue) File(language, prompt string) (file string, found bool) {
	if !isLanguage(language) || !isPrompt(prompt) {
		return Tone, false
	}
	return orTone(c.dir + "/" + language + "/" + prompt + ".wav")
}

// orTone is the file if there is something in it.
func orTone(file string) (playable string, found bool) {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() <= wavHeaderSize {
		return Tone, false
	}
	return file, true
}

// isLanguage accepts what a BCP 47 tag is made of: en, pt-BR, zh-Hant-TW. The names of our other folders are no languages.
func isLanguage(s string) bool {
	ok := func(b byte) bool { return isLower(b) || isDigit(b) || b == '-' || 'A' <= b && b <= 'Z' }
	return !isOurs(s) && len(s) >= 2 && len(s) <= 35 && isLower(s[0]) && madeOf(s, ok)
}

func isOurs(folder string) bool {
	return slices.Contains([]string{ownFolder, spokenFolder, onceFolder}, folder)
}

// isPrompt accepts lower-case letters, digits and hyphens.
func isPrompt(s string) bool {
	return len(s) >= 1 && len(s) <= 64 && madeOf(s, func(b byte) bool { return isLower(b) || isDigit(b) || b == '-' })
}

func madeOf(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isLower(b byte) bool { return 'a' <= b && b <= 'z' }
func isDigit(b byte) bool { return '0' <= b && b <= '9' }
