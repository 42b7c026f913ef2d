package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/crashtest"
)

// leaveInLog makes a database whose pages are still in its log when the process is killed.
func leaveInLog(path string) error {
	db, err := Open(context.Background(), path, testSchema(second))
	if err != nil {
		return err
	}
	if _, err := db.Write.Exec("INSERT INTO one VALUES (2)"); err != nil {
		return err
	}
	fmt.Println("written")
	select {}
}

// whatADatabaseIsReplacedBy are kinds of damage. The file has several pages.
var whatADatabaseIsReplacedBy = []struct {
	name   string
	damage func(t *testing.T, path string)
	kind   error
	says   string
}{
	{"nothing", func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }, ErrLost,
		"is missing, but there was one: restore it from a backup"},
	{"no bytes", func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) }, ErrLost,
		"is empty, but there was one: restore it from a backup"},
	{"its first page", func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 4096)) }, ErrForeign,
		"is a damaged database: restore it from a backup"},
	{"half a page", func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 2048)) }, ErrForeign,
		": restore it from a backup"},
	{"a part of its header", func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 60)) }, ErrForeign,
		": restore it from a backup"},
	{"an overwritten header", func(t *testing.T, path string) { overwrite(t, path, 0, make([]byte, 100)) }, ErrForeign,
		"is not a database: restore it from a backup"},
	{"zeros of its size", func(t *testing.T, path string) {
		info, err := os.Stat(path)
		require.NoError(t, err)
		overwrite(t, path, 0, make([]byte, info.Size()))
	}, ErrForeign, "is not a database: restore it from a backup"},
	{"another application id", func(t *testing.T, path string) { overwrite(t, path, 68, []byte("\x01\x02\x03\x04")) },
		ErrForeign, "is a database, but not Countersign's test: restore it from a backup"},
	{"another of our databases", func(t *testing.T, path string) {
		other := testSchema(second)
		other.Application, other.Name = 8, "other"
		elsewhere := filepath.Join(t.TempDir(), "other.db")
		openTest(t, elsewhere, other)
		require.NoError(t, os.Remove(path))
		_, err := execSQL(elsewhere, "VACUUM INTO '"+path+"'")
		require.NoError(t, err)
	}, ErrForeign, "is a database, but not Countersign's test: restore it from a backup"},
	{"an empty database", func(t *testing.T, path string) {
		require.NoError(t, os.Remove(path))
		_, err := execSQL(path, "PRAGMA journal_mode = WAL; CREATE TABLE a (b); DROP TABLE a")
		require.NoError(t, err)
	}, ErrLost, "is empty, but there was one: restore it from a backup"},
	{"a folder", func(t *testing.T, path string) {
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.Mkdir(path, 0o700))
	}, ErrForeign, "is a folder: restore it from a backup"},
	{"a link to nowhere", func(t *testing.T, path string) {
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.Symlink(path+".moved", path))
	}, ErrLost, "is missing, but there was one: restore it from a backup"},
	{"a file that may not be written", func(t *testing.T, path string) {
		if os.Geteuid() == 0 {
			t.Skip("root may write everywhere")
		}
		require.NoError(t, os.Chmod(path, 0o400))
	}, ErrAccess, "allow this user to write the file"},
}

// execSQL runs SQL on a file without any of Open's checks.
func execSQL(path, query string) (sql.Result, error) {
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return db.Exec(query)
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt(with, at)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestADatabaseThatIsGoneOrDamagedIsNotReplaced(t *testing.T) {
	t.Parallel()
	for _, c := range whatADatabaseIsReplacedBy {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x.db")
			s := testSchema(second)
			s.Anew = "to begin anew"
			db, err := Open(deadline(t), path, s)
			require.NoError(t, err)
			require.NoError(t, db.Close())
			c.damage(t, path)
			before, _ := os.ReadFile(path)
			for range 2 { // a second try changes nothing
				_, err = Open(deadline(t), path, s)
				var open *OpenError
				require.ErrorAs(t, err, &open)
				require.ErrorIs(t, err, c.kind)
				assert.Contains(t, err.Error(), c.says)
			}
			_, err = OpenReadOnly(deadline(t), path, s)
			if c.kind != ErrAccess {
				require.ErrorIs(t, err, c.kind)
				assert.Contains(t, err.Error(), c.says)
			}
			after, _ := os.ReadFile(path)
			assert.Equal(t, before, after, "the file is left alone")
			if c.kind != ErrLost {
				return
			}
			assert.ErrorContains(t, err, "to begin anew: delete x.db.created")
			require.NoError(t, os.Remove(NotePath(path)))
			require.NoError(t, os.RemoveAll(path))
			openTest(t, path, s)
			assert.True(t, WasCreated(path), "and the new one is not lost either")
		})
	}
}

func TestADatabaseWhoseLogIsGoneWithTheSchemaIsLost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	crashtest.KillAfter(t, 1, "leave in log", path, nil)
	require.NoError(t, os.Remove(path+"-wal"))
	_, err := Open(deadline(t), path, testSchema(second))
	require.ErrorIs(t, err, ErrLost)
}

func TestAFolderOfAnOlderVersionShowsWhatItHad(t *testing.T) {
	t.Parallel()
	journal, directory := testSchema(second), testSchema(second)
	journal.Beside, directory.Beside = "lines.json", "journal.db"
	for name, c := range map[string]struct {
		files []string
		gone  string
		lost  bool
	}{
		"both are there":          {files: []string{"lines.json"}},
		"the customers are gone":  {gone: "directory.db", lost: true},
		"the calls are gone":      {files: []string{"lines.json"}, gone: "journal.db", lost: true},
		"customers were imported": {gone: "journal.db"},
		"a file of another name":  {files: []string{"lines.json.bak"}, gone: "journal.db"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			open := func(file string, s Schema) error {
				db, err := Open(deadline(t), filepath.Join(folder, file), s)
				if err != nil {
					return err
				}
				return db.Close()
			}
			for _, file := range []string{"directory.db", "journal.db"} {
				if file != c.gone {
					require.NoError(t, open(file, testSchema(second)))
					require.NoError(t, os.Remove(NotePath(filepath.Join(folder, file))))
				}
			}
			for _, file := range c.files {
				require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte("{}"), 0o600))
			}
			all := map[string]Schema{"directory.db": directory, "journal.db": journal}
			if !c.lost {
				for _, file := range []string{"directory.db", "journal.db"} {
					require.NoError(t, open(file, all[file]), file)
				}
				return
			}
			for range 2 {
				require.ErrorIs(t, open(c.gone, all[c.gone]), ErrLost)
			}
			require.NoError(t, os.Remove(NotePath(filepath.Join(folder, c.gone))))
			require.NoError(t, open(c.gone, all[c.gone]), "the operator begins anew")
		})
	}
}
