package customers

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"countersign/internal/datafile"
	"countersign/store/sqlite"
)

// PepperSize is the size of the pepper in bytes, that of the hash it keys.
const PepperSize = 32

// LoadPepper reads the key that protects the stored secrets: 32 bytes in hexadecimal, in a file of its own outside
// the database and its backup. It creates a missing file, readable for its owner only; several processes that do so
// at once all get the same key. It refuses a damaged file and leaves it alone, because no other key can check the
// PINs.
func LoadPepper(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := datafile.Create(path, newPepper()); err != nil {
			return nil, sqlite.AccessError(path, err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, sqlite.AccessError(path, err)
	}
	defer clear(text)
	text = bytes.TrimSpace(text)
	pepper := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(pepper, text); err != nil || len(pepper) != PepperSize {
		return nil, fmt.Errorf("%s is damaged: it must hold 64 hexadecimal digits and nothing else; "+
			"restore it from a backup, because the stored PINs cannot be checked without it", path)
	}
	return pepper, nil
}

func newPepper() []byte {
	pepper := make([]byte, PepperSize)
	rand.Read(pepper) // never fails, as documented
	return append(hex.AppendEncode(nil, pepper), '\n')
}
