package datafile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// ProbePrefix begins the names of Prove's files.
const ProbePrefix = ".probe-"

// Prove writes so many bytes to a new file in a folder, flushes them to the disk, reads them back and removes the file.
// Its error says why that is not possible now.
func Prove(folder string, size int) (err error) {
	f, err := os.CreateTemp(folder, ProbePrefix+"*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	want := bytes.Repeat([]byte{0xa5}, size)
	if _, err := f.Write(want); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	got := make([]byte, size)
	if _, err := f.ReadAt(got, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s does not return what is written to it", folder)
	}
	return nil
}
