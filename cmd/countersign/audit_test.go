package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/reports/reportsdb"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/store/journal"
	"countersign/store/traces"
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
	assert.Equal(t, audit.SecretSet, all[1].Action)
	assert.Equal(t, "pin", all[1].Detail)
	assert.Equal(t, all[1:], audited(t, data, "--customer", "C-1001"))
	assert.Empty(t, audited(t, data, "--customer", "C-1002"))
	assert.Equal(t, all[:1], audited(t, data, "--action", "imported"))
	from, to := all[0].Time.Local().Format(time.DateOnly), all[2].Time.Local().Format(time.DateOnly) // the same day, but for midnight
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
	assert.Regexp(t, `^the audit log is whole: 3 records\nhead 3:[0-9a-f]{64}@\S{23}Z\n$`, stdout)
	head := strings.Fields(stdout)[8]
	change := func(script string) {
		db, err := sql.Open("sqlite3", "file:"+filepath.Join(data, "audit.db"))
		require.NoError(t, err)
		defer db.Close()
		_, err = db.Exec("DROP TRIGGER IF EXISTS entries_are_not_removed; DROP TRIGGER IF EXISTS entries_are_not_changed; " + script)
		require.NoError(t, err)
	}
	change("DELETE FROM entries WHERE n = 3; UPDATE sqlite_sequence SET seq = 2")
	code, _, stderr := countersign(t, "", "--data", data, "audit", "verify")
	assert.Equal(t, exitFailed, code, "the head was noted")
	oneSentence(t, stderr, "broken at entry 3", "taken off the end")
	require.NoError(t, os.Remove(filepath.Join(data, "audit.heads")))
	code, stdout, _ = countersign(t, "", "--data", data, "audit", "verify")
	assert.Equal(t, exitDone, code, "the chain alone does not tell")
	assert.Contains(t, stdout, "2 records")
	assert.Contains(t, stdout, "no head is noted")
	code, _, stderr = countersign(t, "", "--data", data, "audit", "verify", "--head", head)
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
	j, err := journal.Open(ctx, filepath.Join(data, "journal.db"), journal.Options{})
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
	believed(t, data)
	oldCalls(t, data)
	run := func(args ...string) string {
		code, stdout, stderr := countersign(t, "", append([]string{"--data", data, "retention", "run"}, args...)...)
		require.Equal(t, exitDone, code, stderr)
		return stdout
	}
	oldReports(t, data)
	assert.Equal(t, "would be removed: journal: 1 call with 2 events; reports: 2 calls; audit log: 0 records\n", run("--dry-run"))
	assert.Empty(t, audited(t, data))
	assert.JSONEq(t, `{"calls":1,"events":2,"report_calls":2,"audit_entries":0,"dry_run":false}`, run("--json", "--author", "anna"))
	assert.Equal(t, "removed: journal: 0 calls with 0 events; reports: 0 calls; audit log: 0 records\n", run())
	entries := audited(t, data)
	require.Len(t, entries, 1, "a run that removes nothing leaves no entry")
	assert.Equal(t, "journal: 1 call with 2 events; reports: 2 calls; audit log: 0 records", entries[0].Detail)
	assert.Equal(t, []string{"old", "young"}, callsIn(t, data))
}

