package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// testSchema has two migrations unless told otherwise.
func testSchema(second string) schema {
	return schema{application: 7, synchronous: "FULL", name: "test", files: fstest.MapFS{
		"migrations/test/0001_one.sql": {Data: []byte("CREATE TABLE one (a INTEGER); INSERT INTO one VALUES (1);")},
		"migrations/test/0002_two.sql": {Data: []byte(second)},
	}}
}

const second = "CREATE TABLE two (b INTEGER REFERENCES one (a));"

func openTest(t *testing.T, path string, s schema) *database {
	t.Helper()
	db, err := open(deadline(t), path, s)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.close()) })
	return db
}

func TestOpenMakesFolderForAllAndFileForItsOwner(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a folder?#%41&", "data")
	path := filepath.Join(folder, "x y?.db")
	db := openTest(t, path, testSchema(second))
	_, err := db.write.Exec("INSERT INTO one VALUES (2)")
	require.NoError(t, err)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(entries), 2, "the database and its log")
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), e.Name())
		assert.Contains(t, e.Name(), "x y?.db", "no other file is left behind")
	}
	info, err := os.Stat(folder)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o755), info.Mode().Perm(), "FreeSWITCH reads prompts below it")
}

func TestOpenTakesRightsAwayThatNobodyElseNeeds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	openTest(t, path, testSchema(second))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestEveryConnectionHasTheSettings(t *testing.T) {
	t.Parallel()
	db := openTest(t, filepath.Join(t.TempDir(), "x.db"), testSchema(second))
	pools := []struct {
		name        string
		pool        *sql.DB
		connections int
		queryOnly   string
	}{{"write", db.write, 1, "0"}, {"read", db.read, 4, "1"}}
	for _, p := range pools {
		for i := range p.connections {
			conn, err := p.pool.Conn(deadline(t)) // all are held until the end, so each is another one
			require.NoError(t, err)
			defer func() { assert.NoError(t, conn.Close()) }()
			_, err = conn.ExecContext(deadline(t), "SELECT * FROM one") // which is when it finds out about the log
			require.NoError(t, err)
			for pragma, want := range map[string]string{
				"journal_mode": "wal", "busy_timeout": "5000", "foreign_keys": "1", "synchronous": "2", "query_only": p.queryOnly,
			} {
				var got string
				require.NoError(t, conn.QueryRowContext(deadline(t), "PRAGMA "+pragma).Scan(&got))
				assert.Equal(t, want, got, "%s, connection %d, %s", p.name, i, pragma)
			}
		}
	}
}

func TestManyProcessesMayMakeADatabaseAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	ctx := deadline(t)
	var all errgroup.Group
	for range 8 {
		all.Go(func() error {
			for {
				db, err := open(ctx, path, testSchema(second))
				switch {
				case err == nil:
					return db.close()
				case !errors.Is(err, ErrBusy): // who is too slow comes again
					return err
				}
			}
		})
	}
	require.NoError(t, all.Wait())
	var rows int
	require.NoError(t, openTest(t, path, testSchema(second)).read.QueryRow("SELECT count(*) FROM one").Scan(&rows))
	assert.Equal(t, 1, rows, "each migration ran once")
}

func TestOpenWhileAnotherProcessWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	err := openTest(t, path, testSchema(second)).inTx(deadline(t), func(context.Context, *sql.Tx) error {
		db, err := open(deadline(t), path, testSchema(second))
		require.NoError(t, err)
		return db.close()
	})
	require.NoError(t, err)
}

func TestAMigrationThatFailsLeavesTheSchemaAsItWas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	_, err := open(deadline(t), path, testSchema("CREATE TABLE two (b); CREATE TABLE one (again);"))
	require.ErrorContains(t, err, "0002_two.sql")
	db := openTest(t, path, testSchema(second))
	var version int
	require.NoError(t, db.read.QueryRow("PRAGMA user_version").Scan(&version))
	assert.Equal(t, 2, version, "both migrations ran, as on a new file")
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(t *testing.T, path string)
		kind    error
		want    string
	}{
		{"a newer version wrote it", func(t *testing.T, path string) {
			db, err := open(deadline(t), path, directorySchema)
			require.NoError(t, err)
			_, err = db.write.Exec("PRAGMA user_version = 7")
			require.NoError(t, err)
			require.NoError(t, db.close())
		}, ErrNewer, "directory.db was written by a newer Countersign (schema 7, this one knows 3): upgrade this program or use another --data folder"},
		{"no database", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("Dear diary, today I learned about the file format of SQLite.\n"), 0o600))
		}, ErrForeign, "directory.db is not a database: move it away or use another --data folder"},
		{"somebody else's database", func(t *testing.T, path string) {
			db, err := sql.Open("sqlite3", path)
			require.NoError(t, err)
			_, err = db.Exec("CREATE TABLE recipes (name TEXT)")
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}, ErrForeign, "directory.db is a database, but not Countersign's directory: move it away or use another --data folder"},
		{"the journal under the name of the directory", func(t *testing.T, path string) {
			db, err := open(deadline(t), path, journalSchema)
			require.NoError(t, err)
			require.NoError(t, db.close())
		}, ErrForeign, "directory.db is a database, but not Countersign's directory: move it away or use another --data folder"},
		{"a file where the folder should be", func(t *testing.T, path string) {
			require.NoError(t, os.RemoveAll(filepath.Dir(path)))
			require.NoError(t, os.WriteFile(filepath.Dir(path), nil, 0o600))
		}, ErrAccess, "directory.db cannot be made or written (not a directory): give this user the right"},
		{"a folder that may not be written", func(t *testing.T, path string) {
			if os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			require.NoError(t, os.Chmod(filepath.Dir(path), 0o500))
		}, ErrAccess, "directory.db cannot be made or written (permission denied): give this user the right"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "data", "directory.db")
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
			tt.prepare(t, path)
			before, _ := os.ReadFile(path)
			_, err := OpenDirectory(deadline(t), path, DirectoryOptions{Pepper: testPepper})
			var open *OpenError
			require.ErrorAs(t, err, &open)
			require.ErrorIs(t, err, tt.kind)
			assert.Contains(t, err.Error(), tt.want)
			after, _ := os.ReadFile(path)
			assert.Equal(t, fmt.Sprintf("%x", before), fmt.Sprintf("%x", after), "the file is left alone")
		})
	}
}
