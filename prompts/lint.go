package prompts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of a good prompt. FreeSWITCH plays anything; within these, consecutive prompts sound like one voice on any
// telephone.
const (
	minDuration, maxDuration = 300 * time.Millisecond, 9 * time.Second
	minRMS, maxRMS           = -23.0, -17.0 // dBFS
	maxPeak                  = -3.0         // dBFS: room for the codecs on the way
	maxSilence               = 250 * time.Millisecond
)

// Use is a place outside the catalogue that plays a prompt: a service line.
type Use struct {
	// Where names the place, such as "line retail". Languages are those it speaks; empty means all in the folder.
	Where     string
	Languages []string
	Prompt    string
}

// Problem is one fault that callers would hear.
type Problem struct {
	// File is relative to the folder. Language and Prompt are empty if the file belongs to none.
	File     string `json:"file"`
	Language string `json:"language,omitempty"`
	Prompt   string `json:"prompt,omitempty"`
	Problem  string `json:"problem"`
}

func (p Problem) String() string { return p.File + ": " + p.Problem }

// Report is what Lint found in a folder of prompts.
type Report struct {
	// Problems are sorted by file.
	Problems []Problem `json:"problems"`
	// Unused are recordings that nothing plays. They are harmless.
	Unused []string `json:"unused"`
	// Uses lists by prompt what plays it: "catalogue", and Where of each Use.
	Uses map[string][]string `json:"uses"`
}

// Err joins all problems; nil if there are none.
func (r Report) Err() error {
	errs := make([]error, len(r.Problems))
	for i, p := range r.Problems {
		errs[i] = errors.New(p.String())
	}
	return errors.Join(errs...)
}

// Lint checks a folder of prompts, fsys/<language>/<prompt>.wav and the lines' own/<language>/…. It reports prompts
// of the catalogue and of lines that have no audio, file names that are never found, and audio that is not mono
// 16-bit PCM or is too long, too loud or too quiet. An error means that the folder could not be read.
func Lint(fsys fs.FS, uses ...Use) (Report, error) {
	folders, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return Report{}, fmt.Errorf("read the folder of prompts: %w", err)
	}
	l := linter{
		fsys: fsys, uses: uses,
		report: Report{Problems: []Problem{}, Unused: []string{}, Uses: map[string][]string{}},
	}
	for _, p := range All() {
		l.report.Uses[p.Name] = []string{"catalogue"}
	}
	for _, u := range uses {
		if !slices.Contains(l.report.Uses[u.Prompt], u.Where) {
			l.report.Uses[u.Prompt] = append(l.report.Uses[u.Prompt], u.Where)
		}
	}
	var languages []string
	for _, f := range folders {
		switch {
		case !f.IsDir() || strings.HasPrefix(f.Name(), ".") || isOurs(f.Name()):
		case !isLanguage(f.Name()):
			l.found(f.Name(), "", "", "not the name of a language, such as en or pt-BR")
		default:
			languages = append(languages, f.Name())
		}
	}
	own := len(languages)
	for _, u := range uses {
		for _, language := range u.Languages {
			if !slices.Contains(languages, language) {
				languages = append(languages, language)
				if !slices.ContainsFunc(foldersOf(language), func(f string) bool { return slices.Contains(languages[:own], f) }) {
					l.found(language, language, "", u.Where+" speaks it, but there is no such folder")
				}
			}
		}
	}
	if len(languages) == 0 {
		l.found(".", "", "", "no language: want a folder such as en")
	}
	for _, language := range languages {
		if err := l.language(language); err != nil {
			return Report{}, err
		}
	}
	if err := l.own(); err != nil {
		return Report{}, err
	}
	slices.SortStableFunc(l.report.Problems, func(a, b Problem) int { return strings.Compare(a.File, b.File) })
	return l.report, nil
}

type linter struct {
	fsys   fs.FS
	uses   []Use
	report Report
}

func (l *linter) found(file, language, prompt, problem string) {
	p := Problem{File: file, Language: language, Prompt: prompt, Problem: problem}
	l.report.Problems = append(l.report.Problems, p)
}

