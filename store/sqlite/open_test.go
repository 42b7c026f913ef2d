package sqlite

import (
	"context"
	"database/sql"
	"errors"
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
func testSchema(second string) Schema {
	return Schema{Application: 7, Synchronous: "FULL", Name: "test", Files: fstest.MapFS{
		"migrations/0001_one.sql": {Data: []byte("CREATE TABLE one (a INTEGER); INSERT INTO one VALUES (1);")},
		"migrations/0002_two.sql": {Data: []byte(second)},
	}}
}

const second = "CREATE TABLE two (b INTEGER REFERENCES one (a));"

func openTest(t *testing.T, path string, s Schema) *DB {
	t.Helper()
	db, err := Open(deadline(t), path, s)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestOpenMakesFolderForAllAndFileForItsOwner(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a folder?#%41&", "data")
	path := filepath.Join(folder, "x y?.db")
	db := openTest(t, path, testSchema(second))
	_, err := db.Write.Exec("INSERT INTO one VALUES (2)")
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
	}{{"write", db.Write, 1, "0"}, {"read", db.Read, 4, "1"}}
	for _, p := range pools {
		for i := range p.connections {
			conn, err := p.pool.Conn(deadline(t)) // all are held until the end, so each is a new one
			require.NoError(t, err)
			defer func() { assert.NoError(t, conn.Close()) }()
			_, err = conn.ExecContext(deadline(t), "SELECT * FROM one") // which makes it notice the log
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
				db, err := Open(ctx, path, testSchema(second))
				switch {
				case err == nil:
					return db.Close()
				case !errors.Is(err, ErrBusy): // retry when too slow
					return err
				}
			}
		})
	}
	require.NoError(t, all.Wait())
	var rows int
	require.NoError(t, openTest(t, path, testSchema(second)).Read.QueryRow("SELECT count(*) FROM one").Scan(&rows))
	assert.Equal(t, 1, rows, "each migration ran once")
}

func TestOpenWhileAnotherProcessWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	err := openTest(t, path, testSchema(second)).InTx(deadline(t), func(context.Context, *sql.Tx) error {
		db, err := Open(deadline(t), path, testSchema(second))
		require.NoError(t, err)
		return db.Close()
	})
	require.NoError(t, err)
}

func TestAMigrationThatFailsLeavesTheSchemaAsItWas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	_, err := Open(deadline(t), path, testSchema("CREATE TABLE two (b); CREATE TABLE one (again);"))
	require.ErrorContains(t, err, "0002_two.sql")
	db := openTest(t, path, testSchema(second))
	var version int
	require.NoError(t, db.Read.QueryRow("PRAGMA user_version").Scan(&version))
	assert.Equal(t, 2, version, "both migrations ran, as on a new file")
}
