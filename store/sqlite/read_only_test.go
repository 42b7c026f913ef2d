package sqlite

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// firstSchema is testSchema before its second migration.
func firstSchema() Schema {
	s := testSchema(second)
	s.Files = fstest.MapFS{"migrations/0001_one.sql": s.Files.(fstest.MapFS)["migrations/0001_one.sql"]}
	return s
}

func made(t *testing.T, s Schema) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "x.db")
	db, err := Open(deadline(t), path, s)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return path
}

func TestReadingOnlyReads(t *testing.T) {
	t.Parallel()
	path := made(t, testSchema(second))
	db, err := OpenReadOnly(deadline(t), path, testSchema(second))
	require.NoError(t, err)
	var rows int
	require.NoError(t, db.Read.QueryRow("SELECT count(*) FROM one").Scan(&rows))
	assert.Equal(t, 1, rows)
	_, err = db.Read.Exec("INSERT INTO one VALUES (2)")
	assert.Error(t, err)
	require.NoError(t, db.Close())
}

// A writer with an open transaction is no reason to wait, and what it commits is seen.
func TestReadingBesideAWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	writer := openTest(t, path, testSchema(second))
	reader, err := OpenReadOnly(deadline(t), path, testSchema(second))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reader.Close()) })
	_, err = writer.Write.Exec("INSERT INTO one VALUES (2)")
	require.NoError(t, err)
	var rows int
	require.NoError(t, reader.Read.QueryRow("SELECT count(*) FROM one").Scan(&rows))
	assert.Equal(t, 2, rows)
}

func TestReadingMigratesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, program Schema
		kind          error
		says          string
	}{
		"an older file": {firstSchema(), testSchema(second), ErrOlder,
			"x.db was written by an older Countersign (schema 1, this one reads 2)"},
		"a newer file": {testSchema(second), firstSchema(), ErrNewer,
			"x.db was written by a newer Countersign (schema 2, this one knows 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := made(t, tt.file)
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			_, err = OpenReadOnly(deadline(t), path, tt.program)
			require.ErrorIs(t, err, tt.kind)
			assert.ErrorContains(t, err, tt.says)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, before, after)
		})
	}
}

func TestReadingCreatesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "x.db")
	_, err := OpenReadOnly(deadline(t), path, testSchema(second))
	require.ErrorIs(t, err, ErrMissing)
	assert.ErrorContains(t, err, `there is no x.db in`)
	_, err = os.Stat(filepath.Dir(path))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