// oldReports puts calls that are over each of their times into the reports, and one that is over none.
func oldReports(t *testing.T, data string) {
	t.Helper()
	r, err := reportsdb.Open(t.Context(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for call, age := range map[string]time.Duration{"ancient": 763 * day, "old": 91 * day, "young": 89 * day} {
		_, err := r.Apply(t.Context(), []event.Event{
			{ID: event.ID(call, 1), Time: time.Now().Add(-age), Call: call, Seq: 1, Line: "retail", Data: event.CallStarted{Channel: "leg-of-" + call, CallerLast4: "1820"}},
			{ID: event.ID(call, 2), Time: time.Now().Add(-age), Call: call, Seq: 2, Line: "retail", Data: event.CallEnded{End: event.EndAbandoned, Customer: "customer-of-" + call}},
		})
		require.NoError(t, err)
	}
}

// callsIn are the calls in the reports.
func callsIn(t *testing.T, data string) (calls []string) {
	t.Helper()
	r, err := reportsdb.Open(t.Context(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	rows, err := r.DB().Query("SELECT call FROM calls ORDER BY call")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var call string
		require.NoError(t, rows.Scan(&call))
		calls = append(calls, call)
	}
	require.NoError(t, rows.Err())
	return calls
}

func TestNothingInAnyFileSaysWhoCalledWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	believed(t, data)
	oldReports(t, data)
	code, _, stderr := countersign(t, "", "--data", data, "retention", "run")
	require.Equal(t, exitDone, code, stderr)
	assert.NoFileExists(t, filepath.Join(data, "journal.db"), "none is kept here")
	for of, want := range map[string]int{"ancient": 0, "old": 0, "young": 1} {
		found, err := traces.Search(t.Context(), traces.Set{[]byte("customer-of-" + of), []byte("leg-of-" + of)}, data)
		require.NoError(t, err)
		assert.Len(t, found.Found, want, of)
	}
}

func TestAMachineThatOnlyKeepsReportsRemovesWhatWasKeptLongEnough(t *testing.T) {
	t.Parallel()
	settings, _ := streamOf(t, 10)
	data := t.TempDir()
	believed(t, data)
	oldReports(t, data)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := command(ctx, "--config", settings, "--data", data, "serve", "--roles", "reporting")
	cmd.Stderr = io.Discard
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return len(audited(t, data)) == 1 }, patience, 100*time.Millisecond)
	assert.NotContains(t, callsIn(t, data), "ancient")
	cancel()
	_ = cmd.Wait()
	assert.Equal(t, exitDone, cmd.ProcessState.ExitCode())
}

func TestTheServiceRemovesWhatWasKeptLongEnough(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	believed(t, data)
	oldCalls(t, data)
	_, _, stop := startServe(t, data)
	require.Eventually(t, func() bool { return len(audited(t, data)) == 1 }, patience, 100*time.Millisecond)
	assert.Equal(t, "countersign", audited(t, data)[0].Actor)
	assert.Equal(t, exitDone, stop())
}

func TestRetentionHasBounds(t *testing.T) {
	t.Parallel()
	for settings, word := range map[string]string{
		"journal: 23h": "retention.journal", "journal: 8761h": "8760h", "audit: 719h": "retention.audit", "audit: 61321h": "61320h",
		"totals: 2159h": "retention.totals", "totals: 87601h": "87600h", "journal: 8760h, totals: 8000h": "less than retention.journal",
	} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		require.NoError(t, os.WriteFile(file, []byte("retention: {"+settings+"}"), 0o600))
		code, _, stderr := countersign(t, "", "--config", file, "retention", "run")
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stderr, word)
	}
}

func TestExportsAreAudited(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	oldCalls(t, data)
	oldReports(t, data)
	file := filepath.Join(t.TempDir(), "out")
	for _, args := range []string{
		"report calls --format csv --author anna", "report summary", "report calls -o " + file + ".xlsx", "report funnel -o " + file + ".pdf",
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
		`report calls\|csv, .*, to a pipe`, `report calls\|xlsx, .*, to out\.xlsx`, `report funnel\|pdf, .*, to out\.pdf`, `journal\|4 events`, `journal\|2 events of 1 call`,
		`journal\|2 events by replay`,
	} {
		assert.Regexp(t, "^"+want+"$", got[i])
	}
}

func TestEventsInNATSAreKeptAsLongAsTheJournal(t *testing.T) {
	t.Parallel()
	server, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(server.Shutdown)
	settings := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(settings, []byte("socket: {listen: \"127.0.0.1:0\"}\nweb: {listen: \"\"}\nretention: {journal: 240h}\nnats: {url: \""+server.URL()+"\"}"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := command(ctx, "--config", settings, "--data", t.TempDir(), "serve")
	require.NoError(t, cmd.Start())
	nc, err := nats.Connect(server.URL())
	require.NoError(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		stream, err := js.Stream(ctx, event.Stream)
		return err == nil && stream.CachedInfo().Config.MaxAge == 240*time.Hour
	}, patience, 50*time.Millisecond)
	cancel()
	_ = cmd.Wait()
	assert.Equal(t, exitDone, cmd.ProcessState.ExitCode())
}
