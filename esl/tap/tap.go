// Package tap hears what a caller says while FreeSWITCH has the call: FreeSWITCH records the caller's side of it to a
// file in memory, and a Tap reads that file while it grows (../DESIGN.md#the-callers-sound). No sound touches a disk. What
// has been read is given back to the system at once, and the file has no name any more as soon as FreeSWITCH has opened
// it. It knows no words and no wire.
package tap

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// DefaultFolder is in memory on Linux.
const DefaultFolder = "/dev/shm/countersign"

const (
	// prefix and suffix of our files. FreeSWITCH writes 16 bits, the low byte first, without a header, into .raw.
	prefix, suffix = "heard-", ".raw"
	// lostAfter is when a file belongs to nobody any more: no recording takes so long.
	lostAfter = 2 * time.Minute
	// page is how much memory can be given back.
	page = 4096
)

// Folder is where FreeSWITCH writes. Its methods may be called from any goroutine.
type Folder struct {
	path string
	// mode is that of files: FreeSWITCH's group may write if it may write to the folder.
	mode fs.FileMode

	mu    sync.Mutex
	swept time.Time
}

// Open takes a folder in memory. If it does not exist it is made, for our user and group, or for our user alone if group
// is empty.
func Open(path, group string) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if strings.Trim(path, letters+"/_.-") != "" {
		return nil, fmt.Errorf("%s: FreeSWITCH cannot be given that name: use letters, digits and _ . -", path)
	}
	if err := makeFolder(path, group); err != nil {
		return nil, err
	}
	if err := inMemory(path); err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := ours(path, info); err != nil {
		return nil, err
	}
	f := &Folder{path: path, mode: 0o600 | info.Mode().Perm()&0o060}
	t, err := f.New() // may we write there?
	if err != nil {
		return nil, err
	}
	return f, t.Close()
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// makeFolder makes the folder if it does not exist: memory is empty after a restart of the machine.
func makeFolder(path, group string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil || group == "" {
		return err
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	gid, _ := strconv.Atoi(g.Gid)
	if err := os.Chown(path, -1, gid); err != nil {
		return errors.Join(fmt.Errorf("%w: our user must be in the group %s", err, group), os.Remove(path))
	}
	return os.Chmod(path, 0o770|fs.ModeSetgid) // files have the group, too
}

// New makes a file for FreeSWITCH to record to.
func (f *Folder) New() (*Tap, error) {
	f.sweep()
	path := filepath.Join(f.path, prefix+rand.Text()+suffix)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, f.mode)
	if err != nil {
		return nil, err
	}
	if err := file.Chmod(f.mode); err != nil { // whatever the umask
		_ = file.Close()
		_ = os.Remove(path)
		return nil, err
	}
	return &Tap{path: path, file: file}, nil
}

// sweep removes what a process has left that was killed just when FreeSWITCH began to record.
func (f *Folder) sweep() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.swept) < lostAfter {
		return
	}
	f.swept = time.Now()
	lost, _ := filepath.Glob(filepath.Join(f.path, prefix+"*"+suffix))
	for _, path := range lost {
		if info, err := os.Lstat(path); err == nil && time.Since(info.ModTime()) > lostAfter {
			_ = os.Remove(path)
		}
	}
}

// Tap is one recording. Only one goroutine uses it.
type Tap struct {
	path   string
	file   *os.File
	hidden bool
	read   int64 // so much was read
	freed  int64 // so much was given back
}

// Path is where FreeSWITCH is to record to.
func (t *Tap) Path() string { return t.path }

// Hide removes the file's name, as soon as FreeSWITCH has opened it.
func (t *Tap) Hide() {
	if !t.hidden {
		t.hidden = true
		_ = os.Remove(t.path)
	}
}

// Read reads what was said since the last Read: nothing, if nothing was. It never waits.
func (t *Tap) Read(b []byte) (int, error) {
	n, err := t.file.ReadAt(b, t.read)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, err
	}
	t.read += int64(n)
	if whole := t.read &^ (page - 1); whole > t.freed {
		giveBack(t.file, t.freed, whole-t.freed)
		t.freed = whole
	}
	return n, nil
}

// Close removes the recording, whether FreeSWITCH still writes to it or not. What it goes on to write is nobody's, and
// gone when it ends.
func (t *Tap) Close() error {
	t.Hide()
	return errors.Join(t.file.Truncate(0), t.file.Close())
}
