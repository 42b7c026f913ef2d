package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"countersign/internal/datafile"
)

// A note beside each database says that it was created, so that a database that is gone is not taken for one that is
// still to be created. Who deletes the note asks for a new database.

// NotePath is the note of the database at path.
func NotePath(path string) string { return path + ".created" }

// WasCreated reports whether there was a database at path, whether or not it is still there.
func WasCreated(path string) bool {
	_, err := os.Stat(NotePath(path))
	return !errors.Is(err, fs.ErrNotExist)
}

// checkFile refuses what cannot be opened, and a database that is gone. It returns whether there was a database, and
// whether there is a file with content, in this order: another process may be creating both.
func (s Schema) checkFile(path string) (was, is bool, err error) {
	was = WasCreated(path)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return was, false, foreignError(path, "a folder", nil)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return was, false, AccessError(path, err)
	case err == nil && info.Size() > 0:
		return was, true, nil
	case !was:
		return false, false, nil
	case err == nil:
		return was, false, s.lostError(path, "empty")
	}
	return was, false, s.lostError(path, "missing")
}

// flush brings a new database to the disk: after a power cut there is no note of one that is still empty. Its content
// is in the log, which a commit need not flush; SQLite has flushed the rest.
func (s Schema) flush(path string) error {
	sync := s.sync
	if sync == nil {
		sync = datafile.Sync
	}
	err := sync(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) { // the last process that had it open has flushed it into the file
		return nil
	}
	if err == nil {
		err = datafile.SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		return AccessError(path+"-wal", err)
	}
	return nil
}

// note notes that the database exists.
func note(path string) error {
	text := fmt.Sprintf("%s was created. While this note is here, Countersign does not replace it when it is gone.\n",
		filepath.Base(path))
	if err := datafile.Create(NotePath(path), []byte(text)); err != nil {
		return AccessError(NotePath(path), err)
	}
	return nil
}

// olderHad says which databases a version without notes had in a folder: the database is there if the other file is. A
// database comes after the one that shows it.
var olderHad = []struct{ database, shownBy string }{
	{"journal.db", "lines.json"}, {"directory.db", "journal.db"}, {"audit.db", "audit.heads"},
}

// noteOlder makes the notes that an older version did not make in a folder, of all databases: once one of them has its
// note, the folder is not an older version's any more. Those that are gone come first.
func noteOlder(folder string) error {
	files, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil // whoever opens the database says so
	}
	if err != nil {
		return AccessError(folder, err)
	}
	if slices.ContainsFunc(files, func(f os.DirEntry) bool { return strings.HasSuffix(f.Name(), NotePath(".db")) }) {
		return nil
	}
	for _, had := range olderHad {
		path, shownBy := filepath.Join(folder, had.database), filepath.Join(folder, had.shownBy)
		if !hasContent(path) && (hasContent(shownBy) || WasCreated(shownBy)) {
			if err := note(path); err != nil {
				return err
			}
		}
	}
	for _, f := range files {
		path := filepath.Join(folder, f.Name())
		if strings.HasSuffix(path, ".db") && hasSchema(path) {
			if err := note(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// hasSchema says that a file is a database with a schema, not one that another process is creating.
func hasSchema(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const applicationID, end = 68, 72 // in SQLite's header
	var header [end]byte
	_, err = io.ReadFull(f, header[:])
	return err == nil && binary.BigEndian.Uint32(header[applicationID:]) != 0
}

func hasContent(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// Forget deletes the note of a database that is missing or empty: the next Open creates it.
func Forget(path string) error {
	if hasContent(path) {
		return nil
	}
	if err := os.Remove(NotePath(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return AccessError(NotePath(path), err)
	}
	return nil
}

// restore is what to do about a database that is gone or damaged.
const restore = "restore it from a backup (docs/operations.md#restoring)"

func (s Schema) lostError(path, how string) *OpenError {
	anew := "delete " + filepath.Base(NotePath(path))
	if s.Rebuild != "" {
		anew = fmt.Sprintf("run %q", s.Rebuild)
	}
	return &OpenError{Path: path, Kind: ErrLost, Sentence: fmt.Sprintf(
		"%s is %s, but there was one: %s; %s: %s", path, how, restore, s.Anew, anew)}
}
