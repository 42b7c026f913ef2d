package token_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/token"
)

func TestAKeyThatCannotBeReadOrCreatedIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := token.LoadKeys(dir)
	require.ErrorContains(t, err, "read the token key")

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = token.LoadKeys(filepath.Join(file, "token.key"))
	require.Error(t, err, "its folder is a file")
	require.NotContains(t, err.Error(), "damaged")

	nowhere := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(filepath.Join(dir, "gone", "token.key"), nowhere))
	_, err = token.LoadKeys(nowhere)
	require.Error(t, err, "a link to nowhere is there, and cannot be read")
	require.NotContains(t, err.Error(), "damaged")
}

func TestCreatingAKeyLeavesNoOtherFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	_, err := token.LoadKeys(filepath.Join(dir, "token.key"))
	require.NoError(t, err)
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, all, 1, "no draft stays behind")
	assert.Equal(t, "token.key", all[0].Name())
	info, err := all[0].Info()
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
