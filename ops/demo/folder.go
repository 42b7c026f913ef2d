package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"countersign/internal/datafile"
)

// marker is a file in each folder of a demo. A running demo holds a lock on it.
const marker = "demo"

// temporary is the pattern of the demo's own folders, in the system's folder for temporary files.
const temporary = "countersign-demo-*"

// OpenFolder is where a demo keeps its data: dir, or a new temporary folder if dir is empty, which close removes. A dir
// that has anything but an earlier demo's data in it is refused: the demo would change it. What demos that were killed
// left behind is removed first.
func OpenFolder(dir string) (path string, close func() error, err error) {
	if dir != "" {
		unlock, err := markFolder(dir)
		return dir, func() error { unlock(); return nil }, err
	}
	removeLeftovers()
	if path, err = os.MkdirTemp("", temporary); err != nil {
		return "", nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	unlock, err := datafile.Lock(filepath.Join(path, marker))
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(path))
	}
	return path, func() error {
		defer unlock()
		return os.RemoveAll(path)
	}, nil
}

// markFolder makes dir a demo's.
func markFolder(dir string) (unlock func(), err error) {
	switch entries, err := os.ReadDir(dir); {
	case err == nil && len(entries) > 0 && !isDemo(dir):
		return nil, fmt.Errorf("%s holds something else than a demo's data, which the demo would change: name an empty "+
			"folder, or leave out --data", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the demo's folder: %w", err)
	}
	unlock, err = datafile.Lock(filepath.Join(dir, marker))
	if errors.Is(err, datafile.ErrInUse) {
		return nil, fmt.Errorf("another demo uses %s", dir)
	}
	return unlock, err
}

func isDemo(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, marker))
	return err == nil && info.Mode().IsRegular()
}

// removeLeftovers removes the temporary folders of demos that were killed: nobody holds their locks. One that is just
// being made has no marker yet, and stays.
func removeLeftovers() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), temporary))
	for _, folder := range folders {
		if !isDemo(folder) {
			continue
		}
		if unlock, err := datafile.Lock(filepath.Join(folder, marker)); err == nil {
			_ = os.RemoveAll(folder)
			unlock()
		}
	}
}
