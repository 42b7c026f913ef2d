package wholefile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/wholefile"
)

func TestAFileIsReplacedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "report.csv")
	require.NoError(t, os.WriteFile(path, []byte("an older one"), 0o644))
	broken := errors.New("the disk is full")
	require.ErrorIs(t, wholefile.Replace(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "half of")
		return errors.Join(err, broken)
	}), broken)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "an older one", string(text))

	require.NoError(t, wholefile.Replace(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "all of it")
		return err
	}))
	text, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "all of it", string(text))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, left, 1, "no draft is left")
}

func TestAFolderThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "report.csv")
	err := wholefile.Replace(path, func(io.Writer) error { return nil })
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Regexp(t, "^write "+path+": no such file", err.Error())
}
