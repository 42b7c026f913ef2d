package datafile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestALockKeepsASecondProcessAway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "folder", "lock")
	unlock, err := Lock(path)
	require.NoError(t, err)
	_, err = Lock(path)
	require.ErrorIs(t, err, ErrInUse)
	unlock()
	unlock, err = Lock(path)
	require.NoError(t, err)
	unlock()
}

func TestOfManyWhoCreateAFileOneWinsAndItIsWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "folder", "key")
	var all errgroup.Group
	for _, content := range []string{"aaaa", "bbbb", "cccc", "dddd"} {
		all.Go(func() error { return Create(path, []byte(content)) })
	}
	require.NoError(t, all.Wait())
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, []string{"aaaa", "bbbb", "cccc", "dddd"}, string(got))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no draft is left behind")
}

func TestAFileThatOthersMayReadIsClosedToThemAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	require.NoError(t, Create(path, []byte("new")))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "old", string(got))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestALockOfOnesOwnIsNotTakenTwice(t *testing.T) {
	t.Parallel()
	path := FolderLock(t.TempDir())
	unlock, err := Lock(path)
	require.NoError(t, err)
	again, err := LockUnlessHeld(path)
	require.NoError(t, err)
	again()
	_, err = Lock(path)
	require.ErrorIs(t, err, ErrInUse, "it is still held")
	unlock()
	again, err = LockUnlessHeld(path)
	require.NoError(t, err)
	_, err = Lock(path)
	require.ErrorIs(t, err, ErrInUse)
	again()
}
