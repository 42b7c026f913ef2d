package datafile

import (
	"errors"
	"fmt"

	"github.com/gofrs/flock"
)

// ErrInUse says that another process holds the lock.
var ErrInUse = errors.New("in use by another Countersign")

// Lock keeps a second process away from what the file stands for, and makes the file. The lock goes with the process, however it ends.
// ErrInUse says that another one has it.
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
