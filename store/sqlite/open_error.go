package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// Why a database cannot be used.
var (
	// ErrNewer: a newer version of this program wrote the database.
	ErrNewer = errors.New("database of a newer version")
	// ErrOlder: an older version of this program wrote the database, which was opened read-only.
	ErrOlder = errors.New("database of an older version")
	// ErrMissing: there is no database to open read-only.
	ErrMissing = errors.New("no database")
	// ErrLost: the database is missing or empty, but there was one.
	ErrLost = errors.New("database lost")
	// ErrForeign: the file is not a database, or not one of ours.
	ErrForeign = errors.New("not our database")
	// ErrAccess: a file or its folder cannot be created, read or written.
	ErrAccess = errors.New("no access")
)

// OpenError says in one sentence why a file cannot be used and what to do. It matches one of ErrNewer, ErrOlder,
// ErrMissing, ErrLost, ErrForeign, ErrAccess and ErrBusy with errors.Is.
type OpenError struct {
	Path string
	// Kind is one of the errors above.
	Kind error
	// Cause is the error of the system or of SQLite, or nil.
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
		"%s was written by a newer Countersign (schema %d, this one knows %d): "+
			"upgrade this program or use another --data folder", filepath.Base(path), found, known)}
}

func olderError(path string, found, known int) *OpenError {
	return &OpenError{Path: path, Kind: ErrOlder, Sentence: fmt.Sprintf(
		"%s was written by an older Countersign (schema %d, this one reads %d): read it with that version, "+
			"or let \"countersign serve\" of this version upgrade it", filepath.Base(path), found, known)}
}

func servedError(path string, found, known int) *OpenError {
	return &OpenError{Path: path, Kind: ErrOlder, Sentence: fmt.Sprintf(
		"%s was written by an older Countersign (schema %d, this one needs %d), and a service is using the folder: "+
			"stop the service first, or use the version that it has", filepath.Base(path), found, known)}
}

func missingError(path string) *OpenError {
	return &OpenError{Path: path, Kind: ErrMissing, Sentence: fmt.Sprintf(
		"there is no %s in %s yet: \"countersign serve\" creates it; or name another folder with --data",
		filepath.Base(path), filepath.Dir(path))}
}

func foreignError(path, what string, cause error) *OpenError {
	todo := "move it away or use another --data folder"
	if WasCreated(path) {
		todo = restore + ", or move it away"
	}
	return &OpenError{Path: path, Kind: ErrForeign, Cause: cause, Sentence: fmt.Sprintf(
		"%s is %s: %s", path, what, todo)}
}

// AccessError is an *OpenError with ErrAccess for a file that cannot be created, read or written.
func AccessError(path string, cause error) *OpenError {
	var p *fs.PathError // repeats the path and names a system call
	why := cause
	if errors.As(cause, &p) {
		why = p.Err
	}
	todo := "allow this user to write the file and its folder"
	if noRoom(cause) {
		todo = "make room on the disk"
	}
	return &OpenError{Path: path, Kind: ErrAccess, Cause: cause, Sentence: fmt.Sprintf(
		"%s cannot be created or written (%v): %s, or use another --data folder", path, why, todo)}
}

// noRoom reports whether the disk, a quota or a limit of the process is full.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// Explain turns an error of SQLite while opening a file into an *OpenError.
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
			"%s cannot be written (%v): make room on the disk, check that it is healthy, or use another --data folder",
			path, err)}
	case IsCode(err, sqlite3.ErrBusy), errors.Is(err, ErrBusy):
		return &OpenError{Path: path, Kind: ErrBusy, Cause: err,
			Sentence: path + " is in use by another program: try again later"}
	default:
		return fmt.Errorf("open %s: %w", path, err)
	}
}

// explain is Explain for a database of this kind: one that can be rebuilt need not be restored.
func (s Schema) explain(path string, err error) error {
	explained := Explain(path, err)
	var known *OpenError
	if s.Rebuild != "" && IsDamaged(err) && errors.As(explained, &known) {
		known.Sentence += fmt.Sprintf("; %s: run %q", s.Anew, s.Rebuild)
	}
	return explained
}

// IsFull reports whether an error says that the disk is full.
func IsFull(err error) bool { return IsCode(err, sqlite3.ErrFull) || noRoom(err) }

// NeverFits reports whether the row itself is to blame for an error, and not the disk.
func NeverFits(err error) bool {
	return IsCode(err, sqlite3.ErrConstraint, sqlite3.ErrMismatch, sqlite3.ErrTooBig, sqlite3.ErrRange)
}
