package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manyRows makes a database of many pages, and closes it.
func manyRows(t *testing.T) (path string, size int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "test.db")
	db, err := Open(t.Context(), path, testSchema(second))
	require.NoError(t, err)
	_, err = db.Write.Exec("CREATE TABLE many (a, b); CREATE INDEX many_a ON many (a)")
	require.NoError(t, err)
	_, err = db.Write.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
		INSERT INTO many SELECT i, hex(randomblob(40)) FROM n`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	return path, info.Size()
}

func TestDamageIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, path string, size int64){
		"cut short":        func(t *testing.T, path string, size int64) { require.NoError(t, os.Truncate(path, size/2)) },
		"a part of a page": func(t *testing.T, path string, size int64) { require.NoError(t, os.Truncate(path, 100)) },
		"flipped bytes in the head of a page": func(t *testing.T, path string, size int64) {
			overwrite(t, path, size/2/4096*4096, []byte{0xff, 0xff, 0xff})
		},
		"zeros": func(t *testing.T, path string, size int64) {
			overwrite(t, path, size/2/4096*4096, make([]byte, 4096))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, size := manyRows(t)
			for _, thorough := range []bool{false, true} {
				require.NoError(t, Check(t.Context(), path, thorough))
			}
			damage(t, path, size)
			for _, thorough := range []bool{false, true} {
				err := Check(t.Context(), path, thorough)
				require.True(t, IsDamaged(err), err)
				assert.ErrorContains(t, err, path+" is ")
				assert.ErrorContains(t, err, "restore it from a backup")
			}
		})
	}
}

func TestAnIndexThatContradictsItsTableIsFoundByAThoroughLook(t *testing.T) {
	t.Parallel()
	path, _ := manyRows(t)
	_, err := execSQL(path, `PRAGMA writable_schema = ON;
		UPDATE sqlite_schema SET sql = replace(sql, '(a)', '(b)') WHERE name = 'many_a'`)
	require.NoError(t, err)
	require.NoError(t, Check(t.Context(), path, false))
	require.True(t, IsDamaged(Check(t.Context(), path, true)))
}

func TestWhatIsNotThereIsNotDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	require.NoError(t, Check(t.Context(), path, true))
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, Check(t.Context(), path, true))
}

func TestAStatementThatFindsDamageNamesTheFile(t *testing.T) {
	t.Parallel()
	path, size := manyRows(t)
	overwrite(t, path, 4096*4, make([]byte, size-4096*5))
	db, err := Open(t.Context(), path, testSchema(second))
	require.NoError(t, err, "its first pages are whole")
	defer db.Close()
	_, err = Collect(t.Context(), db, ScanString, "SELECT b FROM many")
	require.True(t, IsDamaged(err), err)
	assert.ErrorContains(t, err, path+" is a damaged database: restore it from a backup")
}

func TestADamagedDatabaseThatIsSetAsideIsMadeAnewAndKept(t *testing.T) {
	t.Parallel()
	path, size := manyRows(t)
	require.NoError(t, os.Truncate(path, size/2))
	require.NoError(t, os.WriteFile(path+"-wal", []byte("log"), 0o600))
	aside, err := SetAside(path, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	assert.Equal(t, "test.db.damaged-20260301T120000.000", aside)
	kept, err := os.Stat(filepath.Join(filepath.Dir(path), aside))
	require.NoError(t, err)
	assert.Equal(t, size/2, kept.Size())
	assert.NoFileExists(t, path+"-wal")
	db, err := Open(t.Context(), path, testSchema(second))
	require.NoError(t, err)
	require.NoError(t, db.Close())
}
