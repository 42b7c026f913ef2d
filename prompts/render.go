package prompts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countersign/internal/datafile"
)

// Rendering is the result for one prompt.
type Rendering struct {
	Language, Prompt string
	// Made: a voice spoke it. Otherwise it was UpToDate, or a person's recording, which stays.
	Made, UpToDate bool
	// Length of the new audio, if Made.
	Length time.Duration
}

// Renderer makes the audio of a folder of prompts from their texts.
type Renderer struct {
	Dir    string
	Voices Voices
	// Force speaks everything anew and overwrites a person's recordings too.
	Force bool
	// Each, if set, is called for each prompt once it is spoken or skipped.
	Each func(Rendering)
}

// RenderLanguages are the languages that have texts: the shipped ones, and those with a file
// <dir>/<language>/texts.yaml.
func RenderLanguages(dir string) ([]string, error) {
	languages := Languages()
	files, err := fs.Glob(os.DirFS(dir), "*/texts.yaml")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if l := filepath.Dir(f); isLanguage(l) {
			languages = append(languages, l)
		}
	}
	slices.Sort(languages)
	return slices.Compact(languages), nil
}

// Language makes the audio of those prompts of a language whose text changed since it was made. Texts in
// <dir>/<language>/texts.yaml replace the shipped ones. A person's recordings stay unless Force is set. Nothing is
// written until everything has been spoken.
func (r Renderer) Language(ctx context.Context, language string) error {
	texts, err := r.texts(language)
	if err != nil {
		return err
	}
	return r.render(ctx, language, texts, true)
}

// Text speaks a text as a prompt, whatever texts.yaml says. The result counts as a person's recording, so Language
// leaves it alone.
func (r Renderer) Text(ctx context.Context, language, prompt, text string) error {
	if !isPrompt(prompt) {
		return fmt.Errorf("%q is not the name of a prompt: want lower-case letters, digits and hyphens", prompt)
	}
	return r.render(ctx, language, map[string]string{prompt: text}, false)
}

func (r Renderer) texts(language string) (map[string]string, error) {
	if !isLanguage(language) {
		return nil, fmt.Errorf("%q is not the name of a language, such as en or pt-BR", language)
	}
	texts, err := Texts(language)
	shipped := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	own, err := readTexts(os.DirFS(r.Dir), language)
	switch {
	case errors.Is(err, fs.ErrNotExist) && shipped:
		return texts, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there are no texts in %q: write what each prompt says into %s, "+
			"a line \"greeting: …\" for each", language, filepath.Join(r.Dir, language, "texts.yaml"))
	case err != nil:
		return nil, err
	}
	if texts == nil {
		texts = map[string]string{}
	}
	for name, text := range own {
		if !isPrompt(name) {
			return nil, fmt.Errorf("%s: %q is not the name of a prompt: want lower-case letters, digits and hyphens",
				filepath.Join(r.Dir, language, "texts.yaml"), name)
		}
		texts[name] = text
	}
	return texts, nil
}

// render speaks what is due. Without remember, everything that a voice made before is due, and the result is not
// remembered as a voice's.
func (r Renderer) render(ctx context.Context, language string, texts map[string]string, remember bool) error {
	made, err := readRendered(r.Dir)
	if err != nil {
		return err
	}
	shipped, err := readManifest(r.Dir)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		file := language + "/" + name + ".wav"
		is, err := r.state(file, texts[name], made, shipped)
		if err != nil {
			return err
		}
		did := Rendering{Language: language, Prompt: name, UpToDate: is == upToDate}
		if r.Force || is == due || is == upToDate && !remember {
			wav, err := r.speak(ctx, language, texts[name])
			if err != nil {
				return fmt.Errorf("speak %s/%s: %w", language, name, err)
			}
			files[file] = wav
			length := time.Duration(len(wav)-wavHeaderSize) / 2 * time.Second / telephoneRate
			did = Rendering{Language: language, Prompt: name, Made: true, Length: length}
		}
		if r.Each != nil {
			r.Each(did)
		}
	}
	if len(files) == 0 {
		return nil
	}
	return r.write(files, made, func(file string) (sum string, ok bool) {
		return sumOf([]byte(texts[promptOf(file)])), remember
	})
}

func (r Renderer) speak(ctx context.Context, language, text string) ([]byte, error) {
	voice, err := r.Voices.For(language)
	if err != nil {
		return nil, err
	}
	return voice.Speak(ctx, text)
}

// state says whether a file matches its text.
type state int

const (
	due      state = iota // missing, or made from another text
	upToDate              // made from this text
	persons               // a person's recording, as far as we know
)

// state compares a file with its text.
func (r Renderer) state(file, text string, made rendered, shipped manifest) (state, error) {
	name := filepath.Join(r.Dir, filepath.FromSlash(file))
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return due, nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return persons, err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return persons, err
	}
	audio := entry{sumOf(b), file}
	from, ours := made[audio]
	switch {
	case ours && from == sumOf([]byte(text)), !ours && shipped[audio] && isShipped(file, b, text):
		return upToDate, nil
	case ours, shipped[audio]:
		return due, nil
	default:
		return persons, nil
	}
}

// isShipped reports whether both a file that Unpack wrote and the text are those of this version.
func isShipped(file string, content []byte, text string) bool {
	texts, err := Texts(path.Dir(file))
	if err != nil || texts[promptOf(file)] != text {
		return false
	}
	ours, err := embedded.ReadFile(file)
	return err == nil && bytes.Equal(ours, content)
}

func promptOf(file string) string { return strings.TrimSuffix(path.Base(file), ".wav") }

// write puts files in place. It extends the list of rendered files first, so that after a crash the list knows every
// new file, and removes replaced entries last.
func (r Renderer) write(
	files map[string][]byte, made rendered, textOf func(file string) (sum string, remember bool),
) error {
	before, after := maps.Clone(made), maps.Clone(made)
	maps.DeleteFunc(after, func(audio entry, _ string) bool { return files[audio.name] != nil })
	for file, content := range files {
		if sum, remember := textOf(file); remember {
			audio := entry{sumOf(content), file}
			before[audio], after[audio] = sum, sum
		}
	}
	if err := datafile.MakeFolder(r.Dir); err != nil {
		return err
	}
	if err := before.write(r.Dir); err != nil {
		return err
	}
	for file, content := range files {
		name := filepath.Join(r.Dir, filepath.FromSlash(file))
		if err := datafile.MakeFolder(filepath.Dir(name)); err != nil {
			return err
		}
		if err := writeFile(name, content); err != nil {
			return err
		}
	}
	return after.write(r.Dir)
}
