package customers

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/sqlite"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(t *testing.T, path string)
		kind    error
		want    string
	}{
		{"a newer version wrote it", func(t *testing.T, path string) {
			db, err := sqlite.Open(deadline(t), path, schema)
			require.NoError(t, err)
			_, err = db.Write.Exec("PRAGMA user_version = 99")
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}, sqlite.ErrNewer, "directory.db was written by a newer Countersign (schema 99, this one knows 8): " +
			"upgrade this program or use another --data folder"},
		{"no database", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("Dear diary, today I learned about the file format of SQLite.\n"),
				0o600))
		}, sqlite.ErrForeign, "directory.db is not a database: move it away or use another --data folder"},
		{"somebody else's database", func(t *testing.T, path string) {
			db, err := sql.Open("sqlite3", path)
			require.NoError(t, err)
			_, err = db.Exec("CREATE TABLE recipes (name TEXT)")
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}, sqlite.ErrForeign,
			"directory.db is a database, but not Countersign's directory: move it away or use another --data folder"},
		{"the journal under the name of the directory", func(t *testing.T, path string) {
			db, err := sqlite.Open(deadline(t), path,
				sqlite.Schema{Application: 7, Synchronous: "NORMAL", Name: "journal", Files: schema.Files})
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}, sqlite.ErrForeign,
			"directory.db is a database, but not Countersign's directory: restore it from a backup"},
		{"a file where the folder should be", func(t *testing.T, path string) {
			require.NoError(t, os.RemoveAll(filepath.Dir(path)))
			require.NoError(t, os.WriteFile(filepath.Dir(path), nil, 0o600))
		}, sqlite.ErrAccess, "directory.db cannot be created or written (not a directory): allow this user to write"},
		{"a folder that may not be written", func(t *testing.T, path string) {
			if os.Geteuid() == 0 {
				t.Skip("root may write everywhere: run as another user")
			}
			require.NoError(t, os.Chmod(filepath.Dir(path), 0o500))
		}, sqlite.ErrAccess, "directory.db cannot be created or written (permission denied): allow this user to write"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "data", "directory.db")
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
			tt.prepare(t, path)
			before, _ := os.ReadFile(path)
			_, err := Open(deadline(t), path, Options{Pepper: testPepper})
			var open *sqlite.OpenError
			require.ErrorAs(t, err, &open)
			require.ErrorIs(t, err, tt.kind)
			assert.Contains(t, err.Error(), tt.want)
			after, _ := os.ReadFile(path)
			assert.Equal(t, fmt.Sprintf("%x", before), fmt.Sprintf("%x", after), "the file is left alone")
		})
	}
}
