package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/crashtest"
)

// journalUntilKilled prints a line for every event that Sync says is safe.
func journalUntilKilled(path string) error {
	j, err := OpenJournal(context.Background(), path, JournalOptions{})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		all := steps(fmt.Sprint("call-", i), 30)
		if err := j.Append(all...); err != nil {
			return err
		}
		if i%10 != 0 {
			continue
		}
		if err := j.Sync(context.Background()); err != nil {
			return err
		}
		fmt.Println(all[29].ID)
	}
}

func importUntilKilled(path string) error {
	d, err := OpenDirectory(context.Background(), path, DirectoryOptions{Pepper: testPepper})
	if err != nil {
		return err
	}
	_, err = d.Import(context.Background(), os.Stdin, ImportOptions{Progress: func(rows int, _ int64) { fmt.Println(rows) }})
	return err
}

func TestAKilledJournalHasWhatWasSyncedAndNothingHalf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	synced := crashtest.KillAfter(t, 20, "journal", path, nil)
	j := openJournal(t, path, JournalOptions{})
	assert.Subset(t, pending(t, j), synced)
	var sound string
	require.NoError(t, j.db.read.QueryRow("PRAGMA integrity_check").Scan(&sound))
	assert.Equal(t, "ok", sound)
	var events, outbox, last int
	require.NoError(t, j.db.read.QueryRow("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM outbox), (SELECT max(n) FROM outbox)").
		Scan(&events, &outbox, &last))
	assert.Equal(t, events, outbox, "every event is still to be published")
	assert.Equal(t, events, last, "and none is missing in between")
	require.NoError(t, j.Append(steps("after", 1)...))
	require.NoError(t, j.Sync(deadline(t)))
}

func TestAKilledImportHasImportedNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	fill(t, openDirectory(t, path, DirectoryOptions{}), "id,name", "c0,Before")
	crashtest.KillAfter(t, 4, "import", path, customers(5_000))
	d := openDirectory(t, path, DirectoryOptions{})
	assert.Equal(t, 1, count(t, d))
	fill(t, d, "id,name", "c1,After")
	assert.Equal(t, 2, count(t, d))
}
