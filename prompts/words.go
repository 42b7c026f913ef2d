package prompts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Words are what is said in a file that FreeSWITCH plays, as far as this machine knows: those of the operator's
// texts.yaml beside it, of the shipped texts, or of a line. A person's recording may say something else.
func Words(file string) (text string, known bool) {
	folder, name := filepath.Dir(file), strings.TrimSuffix(filepath.Base(file), ".wav")
	language := filepath.Base(folder)
	if filepath.Base(filepath.Dir(folder)) == spokenFolder {
		b, err := os.ReadFile(wordsFile(file))
		return string(b), err == nil
	}
	if own, err := readTexts(os.DirFS(filepath.Dir(folder)), language); err == nil && own[name] != "" {
		return own[name], true
	}
	shipped, _ := Texts(language)
	text, known = shipped[name]
	return text, known
}

// wordsFile is beside the audio of a line's own text.
func wordsFile(file string) string { return strings.TrimSuffix(file, ".wav") + ".txt" }

// writeWords keeps a line's text beside its audio, for people.
func writeWords(file, text string) error {
	if _, err := os.Stat(wordsFile(file)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeFile(wordsFile(file), []byte(text))
}
