package doctor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportsdb"
	"countersign/store/journal"
)

func TestDamagedDatabasesAreNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	o := Options{Files: Files{Journal: filepath.Join(folder, "journal.db"), Reports: filepath.Join(folder, "reports.db")}}
	assert.Equal(t, Skipped, databasesAreWhole(t.Context(), o)[0].State)
	j, err := journal.Open(t.Context(), o.Files.Journal, journal.Options{})
	require.NoError(t, err)
	require.NoError(t, j.Close(t.Context()))
	r, err := reportsdb.Open(t.Context(), o.Files.Reports, reportsdb.Options{})
	require.NoError(t, err)
	require.NoError(t, r.Close())
	whole := databasesAreWhole(t.Context(), o)
	assert.Equal(t, OK, whole[0].State)
	assert.Contains(t, whole[0].Detail, "2 databases")

	for _, file := range []string{o.Files.Journal, o.Files.Reports} {
		require.NoError(t, os.Truncate(file, 4096))
	}
	found := databasesAreWhole(t.Context(), o)
	require.Len(t, found, 2)
	assert.Equal(t, Problem, found[0].State)
	assert.Contains(t, found[0].Detail, o.Files.Journal+" is a damaged database: restore it from a backup")
	assert.Equal(t, Note, found[1].State, "it is made anew")
	assert.Contains(t, found[1].Detail, o.Files.Reports)
	assert.Contains(t, found[1].Do, "countersign serve")
}
