package prompts

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"countersign/session"
)

// digitPause is between two digits of a code: long enough to write each down.
const digitPause = 600 * time.Millisecond

// SpeakDigits makes audio of a secret's digits for one call: the recordings of the language, one after the other.
// FreeSWITCH writes the names of what it plays, and how long it played, into its log, its events and call records; so
// the name is random and every digit takes as long as the longest of the ten. done overwrites the file and removes it.
// The digits are in no error.
func (c *Catalogue) SpeakDigits(language string, digits session.Secret) (file string, done func(), err error) {
	spoken, err := c.tenDigits(language)
	if err != nil {
		return "", nil, fmt.Errorf("speak a code: %w", err)
	}
	each := 0
	for _, d := range spoken {
		each = max(each, len(d.samples))
	}
	each += int(digitPause * telephoneRate / time.Second)
	whole := recording{rate: telephoneRate, channels: 1, bits: 16, samples: make([]int16, each*digits.Len())}
	defer clear(whole.samples)
	for i, d := range digits.Reveal() {
		if !isDigit(d) {
			return "", nil, errors.New("speak a code: it is not all digits")
		}
		copy(whole.samples[i*each:], spoken[d-'0'].samples)
	}
	wav := whole.encode()
	defer clear(wav)
	file = filepath.Join(c.dir, onceFolder, rand.Text()+".wav")
	if err := writeOnce(file, wav); err != nil {
		return "", nil, fmt.Errorf("speak a code: %w", err)
	}
	return file, func() { wipeFile(file, len(wav)) }, nil
}

// tenDigits are the recordings of 0 to 9: the installed ones if all can be read, else ours.
func (c *Catalogue) tenDigits(language string) (all [10]recording, err error) {
	installed := func(d int) ([]byte, error) {
		name, found := c.File(language, fmt.Sprintf("digit-%d", d))
		if !found {
			return nil, os.ErrNotExist
		}
		return readBounded(name)
	}
	if all, err = readDigits(installed); err == nil {
		return all, nil
	}
	primary, _, _ := strings.Cut(language, "-")
	for _, ours := range []string{primary, "en"} {
		shipped := func(d int) ([]byte, error) { return embedded.ReadFile(path.Join(ours, fmt.Sprintf("digit-%d.wav", d))) }
		if all, err = readDigits(shipped); err == nil {
			return all, nil
		}
	}
	return all, err
}

func readDigits(read func(digit int) ([]byte, error)) (all [10]recording, err error) {
	for d := range all {
		b, err := read(d)
		if err != nil {
			return all, err
		}
		r, err := parseWAV(b)
		if err == nil && (r.rate != telephoneRate || len(r.samples) == 0) {
			r, err = forTelephone(r)
		}
		if err != nil {
			return all, fmt.Errorf("digit-%d: %w", d, err)
		}
		all[d] = r
	}
	return all, nil
}

// wipeFile overwrites a file before it removes it. It ignores errors: clearOnce removes what stays.
func wipeFile(file string, size int) {
	if f, err := os.OpenFile(file, os.O_WRONLY, 0); err == nil {
		_, _ = f.Write(make([]byte, size))
		_ = f.Sync()
		_ = f.Close()
	}
	_ = os.Remove(file)
}