func (l *linter) language(language string) error {
	files, err := fs.ReadDir(l.fsys, language)
	if errors.Is(err, fs.ErrNotExist) && len(foldersOf(language)) == 1 {
		return nil // already reported
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	has := map[string]bool{}
	for _, f := range files {
		file := path.Join(language, f.Name())
		name, isWAV := strings.CutSuffix(f.Name(), ".wav")
		switch {
		case f.Name() == "texts.yaml" || strings.HasPrefix(f.Name(), "."):
		case !isWAV || !isPrompt(name):
			l.found(file, language, "", "never played; want lower-case letters, digits and hyphens, and .wav")
		default:
			has[name] = true
			l.file(file, language, name)
			if l.report.Uses[name] == nil {
				l.report.Unused = append(l.report.Unused, file)
			}
		}
	}
	for _, name := range l.wanted(language) {
		if !has[name] && !l.inherited(language, name) {
			l.found(path.Join(language, name+".wav"), language, name, "missing; callers hear a tone in its place")
		}
	}
	return nil
}

// inherited says whether a language with a region has a prompt from its language, or shares the language's lack of it,
// which is reported there.
func (l *linter) inherited(language, prompt string) bool {
	return slices.ContainsFunc(foldersOf(language)[1:], func(folder string) bool {
		_, missing := fs.Stat(l.fsys, path.Join(folder, prompt+".wav"))
		_, noFolder := fs.Stat(l.fsys, folder)
		reported := noFolder == nil && !strings.Contains(folder, "-") && slices.Contains(l.wanted(folder), prompt)
		return missing == nil || reported
	})
}

// wanted are the prompts that a language must have, without duplicates.
func (l *linter) wanted(language string) (names []string) {
	for _, p := range All() {
		names = append(names, p.Name)
	}
	for _, u := range l.uses {
		if (len(u.Languages) == 0 || slices.Contains(u.Languages, language)) && !slices.Contains(names, u.Prompt) {
			names = append(names, u.Prompt)
		}
	}
	return names
}

// own checks the recordings for lines.
func (l *linter) own() error {
	if _, err := fs.Stat(l.fsys, ownFolder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fs.WalkDir(l.fsys, ownFolder, func(file string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() || strings.HasPrefix(f.Name(), ".") {
			return err
		}
		language, name, _ := strings.Cut(strings.TrimPrefix(file, ownFolder+"/"), "/")
		if !isLanguage(language) || checkOwn(name) != nil {
			l.found(file, "", "", "never played; want "+ownFolder+
				"/<language>/<name>.wav, the name of letters, digits, spaces and . _ -")
			return nil
		}
		l.file(file, language, "")
		return nil
	})
}

func (l *linter) file(file, language, prompt string) {
	for _, problem := range lintFile(l.fsys, file) {
		l.found(file, language, prompt, problem)
	}
}

// rateOf is the rate that FreeSWITCH takes a file for: that of its folder, such as 16000/welcome.wav, which it plays in
// place of welcome.wav on calls of that rate.
func rateOf(file string) int {
	switch rate := path.Base(path.Dir(file)); rate {
	case "16000", "32000", "48000":
		n, _ := strconv.Atoi(rate)
		return n
	}
	return telephoneRate
}

func lintFile(fsys fs.FS, file string) (problems []string) {
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return []string{err.Error()}
	}
	r, err := parseWAV(b)
	if err != nil {
		return []string{err.Error()}
	}
	say := func(format string, a ...any) { problems = append(problems, fmt.Sprintf(format, a...)) }
	if want := rateOf(file); r.rate != want || r.channels != 1 || r.bits != 16 {
		say("%d Hz, %d channels, %d bits; want %d Hz, 1 channel, 16 bits", r.rate, r.channels, r.bits, want)
		return problems
	}
	if d := r.duration(); d < minDuration || d > maxDuration {
		say("%s long; want %s to %s", d, minDuration, maxDuration)
		return problems
	}
	if peak := r.peak(); peak > maxPeak {
		say("its peak is %.1f dBFS; want at most %.0f, or it may be clipped on the way", peak, maxPeak)
	}
	if rms := r.rms(); rms < minRMS || rms > maxRMS {
		say("its loudness is %.1f dBFS; want %.0f to %.0f", rms, minRMS, maxRMS)
	}
	if before, after := r.silence(); before > maxSilence || after > maxSilence {
		say("silent for %s before and %s after; want at most %s", before, after, maxSilence)
	}
	return problems
}
