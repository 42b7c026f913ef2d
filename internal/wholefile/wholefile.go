// Package wholefile writes files that nobody ever sees half of, and that only their owner may read.
package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace writes a file beside path and then puts it in its place; when write fails, what was there stays. The file is
// on the disk when Replace returns.
func Replace(path string, write func(io.Writer) error) error {
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	var why *fs.PathError
	if errors.As(err, &why) {
		return fmt.Errorf("write %s: %w", path, why.Err) // the draft's name says nothing to anybody
	}
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	if err := errors.Join(write(draft), draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}
