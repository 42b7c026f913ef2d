package prompts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// What a prompt should be like. FreeSWITCH plays anything; these make prompts that follow one another sound like one voice, on any telephone.
const (
	minDuration, maxDuration = 300 * time.Millisecond, 9 * time.Second
	minRMS, maxRMS           = -23.0, -17.0 // dBFS
	maxPeak                  = -3.0         // dBFS: room for the codecs on the way
	maxSilence               = 250 * time.Millisecond
)

// Lint looks at a folder of prompts, fsys/<language>/<prompt>.wav, and says everything that is not as it should be, joined: prompts of the
// catalogue without audio, names that would never be found, audio that is not 8 kHz mono 16-bit PCM or is too long, too loud or too quiet.
func Lint(fsys fs.FS) error {
	folders, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return fmt.Errorf("read the folder of prompts: %w", err)
	}
	var wrong []error
	languages := 0
	for _, f := range folders {
		if !f.IsDir() || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		languages++
		if !isLanguage(f.Name()) {
			wrong = append(wrong, fmt.Errorf("%s: not the name of a language, such as en or pt-BR", f.Name()))
			continue
		}
		wrong = append(wrong, lintLanguage(fsys, f.Name()))
	}
	if languages == 0 {
		wrong = append(wrong, errors.New("no language: want a folder such as en"))
	}
	return errors.Join(wrong...)
}

func lintLanguage(fsys fs.FS, language string) error {
	files, err := fs.ReadDir(fsys, language)
	if err != nil {
		return err
	}
	var wrong []error
	has := map[string]bool{}
	for _, f := range files {
		file := path.Join(language, f.Name())
		name, isWAV := strings.CutSuffix(f.Name(), ".wav")
		switch {
		case f.Name() == "texts.yaml" || strings.HasPrefix(f.Name(), "."):
		case !isWAV || !isPrompt(name):
			wrong = append(wrong, fmt.Errorf("%s: never played; want lower-case letters, digits and hyphens, and .wav", file))
		default:
			has[name] = true
			if err := lintFile(fsys, file); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", file, err))
			}
		}
	}
	for _, p := range All() {
		if !has[p.Name] {
			wrong = append(wrong, fmt.Errorf("%s/%s.wav: missing; callers hear a tone in its place", language, p.Name))
		}
	}
	return errors.Join(wrong...)
}

func lintFile(fsys fs.FS, file string) error {
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	r, err := parseWAV(b)
	if err != nil {
		return err
	}
	if r.rate != 8000 || r.channels != 1 || r.bits != 16 {
		return fmt.Errorf("%d Hz, %d channels, %d bits; want 8000 Hz, 1 channel, 16 bits", r.rate, r.channels, r.bits)
	}
	if d := r.duration(); d < minDuration || d > maxDuration {
		return fmt.Errorf("%s long; want %s to %s", d, minDuration, maxDuration)
	}
	var wrong []error
	if peak := r.peak(); peak > maxPeak {
		wrong = append(wrong, fmt.Errorf("its peak is %.1f dBFS; want at most %.0f, or it may be clipped on the way", peak, maxPeak))
	}
	if rms := r.rms(); rms < minRMS || rms > maxRMS {
		wrong = append(wrong, fmt.Errorf("its loudness is %.1f dBFS; want %.0f to %.0f", rms, minRMS, maxRMS))
	}
	if before, after := r.silence(); before > maxSilence || after > maxSilence {
		wrong = append(wrong, fmt.Errorf("silent for %s before and %s after; want at most %s", before, after, maxSilence))
	}
	return errors.Join(wrong...)
}
