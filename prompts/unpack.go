package prompts

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"countersign/internal/datafile"

	"github.com/google/renameio/v2"
)

// manifestName is the file beside the language folders that lists what Unpack wrote: "<sha256>
// <language>/<prompt>.wav", one line for each version of each file.
const manifestName = ".countersign-prompts"

const manifestHead = `# The prompts that Countersign wrote here, every version of them: sha256, file.
# A recording that is not listed is yours and is never overwritten. Delete it to have ours back.
`

// Unpack writes the shipped audio to dir, which it creates if necessary: missing files, and files that an earlier
// version of Countersign wrote. Everything else is the operator's and stays: a file whose content is not listed in
// dir's manifest, a link, a file that is no shipped prompt. Without the manifest every file counts as the operator's.
//
// Files are replaced atomically, so FreeSWITCH may be reading them. If nothing is due, nothing is written: an
// up-to-date folder may be read-only. Call it once at start, before calls.
func Unpack(dir string) error {
	if err := unpack(embedded, dir); err != nil {
		return fmt.Errorf("unpack the prompts into %s: %w; make room or let the service write there, or name another folder",
			dir, err)
	}
	return nil
}

func unpack(source fs.FS, dir string) error {
	names, err := fs.Glob(source, "*/*.wav")
	if err != nil {
		return err
	}
	written, err := readManifest(dir)
	if err != nil {
		return err
	}
	due := map[string][]byte{}
	for _, name := range names {
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		if ours, err := written.mayReplace(dir, name, content); err != nil {
			return err
		} else if ours {
			due[name] = content
			written[entry{sumOf(content), name}] = true
		}
	}
	if len(due) == 0 {
		return nil
	}
	if err := datafile.MakeFolder(dir); err != nil {
		return err
	}
	// Write the manifest first: after a crash it must list every file that we wrote.
	if err := writeFile(filepath.Join(dir, manifestName), written.encode()); err != nil {
		return err
	}
	for name, content := range due {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := datafile.MakeFolder(filepath.Dir(file)); err != nil {
			return err
		}
		if err := writeFile(file, content); err != nil {
			return err
		}
	}
	return nil
}

// manifest is the set of all files that we ever wrote. It keeps old versions, so that going back to an earlier version
// and forward again works.
type manifest map[entry]bool

type entry struct{ sum, name string }

func readManifest(dir string) (manifest, error) {
	m := manifest{}
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		// Skip a damaged line: its file counts as the operator's.
		if sum, name, ok := strings.Cut(lines.Text(), "  "); ok && len(sum) == hex.EncodedLen(sha256.Size) {
			m[entry{sum, path.Clean(name)}] = true
		}
	}
	return m, nil
}

func (m manifest) encode() []byte {
	lines := make([]string, 0, len(m))
	for e := range m {
		lines = append(lines, e.sum+"  "+e.name+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[sha256.Size*2:]+a, b[sha256.Size*2:]+b) })
	return []byte(manifestHead + strings.Join(lines, ""))
}

// mayReplace reports whether a file is missing, or ours and of another version.
func (m manifest) mayReplace(dir, name string, content []byte) (bool, error) {
	file := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, nil // we write regular files only
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	return !bytes.Equal(b, content) && m[entry{sumOf(b), name}], nil
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// writeFile replaces a file atomically. It syncs before the rename: half a file would later pass for the operator's.
// FreeSWITCH, another user, can read the file whatever our umask is.
func writeFile(file string, content []byte) error {
	draft, err := renameio.NewPendingFile(file,
		renameio.WithTempDir(filepath.Dir(file)), renameio.WithStaticPermissions(0o644))
	if err != nil {
		return err
	}
	defer func() { _ = draft.Cleanup() }()
	if _, err := draft.Write(content); err != nil {
		return err
	}
	return draft.CloseAtomicallyReplace()
}
