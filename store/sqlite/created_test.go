package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
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
			t.Skip("root may write everywhere: run as another user")
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
	// The service opens the customers first; a command opens only what it needs.
	all := []string{"directory.db", "journal.db", "audit.db", "attempts.db"}
	backwards := []string{"attempts.db", "audit.db", "journal.db", "directory.db"}
	for name, c := range map[string]struct {
		beside []string
		gone   []string
		lost   []string
	}{
		"all are there":                      {beside: []string{"lines.json", "audit.heads"}},
		"the customers are gone":             {gone: []string{"directory.db"}, lost: []string{"directory.db"}},
		"the calls are gone":                 {[]string{"lines.json"}, []string{"journal.db"}, []string{"journal.db"}},
		"the audit log is gone":              {[]string{"audit.heads"}, []string{"audit.db"}, []string{"audit.db"}},
		"customers and calls are gone":       {[]string{"lines.json"}, all[:2], all[:2]},
		"all are gone":                       {[]string{"lines.json", "audit.heads"}, all, all[:3]},
		"customers were imported":            {gone: all[1:]},
		"a file of another name":             {beside: []string{"lines.json.bak"}, gone: []string{"journal.db"}},
		"attempts of a version without them": {beside: []string{"lines.json"}, gone: []string{"attempts.db"}},
	} {
		for order, files := range map[string][]string{"as the service opens them": all, "the other way": backwards} {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				folder := filepath.Join(t.TempDir(), "data [a-") // no pattern
				require.NoError(t, os.Mkdir(folder, 0o700))
				open := func(file string) error {
					db, err := Open(deadline(t), filepath.Join(folder, file), testSchema(second))
					if err != nil {
						return err
					}
					return db.Close()
				}
				for _, file := range all {
					require.NoError(t, open(file))
				}
				for _, file := range all {
					require.NoError(t, os.Remove(NotePath(filepath.Join(folder, file))))
				}
				for _, file := range c.gone {
					require.NoError(t, os.Remove(filepath.Join(folder, file)))
				}
				for _, file := range c.beside {
					require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte("{}"), 0o600))
				}
				for range 2 {
					for _, file := range files {
						err := open(file)
						if slices.Contains(c.lost, file) {
							require.ErrorIs(t, err, ErrLost, file)
						} else {
							require.NoError(t, err, file)
						}
					}
				}
				for _, file := range c.lost {
					require.NoError(t, os.Remove(NotePath(filepath.Join(folder, file))))
					require.NoError(t, open(file), "the operator begins anew")
				}
			})
		}
	}
}

func TestTheFirstOpenNotesWhatAnOlderVersionHad(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, file := range []string{"directory.db", "journal.db"} {
		db, err := Open(deadline(t), filepath.Join(folder, file), testSchema(second))
		require.NoError(t, err)
		require.NoError(t, db.Close())
	}
	for _, file := range []string{"directory.db", "journal.db"} {
		require.NoError(t, os.Remove(NotePath(filepath.Join(folder, file))))
	}
	unfinished := filepath.Join(folder, "audit.db") // as another process that creates it leaves it for a moment
	db, err := sql.Open("sqlite3", unfinished)
	require.NoError(t, err)
	_, err = db.ExecContext(deadline(t), "PRAGMA journal_mode = WAL")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	openTest(t, filepath.Join(folder, "directory.db"), testSchema(second))
	assert.True(t, WasCreated(filepath.Join(folder, "journal.db")))
	assert.False(t, WasCreated(unfinished))
	openTest(t, unfinished, testSchema(second))
}

func TestADatabaseIsOnTheDiskBeforeItIsNoted(t *testing.T) {
	t.Parallel()
	path, after := filepath.Join(t.TempDir(), "x.db"), filepath.Join(t.TempDir(), "x.db")
	s := testSchema(second)
	flushed := 0
	s.sync = func(log string) error {
		flushed++
		assert.Equal(t, path+"-wal", log)
		assert.False(t, WasCreated(path))
		for _, suffix := range []string{"", "-wal"} { // what a power cut leaves
			content, err := os.ReadFile(path + suffix)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(after+suffix, content, 0o600))
		}
		return nil
	}
	openTest(t, path, s)
	assert.Equal(t, 1, flushed)
	text, err := os.ReadFile(NotePath(path))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(NotePath(after), text, 0o600))
	openTest(t, after, s)
	openTest(t, path, s)
	assert.Equal(t, 1, flushed, "once")
}

func TestADatabaseThatCannotBeFlushedIsNotNoted(t *testing.T) {
	t.Parallel()
	path, s := filepath.Join(t.TempDir(), "x.db"), testSchema(second)
	s.sync = func(string) error { return syscall.EIO }
	_, err := Open(deadline(t), path, s)
	require.ErrorIs(t, err, syscall.EIO)
	assert.False(t, WasCreated(path))
	openTest(t, path, testSchema(second))
	assert.True(t, WasCreated(path))
}
