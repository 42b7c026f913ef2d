package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// Why a database cannot be used.
var (
	// ErrNewer says that a newer version of this program wrote the database.
	ErrNewer = errors.New("database of a newer version")
	// ErrOlder says that an older version of this program wrote the database, and that it was only to be read.
	ErrOlder = errors.New("database of an older version")
	// ErrMissing says that there is no database, and that it was only to be read.
	ErrMissing = errors.New("no database")
	// ErrForeign says that the file is no database, or somebody else's.
	ErrForeign = errors.New("not our database")
	// ErrAccess says that a file or its folder cannot be made, read or written.
	ErrAccess = errors.New("no access")
)

// OpenError says in one sentence why a file cannot be used and what to do about it. errors.Is tells ErrNewer, ErrForeign, ErrAccess,
// ErrOlder, ErrMissing and ErrBusy apart.
type OpenError struct {
	Path string
	// Kind is one of the errors above.
	Kind error
	// Cause is what the system or SQLite said, or nil.
	Cause    error
	Sentence string
}

func (e *OpenError) Error() string { return e.Sentence }

// Unwrap gives errors.Is both the kind and the cause.
func (e *OpenError) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

func newerError(path string, found, known int) *OpenError {
	return &OpenError{Path: path, Kind: ErrNewer, Sentence: fmt.Sprintf(
		"%s was written by a newer Countersign (schema %d, this one knows %d): upgrade this program or use another --data folder",
		filepath.Base(path), found, known)}
}

func olderError(path string, found, known int) *OpenError {
	return &OpenError{Path: path, Kind: ErrOlder, Sentence: fmt.Sprintf(
		"%s was written by an older Countersign (schema %d, this one reads %d): read it with that version, or let \"countersign serve\" "+
			"of this version upgrade it", filepath.Base(path), found, known)}
}

func missingError(path string) *OpenError {
	return &OpenError{Path: path, Kind: ErrMissing, Sentence: fmt.Sprintf(
		"there is no %s in %s yet: \"countersign serve\" makes it; or name another folder with --data", filepath.Base(path), filepath.Dir(path))}
}

func foreignError(path, what string, cause error) *OpenError {
	return &OpenError{Path: path, Kind: ErrForeign, Cause: cause, Sentence: fmt.Sprintf(
		"%s is %s: move it away or use another --data folder", path, what)}
}

// AccessError says that a file cannot be made, read or written, and what to do.
func AccessError(path string, cause error) *OpenError {
	var p *fs.PathError // says the path again, and the name of a system call
	why := cause
	if errors.As(cause, &p) {
		why = p.Err
	}
	return &OpenError{Path: path, Kind: ErrAccess, Cause: cause, Sentence: fmt.Sprintf(
		"%s cannot be made or written (%v): give this user the right to write the file and its folder, or use another --data folder", path, why)}
}

// Explain puts what SQLite said while opening into words.
func Explain(path string, err error) error {
	var already *OpenError
	switch {
	case errors.As(err, &already):
		return err
	case IsCode(err, sqlite3.ErrNotADB):
		return foreignError(path, "not a database", err)
	case IsCode(err, sqlite3.ErrCorrupt):
		return foreignError(path, "a damaged database", err)
	case IsCode(err, sqlite3.ErrCantOpen, sqlite3.ErrReadonly, sqlite3.ErrPerm):
		return AccessError(path, err)
	case IsCode(err, sqlite3.ErrFull, sqlite3.ErrIoErr):
		return &OpenError{Path: path, Kind: ErrAccess, Cause: err, Sentence: fmt.Sprintf(
			"%s cannot be written (%v): make room on the disk, check that it is healthy, or use another --data folder", path, err)}
	case IsCode(err, sqlite3.ErrBusy), errors.Is(err, ErrBusy):
		return &OpenError{Path: path, Kind: ErrBusy, Cause: err, Sentence: path + " is in use by another program: try again later"}
	default:
		return fmt.Errorf("open %s: %w", path, err)
	}
}

// NeverFits tells an entry that is wrong from a disk that is.
func NeverFits(err error) bool {
	return IsCode(err, sqlite3.ErrConstraint, sqlite3.ErrMismatch, sqlite3.ErrTooBig, sqlite3.ErrRange)
}
