package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// headsPath is the file beside the log that collects the heads, one line after each entry. It is only appended to,
// needs no lock and names nobody, so it stays when old entries are removed. To hide a removed entry, an attacker must
// change this file too: copy it elsewhere as it grows.
func (a *Reader) headsPath() string { return strings.TrimSuffix(a.db.Path, ".db") + ".heads" }

// note appends the head of an entry that is in the log. After a crash between the two, only the head is missing,
// which is no error.
func (a *Log) note(e Entry) error {
	f, err := os.OpenFile(a.headsPath(), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("note the head of the audit log: %w", err)
	}
	cut, err := isCutOff(f)
	line := e.head().String() + "\n"
	if cut {
		line = "\n" + line
	}
	if err == nil {
		_, err = f.WriteString(line)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("note the head of the audit log: %w", err)
	}
	return nil
}

// isCutOff reports whether a crash cut off the last line of a file.
func isCutOff(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return last[0] != '\n', err
}

// noted reads the heads in that file. It skips lines that a crash cut off.
func (a *Reader) noted() (heads []Head, err error) {
	f, err := os.Open(a.headsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the heads of the audit log: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if h, err := ParseHead(lines.Text()); err == nil {
			heads = append(heads, h)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the heads of the audit log: %w", err)
	}
	return heads, nil
}
