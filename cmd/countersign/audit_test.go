package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/retention/retentiontest"
	"countersign/store/audit"
)

// audited are the entries of an audit log.
func audited(t *testing.T, data string, args ...string) (entries []audit.Entry) {
	t.Helper()
	code, stdout, stderr := countersign(t, "", append([]string{"--data", data, "audit", "list", "--json"}, args...)...)
	require.Equal(t, exitDone, code, stderr)
	for line := range strings.Lines(stdout) {
		var e audit.Entry
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
	cmd := command(t.Context(), "--data", filepath.Join(n.dir, "data"), "lines", "edit", "--nats", n.url, "--author",
		"dora", "retail")
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
		"anna|line_applied|line retail|version 0 → 1", "ben|line_applied|line retail|version 1 → 2",
		"carl|line_rolled_back|line retail|version 2 → 3, as version 1 was",
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
	do("id,name,phones\nC-1001,Ada Lovelace,+493012345678\nC-1002,Eve,12345\n", "customers", "import", "--skip-bad",
		"--author", "anna", "-")
	do("830517\n", "customers", "set-pin", "--author", "ben", "C-1001")
	do("magnet library tunnel\n", "customers", "set-passphrase", "C-1001")
	countersign(t, "12\n", "--data", data, "customers", "set-pin", "C-1001") // refused

	all := audited(t, data)
	require.Len(t, all, 3)
	for _, e := range all {
		assert.Equal(t, systemUser(), e.User, "whatever the author is said to be")
	}
	_, stdout, _ := countersign(t, "", "--data", data, "audit", "list")
	assert.Contains(t, stdout, "anna ("+systemUser()+")  imported")
	assert.Contains(t, stdout, "  "+systemUser()+"  ", "once, without an author")
	assert.Equal(t, "anna imported customers 1 customers imported, 1 bad rows left out", strings.Join([]string{
		all[0].Actor, all[0].Action, all[0].Object, all[0].Detail,
	}, " "))
	assert.Equal(t, "ben", all[1].Actor)
	assert.Equal(t, audit.SecretSet, all[1].Action)
	assert.Equal(t, "pin", all[1].Detail)
	assert.Equal(t, all[1:], audited(t, data, "--customer", "C-1001"))
	assert.Empty(t, audited(t, data, "--customer", "C-1002"))
	assert.Equal(t, all[:1], audited(t, data, "--action", "imported"))
	// the same day, but for midnight
	from, to := all[0].Time.Local().Format(time.DateOnly), all[2].Time.Local().Format(time.DateOnly)
	assert.Equal(t, all, audited(t, data, "--from", from, "--to", to))
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
	assert.Regexp(t, `^the audit log is intact: 3 entries\nhead 3:[0-9a-f]{64}@\S{23}Z\n$`, stdout)
	head := strings.Fields(stdout)[8]
	change := func(script string) {
		db, err := sql.Open("sqlite3", "file:"+filepath.Join(data, "audit.db"))
		require.NoError(t, err)
		defer db.Close()
		_, err = db.Exec("DROP TRIGGER IF EXISTS entries_are_not_removed; DROP TRIGGER IF EXISTS entries_are_not_changed; " +
			script)
		require.NoError(t, err)
	}
	change("DELETE FROM entries WHERE n = 3; UPDATE sqlite_sequence SET seq = 2")
	code, _, stderr := countersign(t, "", "--data", data, "audit", "verify")
	assert.Equal(t, exitFailed, code, "the head was noted")
	oneSentence(t, stderr, "broken at entry 3", "removed from the end")
	require.NoError(t, os.Remove(filepath.Join(data, "audit.heads")))
	code, stdout, _ = countersign(t, "", "--data", data, "audit", "verify")
	assert.Equal(t, exitDone, code, "the chain alone does not tell")
	assert.Contains(t, stdout, "2 entries")
	assert.Contains(t, stdout, "no head in audit.heads")
	code, _, stderr = countersign(t, "", "--data", data, "audit", "verify", "--head", head)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "broken at entry 3", "removed from the end")
	change("UPDATE entries SET actor = 'nobody' WHERE n = 2")
	code, stdout, stderr = countersign(t, "", "--data", data, "audit", "verify", "--json")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "broken at entry 2", "changed")
	assert.Contains(t, stdout, `"ok":false,"broken_at":2`)
	code, _, stderr = countersign(t, "", "--data", data, "audit", "verify", "--head", "3:abc")
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "3:abc")
}

func TestExportsAreAudited(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	retentiontest.Journal(t, filepath.Join(data, "journal.db"))
	retentiontest.Reports(t, filepath.Join(data, "reports.db"))
	file := filepath.Join(t.TempDir(), "out")
	for _, args := range []string{
		"report calls --format csv --author anna", "report summary", "report calls -o " + file + ".xlsx",
		"report funnel -o " + file + ".pdf",
		"journal export -o " + file, "journal export --call young", "replay --speed 0 young", "replay --speed 0 " + file,
	} {
		code, _, stderr := countersign(t, "", append([]string{"--data", data}, strings.Fields(args)...)...)
		require.Equal(t, exitDone, code, stderr)
	}
	var got []string
	for _, e := range audited(t, data, "--action", "exported") {
		got = append(got, e.Object+"|"+e.Detail)
	}
	require.Len(t, got, 6, "a sum on a screen, and a file that was exported already, are no exports")
	assert.Equal(t, "anna", audited(t, data)[0].Actor)
	for i, want := range []string{
		`report calls\|csv, .*, to a pipe`, `report calls\|xlsx, .*, to out\.xlsx`, `report funnel\|pdf, .*, to out\.pdf`,
		`journal\|4 events`, `journal\|2 events of 1 call`,
		`journal\|2 events by replay`,
	} {
		assert.Regexp(t, "^"+want+"$", got[i])
	}
}
