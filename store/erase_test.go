package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

func TestACustomerIsErasedFromTheDirectory(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, DirectoryOptions{Scheme: SchemeHMAC})
	fill(t, d, "id,name,phones,account,pin,totp_secret,fact:postcode",
		"C-1001,Ada Lovelace,+493012345678;+493012345679,90817263,246813,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,10117",
		"C-1002,Ada Lovelace,+493012345678,90817264,975310,,")
	removed, traces, err := d.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Equal(t, Removed{"customers": 1, "phones": 2, "identifiers": 1, "credentials": 2, "sealed": 1}, removed)
	for _, want := range []string{"C-1001", `"customer":"C-1001"`, "+493012345679", "90817263"} {
		assert.Contains(t, traces, []byte(want))
	}
	assert.NotContains(t, traces, []byte("Ada Lovelace"), "others have the name too")
	assert.NotContains(t, traces, []byte("+493012345678"), "and the number")
	assert.Len(t, traces, 7, "with three hashes")
	fill(t, d, "id,name", "C-1003,Smith & Sons")
	_, spelled, err := d.Erase(deadline(t), "C-1003")
	require.NoError(t, err)
	assert.Equal(t, Traces{[]byte("C-1003"), []byte("Smith & Sons"), []byte(`Smith \u0026 Sons`), []byte(`"customer":"C-1003"`)}, spelled, "as events have it")
	_, err = d.Show(deadline(t), "C-1001")
	assert.ErrorIs(t, err, ErrUnknownCustomer)
	r, err := d.Show(deadline(t), "C-1002")
	require.NoError(t, err)
	assert.Len(t, r.Phones, 1)

	removed, traces, err = d.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Equal(t, Removed{"customers": 0, "phones": 0, "identifiers": 0, "credentials": 0, "sealed": 0}, removed)
	assert.Equal(t, Traces{[]byte("C-1001"), []byte(`"customer":"C-1001"`)}, traces)
	assert.Equal(t, Traces{[]byte(`"customer":"1001"`)}, tracesOfID("1001"), "a short number turns up by chance")
}

func TestOthersWriteTheDirectoryWhileItIsSearchedForWhatTheyShare(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, DirectoryOptions{Scheme: SchemeHMAC})
	fill(t, d, "id,name", "C-1001,Ada Lovelace")
	require.NoError(t, d.db.inTx(deadline(t), func(context.Context, *sql.Tx) error {
		traces, err := d.tracesOf(deadline(t), "C-1001")
		assert.Len(t, traces, 3)
		return err
	}))
}

func TestACustomerIsErasedFromTheJournalAndCountsStay(t *testing.T) {
	t.Parallel()
	j := newJournal(t, JournalOptions{})
	locked := eventOf("met", 1, event.Locked{On: event.LockOnCaller, Customer: "C-1001"})
	running := aCall("running", "C-1001", noon)[:2]
	journalled(t, j, aCall("a", "C-1001", noon), aCall("b", "C-1002", noon), []event.Event{locked}, running)
	waits := pending(t, j)
	found, err := j.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"a", "met", "running"}, found.Calls)
	assert.Equal(t, 6, found.Events)
	assert.Equal(t, 1, found.Running)
	assert.EqualValues(t, len(waits), found.Unpublished)

	events, err := j.Call(deadline(t), "a")
	require.NoError(t, err)
	want := aCall("a", ErasedCustomer, noon)
	want[0].Data = event.CallStarted{Channel: "ch"}
	verified := want[1].Data.(event.Verified)
	verified.Name, verified.PopURL = "", ""
	want[1].Data = verified
	for i := range want {
		want[i].Time = events[i].Time
	}
	assert.Equal(t, want, events)
	others, err := j.Call(deadline(t), "b")
	require.NoError(t, err)
	assert.Equal(t, "Ada Lovelace", others[1].Data.(event.Verified).Name)
	assert.Equal(t, waits, pending(t, j), "nothing is missing in the outbox")
	out, err := j.Pending(deadline(t), 0, 100)
	require.NoError(t, err)
	for _, o := range out {
		assert.NotContains(t, string(o.Body), "C-1001")
	}

	again, err := j.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Empty(t, again.Calls)
}

func TestAwaitPublishedEndsWithTheLastEventItWaitsFor(t *testing.T) {
	t.Parallel()
	j := newJournal(t, JournalOptions{})
	journalled(t, j, aCall("a", "c1", noon))
	out, err := j.Pending(deadline(t), 0, 100)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- j.AwaitPublished(deadline(t), out[1].N) }()
	require.NoError(t, j.Published(deadline(t), out[0].N))
	select {
	case <-done:
		require.FailNow(t, "one of them is still there")
	case <-time.After(3 * outboxLook):
	}
	require.NoError(t, j.Published(deadline(t), out[1].N))
	require.NoError(t, <-done)
}

func TestSearchFindsWhatIsInAFileAndRewriteRemovesWhatIsDeleted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := bytes.Repeat([]byte("x"), 3*searchBlock)
	for i, at := range []int{0, searchBlock - 3, 2*searchBlock + 1, len(text) - 6} {
		file := filepath.Join(folder, fmt.Sprint("file-", i))
		require.NoError(t, os.WriteFile(file, append(append(bytes.Clone(text[:at]), "C-1001"...), text[at:]...), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "other"), text, 0o600))
	s, err := Search(deadline(t), tracesOfID("C-1001"), folder)
	require.NoError(t, err)
	assert.Equal(t, 5, s.Files)
	assert.Len(t, s.Found, 4, "across the blocks in which files are read, too")
	assert.EqualValues(t, 5*len(text)+4*6, s.Bytes)

	// What is compressed does not say.
	for name, text := range map[string]string{"a.xlsx": "PK\x03\x04 and so on", "b": "%PDF-1.4", "c.gz": "\x1f\x8b", "d": "x%PDF-1.4", "e": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	s, err = Search(deadline(t), tracesOfID("C-1001"), folder)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(folder, "a.xlsx"), filepath.Join(folder, "b"), filepath.Join(folder, "c.gz")}, s.Compressed)

	// A database that somebody wrote who does not overwrite.
	folder = t.TempDir()
	path := filepath.Join(folder, "some.db")
	db, err := sql.Open("sqlite3", "file:"+path+"?_secure_delete=0")
	require.NoError(t, err)
	_, err = db.Exec(`PRAGMA journal_mode = WAL; CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('C-1001'); DELETE FROM t`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	found := func() []string {
		s, err := Search(deadline(t), tracesOfID("C-1001"), folder)
		require.NoError(t, err)
		return s.Found
	}
	require.NoError(t, Rewrite(deadline(t), path, false))
	assert.Equal(t, []string{path}, found())
	require.NoError(t, Rewrite(deadline(t), path, true))
	assert.Empty(t, found())
}

func TestWhatIsDeletedIsOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, JournalOptions{})
	journalled(t, j, aCall("a", "C-1001", noon))
	published(t, j)
	_, err := j.Prune(deadline(t), noon.Add(time.Hour), false)
	require.NoError(t, err)
	require.NoError(t, j.Close(deadline(t)))
	s, err := Search(deadline(t), tracesOfID("C-1001"), filepath.Dir(path))
	require.NoError(t, err)
	assert.Empty(t, s.Found)
}

// tracesOfID is what files may hold of a customer of whom only the id is known. A short id is only looked for in events.
func tracesOfID(customer string) Traces {
	traces := Traces{}
	traces.add([]byte(customer))
	return append(traces, named(customer))
}
