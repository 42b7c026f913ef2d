package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportsdb"
	"countersign/session/event"
)

// reported makes a --data folder in which the reports know of a verified call on the line retail and a failed one on
// the line bank for each moment.
func reported(t *testing.T, moments ...time.Time) (data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	kept, err := reportsdb.Open(context.Background(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	var all []event.Event
	for i, at := range moments {
		for line, facts := range map[string][]event.Data{
			"retail": {
				event.CallStarted{Channel: "c", CallerLast4: "0001"},
				event.Identified{Customer: "C-1", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1},
				event.Verified{
					Customer: "C-1", Methods: []event.Method{event.MethodANI, event.MethodPIN}, Status: event.StatusVerified, Level: 2,
				},
				event.CallEnded{
					End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: "C-1",
					Milliseconds: 9000,
				},
			},
			"bank": {
				event.CallStarted{Channel: "c"},
				event.Failed{Step: "account", Reason: event.ReasonNotFound, Status: event.StatusNone},
				event.CallEnded{End: event.EndRouted, Status: event.StatusNone, Reason: event.ReasonNotFound, Milliseconds: 9000},
			},
		} {
			call := fmt.Sprintf("%s-%d", line, i)
			for n, d := range facts {
				all = append(all, event.Event{
					ID: event.ID(call, n+1), Call: call, Seq: n + 1, Line: line, LineVersion: 1,
					Time: at.Add(time.Duration(n) * time.Second), Source: "/x", Data: d,
				})
			}
		}
	}
	_, err = kept.Apply(context.Background(), all)
	require.NoError(t, err)
	require.NoError(t, kept.Close())
	return data
}

func TestReportsSayWhatHappened(t *testing.T) {
	t.Parallel()
	data := reported(t, time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 10, 25, 22, 59, 0, 0, time.UTC),
		time.Date(2026, 10, 25, 23, 0, 0, 0, time.UTC))
	do := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := countersign(t, "", append([]string{"--data", data, "report"}, args...)...)
		require.Equal(t, exitDone, code, stderr)
		assert.Empty(t, stderr)
		return stdout
	}
	berlin := []string{"--from", "2026-10-25", "--to", "2026-10-25", "--tz", "Europe/Berlin"}
	with := func(name string, more ...string) []string { return append(append([]string{name}, berlin...), more...) }

	records, err := csv.NewReader(strings.NewReader(do(with("summary", "--format", "csv", "--by", "day", "--by",
		"line")...))).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 5)
	assert.Equal(t, []string{"total", "", "4", "2", "50.0", "2", "50.0", "2", "50.0"}, records[1][:9],
		"the call at 23:00 UTC belongs to the next day")
	assert.Equal(t, []string{"day", "2026-10-25", "4"}, records[2][:3])
	assert.Equal(t, []string{"line", "bank", "2"}, records[3][:3])

	var summary struct {
		From, To string
		Rows     []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(do(with("verified", "--format", "json", "--line", "retail")...)), &summary))
	assert.Equal(t, "2026-10-25T00:00:00+02:00", summary.From)
	assert.Equal(t, "2026-10-26T00:00:00+01:00", summary.To)
	assert.EqualValues(t, 2, summary.Rows[0]["verified"])

	assert.Contains(t, do(with("failed")...), "no such customer")
	assert.Contains(t, do(with("failed", "--language", "de")...), "Kunde nicht gefunden")
	assert.Contains(t, do(with("failed", "--language", "de", "--format", "csv")...), "not_found")
	assert.Contains(t, do(with("ani")...), "By ANI")
	assert.Contains(t, do(with("funnel")...), "Nothing was asked in this period.")
	calls := do(with("calls", "--failed", "--reason", "not_found", "--limit", "1")...)
	assert.Contains(t, calls, "bank-1")
	assert.NotContains(t, calls, "bank-0")
	assert.Contains(t, calls, "1 of 2 rows are shown")
	assert.Equal(t, 1, strings.Count(do(with("calls", "--customer", "C-9", "--format", "csv")...), "\n"),
		"nothing but the header")
}

