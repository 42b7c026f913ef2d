// Package prompts is the catalogue of what Countersign says to callers: the names of the prompts, their words and their audio, by language.
//
// It answers "which file does FreeSWITCH play for this prompt", and puts the audio that comes with Countersign where FreeSWITCH finds it. It
// does not decide what is said when (package steps does), play anything, or judge what an operator records: any recording may stand in for
// ours, and a prompt without audio is a tone, never a lost call.
package prompts

import (
	"embed"
	"fmt"
	"io/fs"
	"path"

	"github.com/goccy/go-yaml"
)

//go:embed en
var embedded embed.FS

// Prompt is one thing that can be said to a caller.
type Prompt struct {
	// Name is the prompt in steps and lines, and its file without ".wav".
	Name string
	// Doc says when it is played, for whoever records it.
	Doc string
}

// All lists the prompts that the shipped steps play, in the order in which a caller may meet them. A line may name others: its operator
// records those.
func All() []Prompt {
	return []Prompt{
		{"greeting", "Opens every call; short, because callers are in a hurry and a look-up may run behind it."},
		{"ask-account", "Asks for the account number the first time, and says what to do without one."},
		{"ask-account-again", "Asks for the account number after a retry prompt, in the same breath."},
		{"ask-pin", "Asks for the PIN the first time."},
		{"ask-pin-again", "Asks for the PIN after a retry prompt, in the same breath."},
		{"no-input-1", "Nothing was keyed. Goes in front of the question's -again prompt."},
		{"no-input-2", "Nothing was keyed, again: says how, and how to reach a person."},
		{"no-match-1", "What was keyed could not be an answer: too short, or a wrong check digit. Goes in front of the question's -again prompt."},
		{"no-match-2", "What was keyed could not be an answer, again: says how, and how to reach a person."},
		{"not-right-1", "A possible answer, but not the right one. The same for an unknown account and a wrong PIN, so that nobody learns which."},
		{"not-right-2", "Not the right answer, again: says what to check, and how to reach a person."},
		{"confirmation", "The caller is verified and is handed on."},
		{"failure", "The caller is handed on to a person without being verified: the same words whatever the reason."},
	}
}

// Languages lists the languages that Countersign comes with, sorted.
func Languages() []string {
	folders, err := fs.ReadDir(embedded, ".")
	if err != nil {
		panic(err) // the binary's own files
	}
	names := make([]string, len(folders))
	for i, f := range folders {
		names[i] = f.Name()
	}
	return names
}

// Texts is what the shipped prompts of a language say, by name. A language that Countersign does not come with is fs.ErrNotExist.
func Texts(language string) (map[string]string, error) { return readTexts(embedded, language) }

func readTexts(fsys fs.FS, language string) (map[string]string, error) {
	file := path.Join(language, "texts.yaml")
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("read the texts of the prompts: %w", err)
	}
	texts := map[string]string{}
	if err := yaml.UnmarshalWithOptions(b, &texts, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return texts, nil
}
