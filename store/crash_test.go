package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test binary plays the process that is killed, if these say so.
const (
	childRole = "COUNTERSIGN_STORE_CHILD"
	childPath = "COUNTERSIGN_STORE_PATH"
)

func childProcess() bool {
	switch os.Getenv(childRole) {
	case "journal":
		must(journalUntilKilled(os.Getenv(childPath)))
	case "reports":
		must(reportUntilKilled(os.Getenv(childPath)))
	case "import":
		must(importUntilKilled(os.Getenv(childPath)))
	default:
		return false
	}
	return true
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

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

// killAfter starts a child, feeds it, and kills it when it has printed n lines, which it returns.
func killAfter(t *testing.T, n int, role, path string, stdin io.Reader) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	require.NoError(t, err)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	if stdin != nil {
		_, err = io.Copy(in, stdin) // and the child waits for more
		require.NoError(t, err)
	}
	var lines []string
	for scanner := bufio.NewScanner(out); len(lines) < n && scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait(), "it was killed")
	require.Len(t, lines, n)
	return lines
}

func TestAKilledJournalHasWhatWasSyncedAndNothingHalf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	synced := killAfter(t, 20, "journal", path, nil)
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
	killAfter(t, 4, "import", path, customers(5_000))
	d := openDirectory(t, path, DirectoryOptions{})
	assert.Equal(t, 1, count(t, d))
	fill(t, d, "id,name", "c1,After")
	assert.Equal(t, 2, count(t, d))
}
