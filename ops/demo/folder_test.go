package demo_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/demo"
)

func TestADemoTakesNoFolderThatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a service's data": "directory.db", "a pepper": "pepper", "anything": "notes.txt", "a hidden file": ".git",
		"a folder": "nats/jetstream/x", "a folder named as the marker is": "demo/x", "a journal": "journal.db",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
		_, _, err := demo.OpenFolder(dir)
		require.ErrorContains(t, err, "name an empty folder", name)
		assert.ErrorContains(t, err, dir)
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, "mine", string(kept), name)
	}
	_, _, err := demo.OpenFolder(filepath.Join(os.Args[0], "below a file"))
	assert.Error(t, err)
}

func TestADemoUsesAnEmptyFolderAndItsOwnAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for range 2 {
		path, release, err := demo.OpenFolder(dir)
		require.NoError(t, err)
		assert.Equal(t, dir, path)
		_, _, err = demo.OpenFolder(dir)
		require.ErrorContains(t, err, "another demo uses")
		require.NoError(t, os.WriteFile(filepath.Join(dir, "directory.db"), nil, 0o600))
		require.NoError(t, release())
		assert.DirExists(t, dir, "a folder that was named stays")
	}
}

func TestWhatAKilledDemoLeftIsRemovedAtTheNextStart(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	running, end, err := demo.OpenFolder("")
	require.NoError(t, err)
	left := filepath.Join(temp, "countersign-demo-left")
	starting := filepath.Join(temp, "countersign-demo-starting")
	others := filepath.Join(temp, "countersign-demo-others")
	for _, dir := range []string{filepath.Join(left, "nats"), starting, others} {
		require.NoError(t, os.MkdirAll(dir, 0o700))
	}
	for _, file := range []string{filepath.Join(left, "demo"), filepath.Join(left, "nats", "x"),
		filepath.Join(others, "x")} {
		require.NoError(t, os.WriteFile(file, nil, 0o600))
	}
	second, endSecond, err := demo.OpenFolder("")
	require.NoError(t, err)
	assert.NoDirExists(t, left)
	assert.DirExists(t, starting)
	assert.DirExists(t, others)
	assert.DirExists(t, running, "another demo runs there")
	require.NoError(t, endSecond())
	require.NoError(t, end())
	assert.NoDirExists(t, running)
	assert.NoDirExists(t, second)
}
