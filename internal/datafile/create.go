// Package datafile creates and locks files that only their owner may read.
package datafile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Create creates a file with content, readable for its owner only. If the file exists, Create only takes everybody
// else's permissions away. Of several processes one wins, and no reader ever sees half a file. A missing folder is
// created by MakeFolder.
//
// Create never opens an existing file: closing a descriptor of a database would drop the locks that SQLite holds in
// this process.
func Create(path string, content []byte) error {
	if err := OwnOnly(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folder := filepath.Dir(path)
	if err := MakeFolder(folder); err != nil {
		return err
	}
	draft, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = draft.Write(content)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	switch err := os.Link(draft.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return SyncFolder(folder)
}

// MakeFolder creates a folder and its parents. Everybody may read them, whatever our umask is: FreeSWITCH, another
// user, plays prompts from a data folder. Existing folders keep their mode.
func MakeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := MakeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
		if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() {
			return nil // another process of ours was quicker
		}
		return err
	} else if err != nil {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// OwnOnly takes everybody else's permissions away from a file.
func OwnOnly(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 || !info.Mode().IsRegular() {
		return err
	}
	return os.Chmod(path, info.Mode().Perm()&0o700)
}

// Sync flushes a file to the disk. It must not be a database: see Create.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// SyncFolder flushes the names in a folder to the disk.
func SyncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
