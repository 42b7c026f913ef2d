package customers

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"countersign/internal/datafile"
	"countersign/store/sqlite"
)

// PepperSize is the size of a pepper in bytes, that of the hash it keys.
const PepperSize = 32

// Peppers are the keys that protect the stored secrets, in the order of their file. New secrets are stored under the last
// one that is not marked as next, older ones are checked under theirs. Keys for other purposes that must stay the same
// (PepperKey) are derived from the first.
type Peppers struct {
	keys    [][]byte
	current int
}

// OnePepper is a single one.
func OnePepper(key []byte) Peppers { return Peppers{keys: [][]byte{key}} }

// nextWord marks a pepper that is accepted, and not used yet: for the time in which not every machine has it.
const nextWord = "next"

// LoadPepper reads the keys that protect the stored secrets: a line of 64 hexadecimal digits for each, in a file of its own
// outside the database and its backup. It creates a missing file with one, readable for its owner only; several processes
// that do so at once all get the same. It refuses a damaged file and leaves it alone, because no other key can check the
// PINs.
//
// To change the pepper while calls run, add a line with a new one and the word "next" on every machine and reload, then
// remove the word on every machine and reload again. Older lines stay.
func LoadPepper(path string) (Peppers, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := datafile.Create(path, newPepper()); err != nil {
			return Peppers{}, sqlite.AccessError(path, err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return Peppers{}, sqlite.AccessError(path, err)
	}
	defer clear(text)
	p, ok := parsePeppers(text)
	if !ok {
		return Peppers{}, fmt.Errorf("%s is damaged: each line must hold 64 hexadecimal digits, and the last ones may be marked "+
			"as %s; restore it from a backup, because the stored PINs cannot be checked without it", path, nextWord)
	}
	return p, nil
}

func parsePeppers(text []byte) (p Peppers, ok bool) {
	next := false
	for line := range bytes.Lines(bytes.TrimSpace(text)) {
		word := bytes.Fields(line)
		if len(word) == 0 || len(word) > 2 {
			return p, false
		}
		key := make([]byte, hex.DecodedLen(len(word[0])))
		if _, err := hex.Decode(key, word[0]); err != nil || len(key) != PepperSize || p.index(key) >= 0 {
			return p, false
		}
		marked := len(word) == 2
		if marked && (string(word[1]) != nextWord || len(p.keys) == 0) || next && !marked {
			return p, false
		}
		next = marked
		p.keys = append(p.keys, key)
		if !next {
			p.current = len(p.keys) - 1
		}
	}
	return p, len(p.keys) > 0
}

func (p Peppers) check() error {
	if len(p.keys) == 0 || len(p.keys[0]) != PepperSize {
		return fmt.Errorf("there is no pepper of %d bytes", PepperSize)
	}
	return nil
}

func (p Peppers) index(key []byte) int {
	for i, k := range p.keys {
		if bytes.Equal(k, key) {
			return i
		}
	}
	return -1
}

// String describes them, for an operator who compares machines.
func (p Peppers) String() string {
	names := make([]string, len(p.keys))
	for i, key := range p.keys {
		names[i] = hex.EncodeToString(fingerprint(key)[:4])
		switch {
		case i == p.current:
			names[i] += " (in use)"
		case i > p.current:
			names[i] += " (next)"
		}
	}
	return strings.Join(names, ", ")
}

// Several reports whether there is more than one.
func (p Peppers) Several() bool { return len(p.keys) > 1 }

// Format prints no key.
func (p Peppers) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// fingerprint identifies a pepper without revealing it.
func fingerprint(key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("countersign/pepper/v1"))
	return mac.Sum(nil)[:8]
}

func newPepper() []byte {
	pepper := make([]byte, PepperSize)
	rand.Read(pepper) // never fails, as documented
	return append(hex.AppendEncode(nil, pepper), '\n')
}
