package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"filippo.io/age"
)

// A backup is age(gzip(tar)): "age --decrypt FILE | tar -xz" opens it without this program.

const manifestName = "manifest.json"

// writer writes the parts of a backup, and notes the hash of each.
type writer struct {
	zipped *gzip.Writer
	parts  *tar.Writer
	sums   map[string]string
}

func newWriter(to io.Writer) *writer {
	zipped, _ := gzip.NewWriterLevel(to, gzip.BestSpeed) // a constant that it knows
	return &writer{zipped: zipped, parts: tar.NewWriter(zipped), sums: map[string]string{}}
}

// file adds the file at path. One that is gone is left out; one that grows is taken as it is now.
func (w *writer) file(name, path string) (err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return w.part(name, info.Mode().Perm(), info.ModTime(), info.Size(), f)
}

func (w *writer) text(name string, text []byte) error {
	return w.part(name, 0o600, time.Time{}, int64(len(text)), bytes.NewReader(text))
}

func (w *writer) part(name string, mode fs.FileMode, changed time.Time, size int64, from io.Reader) error {
	if w.sums[name] != "" {
		return fmt.Errorf("two files would be %s: rename the one in the data folder", name)
	}
	h := &tar.Header{Name: name, Mode: int64(mode), ModTime: changed, Size: size, Format: tar.FormatPAX}
	if err := w.parts.WriteHeader(h); err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.parts, sum), from, size); err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	w.sums[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// close writes the manifest, and ends the file.
func (w *writer) close(m Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := w.text(manifestName, text); err != nil {
		return err
	}
	return errors.Join(w.parts.Close(), w.zipped.Close())
}

// damaged is the error of a file that is not as it was made.
type damaged struct{ err error }

func (d damaged) Error() string {
	return fmt.Sprintf("the backup is damaged or cut off: use another one (%v)", d.err)
}
func (d damaged) Unwrap() error { return d.err }

// read opens a backup, hands each part to take, and checks that the whole file is as it was made.
func read(file io.Reader, passphrase string, take func(h *tar.Header, content io.Reader) error) (m Manifest, err error) {
	key, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return m, err
	}
	opened, err := age.Decrypt(file, key)
	var mismatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &mismatch):
		return m, fmt.Errorf("%w, or the beginning of the backup is damaged", ErrPassphrase)
	case err != nil:
		return m, damaged{err}
	}
	zipped, err := gzip.NewReader(opened)
	if err != nil {
		return m, damaged{err}
	}
	sums := map[string]string{}
	for parts := tar.NewReader(zipped); ; {
		h, err := parts.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, damaged{err}
		}
		if h.Name == manifestName {
			if err := json.NewDecoder(parts).Decode(&m); err != nil {
				return m, damaged{err}
			}
			continue
		}
		sum := sha256.New()
		content := &reading{from: io.TeeReader(parts, sum)}
		if err := take(h, content); err != nil {
			if content.err != nil {
				return m, damaged{content.err}
			}
			return m, err
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return m, damaged{err}
		}
		sums[h.Name] = hex.EncodeToString(sum.Sum(nil))
	}
	// The ends of the layers have checksums of their own.
	_, err = io.Copy(io.Discard, zipped)
	if _, endErr := io.Copy(io.Discard, opened); err != nil || endErr != nil {
		return m, damaged{errors.Join(err, endErr)}
	}
	switch {
	case m.Format == 0:
		return m, damaged{errors.New("it has no list of its parts")}
	case m.Format > format:
		return m, fmt.Errorf("countersign %s made the backup, in a form that this version does not know: restore it with that version",
			m.Version)
	}
	return m, m.check(sums)
}

// check compares the parts that were read with the list of those that were written.
func (m Manifest) check(sums map[string]string) error {
	for name, want := range m.Files {
		if sums[name] != want {
			return damaged{fmt.Errorf("%s is missing or changed", name)}
		}
	}
	if len(sums) != len(m.Files) {
		return damaged{fmt.Errorf("it has %d parts in place of %d", len(sums), len(m.Files))}
	}
	return nil
}

// reading remembers an error of what is read, which is not one of where it is written.
type reading struct {
	from io.Reader
	err  error
}

func (r *reading) Read(p []byte) (n int, err error) {
	n, err = r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
