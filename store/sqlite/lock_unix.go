//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrInUse says that another process holds the lock.
var ErrInUse = errors.New("in use by another Countersign")

// Lock keeps a second process away from what the file stands for, and makes the file. The lock goes with the process, however it ends. ErrInUse says that
// there is one already.
func Lock(path string) (unlock func(), err error) {
	if err := CreateFile(path, nil); err != nil {
		return nil, AccessError(path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return nil, AccessError(path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	}
	return func() { _ = f.Close() }, nil
}
