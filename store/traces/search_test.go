package traces

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/sqlite"
)

func TestSearchFindsWhatIsInAFileAndRewriteRemovesWhatIsDeleted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := bytes.Repeat([]byte("x"), 3*searchBlock)
	for i, at := range []int{0, searchBlock - 3, 2*searchBlock + 1, len(text) - 6} {
		file := filepath.Join(folder, fmt.Sprint("file-", i))
		require.NoError(t, os.WriteFile(file, append(append(bytes.Clone(text[:at]), "C-1001"...), text[at:]...), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "other"), text, 0o600))
	s, err := Search(deadline(t), Set{[]byte("C-1001"), Named("C-1001")}, folder)
	require.NoError(t, err)
	assert.Equal(t, 5, s.Files)
	assert.Len(t, s.Found, 4, "across the blocks in which files are read, too")
	assert.EqualValues(t, 5*len(text)+4*6, s.Bytes)

	// Compressed files cannot be searched.
	for name, text := range map[string]string{"a.xlsx": "PK\x03\x04 and so on", "b": "%PDF-1.4", "c.gz": "\x1f\x8b",
		"d": "x%PDF-1.4", "e": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	s, err = Search(deadline(t), Set{[]byte("C-1001"), Named("C-1001")}, folder)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(folder, "a.xlsx"), filepath.Join(folder, "b"), filepath.Join(folder, "c.gz")},
		s.Compressed)

	// A database without secure_delete, which does not overwrite.
	folder = t.TempDir()
	path := filepath.Join(folder, "some.db")
	db, err := sql.Open("sqlite3", "file:"+path+"?_secure_delete=0")
	require.NoError(t, err)
	_, err = db.Exec(`PRAGMA journal_mode = WAL; CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('C-1001'); DELETE FROM t`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	found := func() []string {
		s, err := Search(deadline(t), Set{[]byte("C-1001"), Named("C-1001")}, folder)
		require.NoError(t, err)
		return s.Found
	}
	require.NoError(t, sqlite.Rewrite(deadline(t), path, false))
	assert.Equal(t, []string{path}, found())
	require.NoError(t, sqlite.Rewrite(deadline(t), path, true))
	assert.Empty(t, found())
}
