package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/session/event"
	"countersign/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// audited are the entries of an audit log.
func audited(t *testing.T, data string, args ...string) (entries []store.AuditEntry) {
	t.Helper()
	code, stdout, stderr := countersign(t, "", append([]string{"--data", data, "audit", "list", "--json"}, args...)...)
	require.Equal(t, exitDone, code, stderr)
	for line := range strings.Lines(stdout) {
		var e store.AuditEntry
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		entries = append(entries, e)
	}
	return entries
}

func TestChangesOfLinesAreAudited(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	file := n.file("retail.yaml", retail("5000", "pin: {digits: 6}"))
	n.must("apply", "--author", "anna", file)
	n.must("apply", "--author", "anna", file) // changes nothing
	n.must("apply", "--dry-run", n.file("retail.yaml", retail("5000", "pin: {digits: 8}")))
	n.must("apply", "--author", "ben", file)
	n.must("rollback", "--author", "carl", "retail", "1")
	n.must("remove", "retail")
	editor := n.file("editor.sh", "#!/bin/sh\nsed -i 's/numbers: .*/numbers: [\"5005\"]/' \"$1\"\n")
	require.NoError(t, os.Chmod(editor, 0o700))
	cmd := command(t.Context(), "--data", filepath.Join(n.dir, "data"), "lines", "edit", "--nats", n.url, "--author", "dora", "retail")
	cmd.Env = append(cmd.Env, "VISUAL="+editor)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))

	var got []string
	entries := audited(t, filepath.Join(n.dir, "data"))
	for _, e := range entries {
		got = append(got, strings.Join([]string{e.Actor, e.Action, e.Object, e.Detail}, "|"))
		assert.WithinDuration(t, time.Now(), e.Time, time.Minute)
	}
	require.Len(t, got, 5)
	assert.Regexp(t, `^.+@.+\|line_removed`, got[3], "this user on this machine")
	got[3] = got[3][strings.Index(got[3], "|"):]
	assert.Equal(t, []string{
		"anna|line_applied|line retail|version 0 → 1", "ben|line_applied|line retail|version 1 → 2", "carl|line_rolled_back|line retail|version 2 → 3, as version 1 was",
		"|line_removed|line retail|version 3 → 4", "dora|line_edited|line retail|version 0 → 5",
	}, got)
}

func TestWhatIsDoneToCustomersIsAuditedWithoutWhoTheyAre(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	do := func(stdin string, args ...string) {
		code, _, stderr := countersign(t, stdin, append([]string{"--data", data}, args...)...)
		require.Equal(t, exitDone, code, stderr)
	}
	do("id,name,phones\nC-1001,Ada Lovelace,+493012345678\nC-1002,Eve,12345\n", "customers", "import", "--skip-bad", "--author", "anna", "-")
	do("830517\n", "customers", "set-pin", "--author", "ben", "C-1001")
	do("magnet library tunnel\n", "customers", "set-passphrase", "C-1001")
	countersign(t, "12\n", "--data", data, "customers", "set-pin", "C-1001") // refused

	all := audited(t, data)
	require.Len(t, all, 3)
	assert.Equal(t, "anna imported customers 1 customers imported, 1 bad rows left out", strings.Join([]string{all[0].Actor, all[0].Action, all[0].Object, all[0].Detail}, " "))
	assert.Equal(t, "ben", all[1].Actor)
	assert.Equal(t, store.AuditSecretSet, all[1].Action)
	assert.Equal(t, "pin", all[1].Detail)
	assert.Equal(t, all[1:], audited(t, data, "--customer", "C-1001"))
	assert.Empty(t, audited(t, data, "--customer", "C-1002"))
	assert.Equal(t, all[:1], audited(t, data, "--action", "imported"))
	today := time.Now().Format(time.DateOnly)
	assert.Equal(t, all, audited(t, data, "--from", today, "--to", today))
	assert.Empty(t, audited(t, data, "--from", "2100-01-01"))
	raw, err := os.ReadFile(filepath.Join(data, "audit.db"))
	require.NoError(t, err)
	for _, secret := range []string{"830517", "magnet", "C-1001", "Ada", "12345678"} {
		assert.NotContains(t, string(raw), secret)
	}
	code, stdout, _ := countersign(t, "", "--data", data, "audit", "list")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, "WHO")
	code, _, stderr := countersign(t, "", "--data", data, "audit", "list", "--from", "yesterday")
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "yesterday", "2026-11-21")
}

