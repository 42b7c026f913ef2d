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

// Tone is played in place of a prompt without audio: a quarter of a second of A, so that the caller knows the line is
// alive.
const Tone = "tone_stream://%(250,100,440)"

// Folders beside the language folders. Their names are no languages: Lint, Unpack and File skip them.
const (
	ownFolder    = "own"    // own/<language>/…: recordings named by lines
	spokenFolder = "spoken" // spoken/<language>/<key>.wav: texts of lines, spoken by a voice
	onceFolder   = "once"   // once/<random>.wav: audio of one call, removed when it ends
)

// Catalogue finds the audio of prompts in a folder, <dir>/<language>/<prompt>.wav, and has a voice speak texts. It is
// safe for concurrent use.
type Catalogue struct {
	dir     string
	voices  Voices
	engines chan struct{} // one slot per engine that may run at a time
	once    time.Duration // how long a caller waits for a spoken name
}

// Open opens an existing folder of prompts with the installed voices, and removes per-call files of an earlier process.
// FreeSWITCH must see the folder under the same absolute path. Open refuses a path with characters that have a meaning
// in FreeSWITCH's playback syntax.
func Open(dir string) (*Catalogue, error) { return OpenWith(dir, nil) }

// OpenWith is Open with the operator's voices.
func OpenWith(dir string, voices Voices) (*Catalogue, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of prompts: %w", err)
	}
	if i := strings.IndexFunc(abs, unfitForFreeSWITCH); i >= 0 {
		return nil, fmt.Errorf("open the folder of prompts %s: FreeSWITCH cannot play files from a path with %q in it; "+
			"name another folder", abs, abs[i])
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

// unfitForFreeSWITCH: quotes and backslashes end or change an argument, ! separates the files of a file_string,
// ${…} is expanded, {…} and […] are parameters.
func unfitForFreeSWITCH(r rune) bool {
	return r < ' ' || r == 0x7f || strings.ContainsRune("'\"\\!${}[]", r)
}

// File implements session.Prompts. A prompt that a language with a region does not have is that of the language. It
// checks the disk each time, so a new recording is heard at once. That costs 1.4 µs (BenchmarkFile), ten microseconds a
// call: not worth a cache that can be stale. An empty file counts as missing, and so does a name that leads out of the
// folder.
func (c *Catalogue) File(language, prompt string) (file string, found bool) {
	if !isLanguage(language) || !isPrompt(prompt) {
		return Tone, false
	}
	file, found = orTone(c.dir + "/" + language + "/" + prompt + ".wav")
	if found || !strings.Contains(language, "-") {
		return file, found
	}
	for _, folder := range foldersOf(language)[1:] {
		if file, found = orTone(c.dir + "/" + folder + "/" + prompt + ".wav"); found {
			break
		}
	}
	return file, found
}

// orTone returns the file, or Tone if it is missing or empty.
func orTone(file string) (playable string, found bool) {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() <= wavHeaderSize {
		return Tone, false
	}
	return file, true
}

// isLanguage accepts the characters of a BCP 47 tag: en, pt-BR, zh-Hant-TW. The names of our other folders are no
// languages.
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
