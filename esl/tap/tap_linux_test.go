package tap_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"countersign/esl/tap"
	"countersign/internal/programtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func files(t *testing.T, path string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func TestATapReadsWhatFreeSWITCHRecords(t *testing.T) {
	t.Parallel()
	path := programtest.Memory(t)
	f, err := tap.Open(path, "")
	require.NoError(t, err)
	heard, err := f.New()
	require.NoError(t, err)
	b := make([]byte, 8192)
	n, err := heard.Read(b)
	require.NoError(t, err)
	assert.Zero(t, n, "nothing was said yet")

	// as libsndfile does
	fs, err := os.OpenFile(heard.Path(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	require.NoError(t, err)
	defer fs.Close()
	heard.Hide()
	assert.Empty(t, files(t, path), "it has no name any more")
	for range 3 {
		said := make([]byte, 5000)
		for i := range said {
			said[i] = byte(i)
		}
		_, err = fs.Write(said)
		require.NoError(t, err)
		n, err = heard.Read(b)
		require.NoError(t, err)
		assert.Equal(t, said, b[:n])
	}
	info, err := fs.Stat()
	require.NoError(t, err)
	assert.LessOrEqual(t, info.Sys().(*syscall.Stat_t).Blocks*512, int64(4096), "what was read is given back")
	require.NoError(t, heard.Close())
	_, err = fs.Write([]byte("what is said to the agent"))
	require.NoError(t, err, "FreeSWITCH goes on")
	assert.Empty(t, files(t, path))
}

func TestATapThatFreeSWITCHNeverOpenedIsRemoved(t *testing.T) {
	t.Parallel()
	path := programtest.Memory(t)
	f, err := tap.Open(path, "")
	require.NoError(t, err)
	heard, err := f.New()
	require.NoError(t, err)
	assert.Len(t, files(t, path), 1)
	require.NoError(t, heard.Close())
	assert.Empty(t, files(t, path))
}

func TestWhatACrashLeftIsRemoved(t *testing.T) {
	t.Parallel()
	path := programtest.Memory(t)
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"heard-LOST.raw", "heard-NEW.raw", "other.raw"} {
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte("two four six eight"), 0o600))
	}
	for _, name := range []string{"heard-LOST.raw", "other.raw"} {
		require.NoError(t, os.Chtimes(filepath.Join(path, name), old, old))
	}
	_, err := tap.Open(path, "")
	require.NoError(t, err)
	assert.Equal(t, []string{"heard-NEW.raw", "other.raw"}, files(t, path),
		"another process may be about to use the new one, and other files are not ours")
}

func TestWhoMayReadWhatIsSaid(t *testing.T) {
	t.Parallel()
	ours := filepath.Join(programtest.Memory(t), "ours")
	shared := programtest.Memory(t)
	require.NoError(t, os.Chmod(shared, 0o770))
	for path, want := range map[string]os.FileMode{ours: 0o600, shared: 0o660} {
		f, err := tap.Open(path, "")
		require.NoError(t, err)
		heard, err := f.New()
		require.NoError(t, err)
		info, err := os.Stat(heard.Path())
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm())
		require.NoError(t, heard.Close())
	}
	info, err := os.Stat(ours)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestFoldersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/proc/countersign": "no such file",
		filepath.Join(programtest.Memory(t), "it's here"): "use letters",
	} {
		_, err := tap.Open(path, "")
		require.ErrorContains(t, err, want)
	}
	onDisk := t.TempDir()
	var s syscall.Statfs_t
	require.NoError(t, syscall.Statfs(onDisk, &s))
	if uint32(s.Type) == 0x01021994 {
		t.Skip("temporary files are in memory here")
	}
	_, err := tap.Open(onDisk, "")
	require.ErrorContains(t, err, "is on a disk")
}