func TestAReportGoesToAFile(t *testing.T) {
	t.Parallel()
	data := reported(t, time.Now().Add(-time.Hour))
	dir := t.TempDir()
	for name, begins := range map[string]string{
		"r.csv": "by,what", "r.json": "{\"report\"", "r.xlsx": "PK", "r.pdf": "%PDF", "r.txt": "Identified, verified",
		"r": "Identified, verified",
	} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte("an older report"), 0o644))
		code, stdout, stderr := countersign(t, "", "--data", data, "report", "summary", "-o", file)
		require.Equal(t, exitDone, code, stderr)
		assert.Empty(t, stdout)
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(written), begins), name)
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "reports name customers")
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 6, "no drafts are left")
	code, stdout, _ := countersign(t, "", "--data", data, "report", "summary", "--format", "csv", "-o", "-")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, `"total","",2,1,`)
	code, _, stderr := countersign(t, "", "--data", data, "report", "summary", "-o", filepath.Join(dir, "none", "r.csv"))
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, filepath.Join(dir, "none", "r.csv")+":", "no such")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.csv"), 0o755))
	code, _, stderr = countersign(t, "", "--data", data, "report", "summary", "-o", filepath.Join(dir, "folder.csv"))
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "folder.csv is a folder")
}

func TestATableSpeaksTheLanguageOfItsTerminal(t *testing.T) {
	t.Parallel()
	data := reported(t, time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC))
	for _, c := range []struct {
		env  []string
		has  []string
		not  string
		wide int
	}{
		{
			[]string{"LC_ALL=", "LC_CTYPE=", "LANG=de_DE.UTF-8", "TZ=Europe/Berlin"},
			[]string{"█", "2026-07-02", "Europe/Berlin"}, "####", 0,
		},
		{[]string{"LC_ALL=C", "LANG=de_DE.UTF-8", "TZ=UTC", "COLUMNS=110"}, []string{"####", "2026-07-01", "UTC"}, "█", 110},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		cmd := command(ctx, "--data", data, "report", "ani", "--from", "2026-07-01", "--to", "2026-07-02")
		cmd.Env = append(cmd.Env, c.env...)
		out, err := cmd.Output()
		require.NoError(t, err)
		for _, w := range c.has {
			assert.Contains(t, string(out), w)
		}
		assert.NotContains(t, string(out), c.not)
		if c.wide > 0 {
			for line := range strings.Lines(string(out)) {
				assert.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), c.wide)
			}
		}
	}
}

func TestWrongUseOfReportsIsSaid(t *testing.T) {
	t.Parallel()
	data := reported(t, time.Now().Add(-time.Hour))
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"summary --from tomorrow", []string{"--from", "tomorrow", "2026-11-21"}},
		{"summary --from 2026-02-30", []string{"2026-02-30"}},
		{"summary --from 2026-02-20 --to 2026-02-10", []string{"2026-02-20", "before", "2026-02-10"}},
		{"summary --from 2026-02-20T08:07:00Z", []string{"quarter hours", "08:15"}},
		{"summary --tz Berlin", []string{"Berlin", "Europe/Berlin"}},
		{"summary --line retial", []string{"retial", "bank, retail"}},
		{"summary --by reason", []string{"reason", "line, day, week, month, quarter, weekday, hour"}},
		{"summary --period last-week", []string{"--period", "last-week", "last_week"}},
		{"summary --period last_week --from 2026-02-20", []string{"--period", "--from"}},
		{"summary --compare last_year", []string{"--compare", "previous"}},
		{"summary --compare previous --by day", []string{"--compare", "--by day"}},
		{"calls --compare previous", []string{"compare"}},
		{"summary --language fr", []string{"--language", "fr", "en or de"}},
		{"summary --format doc", []string{"doc", "xlsx"}},
		{"summary -o report.doc", []string{"doc", "xlsx"}},
		{"summary --limit 3", []string{"limit"}},
		{"calls --limit -1", []string{"--limit"}},
		{"calls --status ok", []string{"ok", "verified, identified, none"}},
		{"calls --caller +15550001", []string{"--caller", "last four"}},
		{"calls --failed --step-ups", []string{"--failed", "--step-ups"}},
		{"summary now", []string{"no arguments"}},
		{"sumary", []string{`no command "sumary"`}},
	} {
		code, stdout, stderr := countersign(t, "", append([]string{"--data", data, "report"}, strings.Fields(c.args)...)...)
		assert.Equal(t, exitWrongUse, code, c.args)
		assert.Empty(t, stdout, c.args)
		oneSentence(t, stderr, c.words...)
	}
	nowhere := filepath.Join(t.TempDir(), "data")
	code, _, stderr := countersign(t, "", "--data", nowhere, "report", "summary")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "no reports yet", nowhere)
	assert.NoDirExists(t, nowhere, "a report makes no database")
}
