package datafile

import (
	"errors"
	"fmt"

	"github.com/gofrs/flock"
)

// ErrInUse means that another process holds the lock.
var ErrInUse = errors.New("in use by another Countersign")

// Lock creates the file if missing and locks it, or returns ErrInUse. The lock ends with the process, however that
// ends.
func Lock(path string) (unlock func(), err error) {
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
	return func() { _ = lock.Close() }, nil
}
