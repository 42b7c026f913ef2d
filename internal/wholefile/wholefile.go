// Package wholefile replaces files in one step, readable for their owner only: no reader ever sees half a file.
package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"countersign/internal/datafile"

	"github.com/google/renameio/v2"
)

// Replace writes a new file beside path and renames it to path, whatever permissions the old one had. When write
// fails, the old file stays. Content and name outlive a power cut when Replace returns.
func Replace(path string, write func(io.Writer) error) error {
	draft, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o600))
	var why *fs.PathError
	if errors.As(err, &why) {
		return fmt.Errorf("write %s: %w", path, why.Err) // without the name of the draft
	}
	if err != nil {
		return err
	}
	defer func() { _ = draft.Cleanup() }()
	if err := write(draft); err != nil {
		return err
	}
	if err := draft.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return datafile.SyncFolder(filepath.Dir(path))
}