func TestAuditVerifySaysWhereTheLogIsBroken(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	for range 3 {
		code, _, stderr := countersign(t, "id\nC-1\n", "--data", data, "customers", "import", "-")
		require.Equal(t, exitDone, code, stderr)
	}
	code, stdout, _ := countersign(t, "", "--data", data, "audit", "verify")
	assert.Equal(t, exitDone, code)
	assert.Regexp(t, `^the audit log is whole: 3 records\nhead 3:[0-9a-f]{64}\n$`, stdout)
	head := strings.Fields(stdout)[8]
	change := func(script string) {
		db, err := sql.Open("sqlite3", "file:"+filepath.Join(data, "audit.db"))
		require.NoError(t, err)
		defer db.Close()
		_, err = db.Exec("DROP TRIGGER IF EXISTS entries_are_not_removed; DROP TRIGGER IF EXISTS entries_are_not_changed; " + script)
		require.NoError(t, err)
	}
	change("DELETE FROM entries WHERE n = 3; UPDATE sqlite_sequence SET seq = 2")
	code, stdout, _ = countersign(t, "", "--data", data, "audit", "verify")
	assert.Equal(t, exitDone, code, "the chain alone does not tell")
	assert.Contains(t, stdout, "2 records")
	code, _, stderr := countersign(t, "", "--data", data, "audit", "verify", "--head", head)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "broken at entry 3", "taken off the end")
	change("UPDATE entries SET actor = 'nobody' WHERE n = 2")
	code, stdout, stderr = countersign(t, "", "--data", data, "audit", "verify", "--json")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "broken at entry 2", "changed")
	assert.Contains(t, stdout, `"ok":false,"broken_at":2`)
	code, _, stderr = countersign(t, "", "--data", data, "audit", "verify", "--head", "3:abc")
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "3:abc")
}

// oldCalls puts a call that is over its time and one that is not into a journal that is published.
func oldCalls(t *testing.T, data string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	j, err := store.OpenJournal(ctx, filepath.Join(data, "journal.db"), store.JournalOptions{})
	require.NoError(t, err)
	for call, age := range map[string]time.Duration{"old": 91 * day, "young": 89 * day} {
		require.NoError(t, j.Append(
			event.Event{ID: event.ID(call, 1), Source: "/t", Time: time.Now().Add(-age), Call: call, Seq: 1, Line: "retail", Data: event.CallStarted{Channel: "ch"}},
			event.Event{ID: event.ID(call, 2), Source: "/t", Time: time.Now().Add(-age), Call: call, Seq: 2, Line: "retail", Data: event.CallEnded{End: event.EndAbandoned}}))
	}
	require.NoError(t, j.Sync(ctx))
	require.NoError(t, j.Published(ctx, math.MaxInt64))
	require.NoError(t, j.Close(ctx))
}

func TestWhatWasKeptLongEnoughIsRemoved(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	oldCalls(t, data)
	run := func(args ...string) string {
		code, stdout, stderr := countersign(t, "", append([]string{"--data", data, "retention", "run"}, args...)...)
		require.Equal(t, exitDone, code, stderr)
		return stdout
	}
	assert.Equal(t, "would be removed: 1 call with 2 events, 0 audit records\n", run("--dry-run"))
	assert.Empty(t, audited(t, data))
	assert.JSONEq(t, `{"calls":1,"events":2,"audit_entries":0,"dry_run":false}`, run("--json", "--author", "anna"))
	assert.Equal(t, "removed: 0 calls with 0 events, 0 audit records\n", run())
	entries := audited(t, data)
	require.Len(t, entries, 1, "a run that removes nothing leaves no entry")
	assert.Equal(t, "1 call with 2 events, 0 audit records", entries[0].Detail)
}

func TestTheServiceRemovesWhatWasKeptLongEnough(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	oldCalls(t, data)
	_, _, stop := startServe(t, data)
	require.Eventually(t, func() bool { return len(audited(t, data)) == 1 }, patience, 100*time.Millisecond)
	assert.Equal(t, "countersign", audited(t, data)[0].Actor)
	assert.Equal(t, exitDone, stop())
}

func TestRetentionHasBounds(t *testing.T) {
	t.Parallel()
	for settings, word := range map[string]string{"journal: 23h": "retention.journal", "journal: 8761h": "8760h", "audit: 719h": "retention.audit", "audit: 61321h": "61320h"} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		require.NoError(t, os.WriteFile(file, []byte("retention: {"+settings+"}"), 0o600))
		code, _, stderr := countersign(t, "", "--config", file, "retention", "run")
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stderr, word)
	}
}
