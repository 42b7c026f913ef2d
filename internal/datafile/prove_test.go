package datafile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/datafile"
)

func TestAFolderIsProvenByWritingToItAndNothingIsLeft(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, datafile.Prove(folder, 64<<10))
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.ErrorIs(t, datafile.Prove(filepath.Join(folder, "missing"), 1), os.ErrNotExist)
}

func TestAFullDiskIsFoundOut(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := syscall.Mount("none", folder, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a full disk needs a file system of its own, which only root may mount: run as root on Linux: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	require.NoError(t, datafile.Prove(folder, 64<<10))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "fill"), make([]byte, 224<<10), 0o600))
	require.ErrorIs(t, datafile.Prove(folder, 64<<10), syscall.ENOSPC)
	require.NoError(t, os.Remove(filepath.Join(folder, "fill")))
	assert.NoError(t, datafile.Prove(folder, 64<<10))
}
