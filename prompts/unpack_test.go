package prompts

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// version is a release of Countersign with one prompt.
func version(content string) fs.FS { return fstest.MapFS{"en/greeting.wav": {Data: []byte(content)}} }

func content(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}

func TestUnpackWritesWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, Unpack(dir))
	require.NoError(t, lint(t, os.DirFS(dir)))

	require.NoError(t, os.Remove(filepath.Join(dir, "en", "greeting.wav")))
	require.NoError(t, Unpack(dir))
	require.NoError(t, lint(t, os.DirFS(dir)))
}

func TestUnpackReplacesOurFilesAndKeepsTheOperators(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before func(t *testing.T, dir, file string)
		want   string
	}{
		"an earlier version of ours": {func(*testing.T, string, string) {}, "new"},
		"the operator's recording": {func(t *testing.T, _, file string) {
			require.NoError(t, os.WriteFile(file, []byte("mine"), 0o644))
		}, "mine"},
		"deleted": {func(t *testing.T, _, file string) { require.NoError(t, os.Remove(file)) }, "new"},
		"the operator copied the new version": {func(t *testing.T, _, file string) {
			require.NoError(t, os.WriteFile(file, []byte("new"), 0o644))
		}, "new"},
		"without a manifest nothing is ours": {func(t *testing.T, dir, _ string) {
			require.NoError(t, os.Remove(filepath.Join(dir, manifestName)))
		}, "old"},
		"with a damaged manifest nothing is ours": {func(t *testing.T, dir, _ string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, manifestName), []byte("\x00\nfoo  en/greeting.wav\n"), 0o644))
		}, "old"},
		"a link, even to a copy of ours": {func(t *testing.T, dir, file string) {
			require.NoError(t, os.Rename(file, filepath.Join(dir, "elsewhere")))
			require.NoError(t, os.Symlink(filepath.Join(dir, "elsewhere"), file))
		}, "old"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "en", "greeting.wav")
			require.NoError(t, unpack(version("old"), dir))
			tt.before(t, dir, file)
			require.NoError(t, unpack(version("new"), dir))
			assert.Equal(t, tt.want, content(t, file))
			require.NoError(t, unpack(version("newest"), dir))
			if tt.want == "new" && name != "the operator copied the new version" {
				assert.Equal(t, "newest", content(t, file))
			} else {
				assert.Equal(t, tt.want, content(t, file))
			}
		})
	}
}

func TestUnpackKnowsItsFilesAfterGoingBackAVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, v := range []string{"1", "2", "1", "2", "3"} {
		require.NoError(t, unpack(version(v), dir))
		assert.Equal(t, v, content(t, filepath.Join(dir, "en", "greeting.wav")))
	}
}

func TestUnpackKeepsFilesThatAreNoShippedPrompt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "de"), 0o700))
	own := filepath.Join(dir, "de", "greeting.wav")
	require.NoError(t, os.WriteFile(own, []byte("mine"), 0o600))
	require.NoError(t, Unpack(dir))
	assert.Equal(t, "mine", content(t, own))
	info, err := os.Stat(filepath.Dir(own))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
}

// Not parallel: the umask is the process's.
func TestUnpackMakesFilesThatFreeSWITCHCanReadWhateverTheUmask(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "data", "prompts")
	require.NoError(t, Unpack(dir))
	for name, want := range map[string]fs.FileMode{
		"..": 0o755, ".": 0o755, "en": 0o755, "en/greeting.wav": 0o644, manifestName: 0o644,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), name)
	}
}

func TestUnpackWritesNothingWhenNothingIsDue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, Unpack(dir))
	before := inodes(t, dir)
	require.NoError(t, Unpack(dir))
	assert.Equal(t, before, inodes(t, dir))
}

func inodes(t *testing.T, dir string) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		all[path] = info.Sys().(*syscall.Stat_t).Ino
		return err
	}))
	return all
}

func TestUnpackReplacesAFileAtomically(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := strings.Repeat("a", 1<<20), strings.Repeat("b", 1<<20)
	require.NoError(t, unpack(version(a), dir))
	stop := make(chan struct{})
	var reader sync.WaitGroup
	var torn string
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			got, err := os.ReadFile(filepath.Join(dir, "en", "greeting.wav"))
			if err != nil || len(got) != len(a) || bytes.Count(got, got[:1]) != len(got) {
				torn = "a reader saw a file that is neither version"
				return
			}
		}
	})
	for range 10 {
		require.NoError(t, unpack(version(b), dir))
		require.NoError(t, unpack(version(a), dir))
	}
	close(stop)
	reader.Wait()
	assert.Empty(t, torn)
	left, err := filepath.Glob(filepath.Join(dir, "en", ".*"))
	require.NoError(t, err)
	assert.Empty(t, left, "temporary files")
}

func TestSeveralProcessesMayUnpackAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "prompts")
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = Unpack(dir) })
	}
	all.Wait()
	for _, err := range errs {
		assert.NoError(t, err)
	}
	assert.NoError(t, lint(t, os.DirFS(dir)))
}

func TestUnpackSaysWhatToDoWhenItCannotWrite(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(dir, nil, 0o644))
	err := Unpack(dir)
	require.Error(t, err)
	assert.Contains(t, err.Error(), dir)
	assert.Contains(t, err.Error(), "make room or let the service write there")
}
