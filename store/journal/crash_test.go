package journal

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/crashtest"
)

// journalUntilKilled prints a line for every event that Sync says is safe.
func journalUntilKilled(path string) error {
	j, err := Open(context.Background(), path, Options{})
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

func TestAKilledJournalHasWhatWasSyncedAndNothingHalf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	synced := crashtest.KillAfter(t, 20, "journal", path, nil)
	j := openJournal(t, path, Options{})
	assert.Subset(t, pending(t, j), synced)
	var sound string
	require.NoError(t, j.db.Read.QueryRow("PRAGMA integrity_check").Scan(&sound))
	assert.Equal(t, "ok", sound)
	var events, outbox, last int
	require.NoError(t, j.db.Read.QueryRow(
		"SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM outbox), (SELECT max(n) FROM outbox)").
		Scan(&events, &outbox, &last))
	assert.Equal(t, events, outbox, "every event is still to be published")
	assert.Equal(t, events, last, "without a gap")
	require.NoError(t, j.Append(steps("after", 1)...))
	require.NoError(t, j.Sync(deadline(t)))
}
