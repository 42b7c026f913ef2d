package datafile

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
)

// ErrInUse means that another process holds the lock.
var ErrInUse = errors.New("in use by another Countersign")

// held has the locks of this process, by absolute path: a file lock is the process's, whoever in it took it.
var held sync.Map

// FolderLock is the file that a service locks for as long as it uses a data folder.
func FolderLock(folder string) string { return filepath.Join(folder, "lock") }

// Lock creates the file if missing and locks it, or returns ErrInUse. The lock ends with the process, however that
// ends.
func Lock(path string) (unlock func(), err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := Create(path, nil); err != nil {
		return nil, err
	}
	lock := flock.New(path)
	locked, err := lock.TryLock()
	if err != nil {
		return nil, err
	}
	if !locked {
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	}
	held.Store(path, true)
	return func() {
		held.Delete(path)
		_ = lock.Close()
	}, nil
}

// LockUnlessHeld is Lock, and does nothing if this process holds the lock already.
func LockUnlessHeld(path string) (unlock func(), err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, ours := held.Load(path); ours {
		return func() {}, nil
	}
	return Lock(path)
}
