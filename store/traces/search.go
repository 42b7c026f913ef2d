package traces

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Searched is the result of a Search.
type Searched struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Found are the files that hold a trace.
	Found []string `json:"found"`
	// Compressed are files that cannot be searched byte by byte: spreadsheets, PDFs, archives.
	Compressed []string `json:"compressed"`
}

// compressed has the first bytes of compressed files: ZIP (also spreadsheets), PDF, gzip, bzip2, xz, Zstandard, 7z.
var compressed = [][]byte{
	[]byte("PK\x03\x04"), []byte("%PDF-"), {0x1f, 0x8b}, []byte("BZh"), []byte("\xfd7zXZ\x00"), {0x28, 0xb5, 0x2f, 0xfd},
	[]byte("7z\xbc\xaf\x27\x1c"),
}

// Search reads every file below a folder. This process must have no database below it open: closing a file drops the
// locks that SQLite holds on it.
func Search(ctx context.Context, t Set, folder string) (s Searched, err error) {
	s.Found, s.Compressed = []string{}, []string{}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !entry.Type().IsRegular() {
			return ignoreMissing(err)
		}
		found, packed, n, err := searchFile(t, path)
		if err != nil {
			return ignoreMissing(err)
		}
		s.Files++
		s.Bytes += n
		if found {
			s.Found = append(s.Found, path)
		}
		if packed {
			s.Compressed = append(s.Compressed, path)
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("search %s: %w", folder, err)
	}
	return s, nil
}

// ignoreMissing drops the error of a missing file: files come and go while the service runs.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// searchBlock is how much of a file is in memory.
const searchBlock = 1 << 20

func searchFile(t Set, path string) (found, packed bool, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, false, 0, err
	}
	defer func() { _ = f.Close() }()
	longest := 0
	for _, trace := range t {
		longest = max(longest, len(trace))
	}
	buffer := make([]byte, searchBlock+longest)
	for kept := 0; ; {
		n, err := io.ReadFull(f, buffer[kept:])
		text := buffer[:kept+n]
		packed = packed || size == 0 &&
			slices.ContainsFunc(compressed, func(magic []byte) bool { return bytes.HasPrefix(text, magic) })
		size += int64(n)
		found = found || slices.ContainsFunc(t, func(trace []byte) bool { return bytes.Contains(text, trace) })
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return found, packed, size, nil
		}
		if err != nil {
			return found, packed, size, err
		}
		kept = copy(buffer, text[max(0, len(text)-longest+1):])
	}
}
