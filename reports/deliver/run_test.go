package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports"
	"countersign/reports/deliver/delivertest"
	"countersign/reports/render"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
	"countersign/session/event"
	"countersign/store/audit"
)

// daily is a schedule that reports on the calls of a day in a folder, and by mail if there is a server.
type daily struct {
	day     time.Time
	file    string // which it writes
	options Options
	entries []audit.Entry
	broken  error // what the audit log says
}

func newDaily(t *testing.T, p *delivertest.Post) *daily {
	t.Helper()
	d := &daily{day: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	s := Schedule{
		Name: "daily", Cron: "0 6 * * *", TZ: "UTC", Report: "summary", Period: reports.Yesterday, Format: render.JSON,
		Folder: t.TempDir(),
	}
	d.file = filepath.Join(s.Folder, "daily-2026-11-21.json")
	d.options = Options{
		Reports: verifiedCall(t, d.day.Add(12*time.Hour)), Counted: isCounted, Actor: "reporter",
		Log: slog.New(slog.DiscardHandler),
		Audit: func(_ context.Context, e audit.Entry) error {
			d.entries = append(d.entries, e)
			return d.broken
		},
	}
	if p != nil {
		s.Mail.To = []string{"ops@bank.example", "bob@bank.example", "anna@bank.example"}
		d.options.Settings.Mail = through(p, NoTLS)
	}
	d.options.Settings.Schedules = []Schedule{s}
	return d
}

func (d *daily) run(ctx context.Context, a schedule.Attempt) ([]string, error) {
	a.Name, a.Due = "daily", d.day.Add(30*time.Hour)
	return Job(d.options)(ctx, a)
}

// verifiedCall has reports of a call of the line retail at a moment.
func verifiedCall(t *testing.T, at time.Time) *reportsdb.Reports {
	t.Helper()
	kept, err := reportsdb.Open(t.Context(), filepath.Join(t.TempDir(), "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	var events []event.Event
	for i, data := range []event.Data{
		event.CallStarted{Channel: "c", CallerLast4: "0001"},
		event.Identified{Customer: "bank-0", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1},
		event.Verified{Customer: "bank-0", Methods: []event.Method{"ani", "pin"}, Status: event.StatusVerified, Level: 2},
		event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: "bank-0",
		},
	} {
		events = append(events, event.Event{
			ID: event.ID("call-1", i+1), Source: "/x", Call: "call-1", Seq: i + 1, Line: "retail", LineVersion: 1,
			Time: at.Add(time.Duration(i) * time.Second), Data: data,
		})
	}
	_, err = kept.Apply(t.Context(), events)
	require.NoError(t, err)
	require.NoError(t, kept.CountedUntil(t.Context(), at.AddDate(0, 0, 2)))
	return kept
}

func isCounted(context.Context, time.Time) error { return nil }

// madeReport is what the tests read of a report in JSON.
type madeReport struct {
	Notes []string `json:"notes"`
	Rows  []any    `json:"rows"`
}

func readReport(t *testing.T, file string) (r madeReport) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

func TestAScheduledReportWaitsForCallsThatAreNotCountedUntilTheNextOneIsDue(t *testing.T) {
	t.Parallel()
	p := delivertest.New(t, NoTLS, false)
	d := newDaily(t, p)
	missing := errors.New("NATS is away")
	d.options.Counted = func(_ context.Context, due time.Time) error {
		assert.True(t, due.Equal(d.day.Add(30*time.Hour)))
		return missing
	}
	a := schedule.Attempt{Done: []string{"anna@bank.example"}}
	sent, err := d.run(t.Context(), a)
	require.ErrorContains(t, err, "calls would be missing: NATS is away")
	assert.Equal(t, a.Done, sent)
	assert.NoFileExists(t, d.file)
	assert.Empty(t, p.Got())

	a.Last = true
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = d.run(stopped, a)
	require.Error(t, err, "a process that stops has no last attempt")
	assert.NoFileExists(t, d.file)
	assert.Empty(t, d.entries)

	_, err = d.run(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, NoteIncomplete, readReport(t, d.file).Notes[0])
	require.Len(t, p.Got(), 2)
	assert.Contains(t, p.Got()[0].Text, NoteIncomplete)

	missing = nil
	a.Done = nil
	_, err = d.run(t.Context(), a)
	require.NoError(t, err)
	assert.NotContains(t, readReport(t, d.file).Notes, NoteIncomplete)
	require.Len(t, p.Got(), 5)
	assert.NotContains(t, p.Got()[4].Text, NoteIncomplete)
}

func TestALetterGoesOnceToEverybodyWhileOneAddressIsRefused(t *testing.T) {
	t.Parallel()
	p := delivertest.New(t, NoTLS, false)
	p.Strange("bob@bank.example")
	d, a := newDaily(t, p), schedule.Attempt{}
	var err error
	for range 3 {
		a.Done, err = d.run(t.Context(), a)
		require.ErrorContains(t, err, "bob@bank.example")
		assert.Equal(t, []string{"ops@bank.example", "anna@bank.example"}, a.Done)
	}
	assert.FileExists(t, d.file)
	assert.Len(t, p.Got(), 2)
	p.Strange("")
	a.Done, err = d.run(t.Context(), a)
	require.NoError(t, err)
	got := p.Got()
	require.Len(t, got, 3)
	assert.Equal(t, []string{"bob@bank.example"}, got[2].To)
	assert.Equal(t, got[0].Header.Get("Message-Id"), got[2].Header.Get("Message-Id"))
	_, err = d.run(t.Context(), a)
	require.NoError(t, err)
	assert.Len(t, p.Got(), 3, "everybody has it")
}

func TestTheAuditLogTellsWhatWentWhere(t *testing.T) {
	t.Parallel()
	p := delivertest.New(t, NoTLS, false)
	p.Strange("bob@bank.example")
	d := newDaily(t, p)
	d.broken = errors.New("the disk is full")
	sent, err := d.run(t.Context(), schedule.Attempt{})
	require.ErrorContains(t, err, "bob@bank.example")
	assert.NotContains(t, err.Error(), "the disk is full", "a letter is not sent again because of it")
	assert.Equal(t, []string{"ops@bank.example", "anna@bank.example"}, sent)
	assert.Equal(t, []audit.Entry{{
		Actor: "reporter", Action: audit.Exported, Object: "report summary",
		Detail: "schedule daily, json, 2026-11-21, all lines, to " + d.file + ", ops@bank.example, anna@bank.example",
	}}, d.entries)
}

func TestALineWithoutCallsHasAScheduledReportToo(t *testing.T) {
	t.Parallel()
	d := newDaily(t, nil)
	d.options.Settings.Schedules[0].Lines = []string{"opens-next-week"}
	_, err := d.run(t.Context(), schedule.Attempt{})
	require.NoError(t, err)
	assert.Contains(t, readReport(t, d.file).Notes, "There were no calls in this period.")
}

func TestAReportThatCannotBeWrittenIsMailedToNobody(t *testing.T) {
	t.Parallel()
	p := delivertest.New(t, NoTLS, false)
	d := newDaily(t, p)
	d.options.Settings.Schedules[0].Folder = filepath.Join(t.TempDir(), "none")
	sent, err := d.run(t.Context(), schedule.Attempt{})
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Empty(t, sent)
	assert.Empty(t, p.Got())
	assert.Empty(t, d.entries)
}

func TestALetterWithoutAFolderLeavesNoFile(t *testing.T) {
	t.Parallel()
	p := delivertest.New(t, NoTLS, false)
	d := newDaily(t, p)
	d.options.Settings.Schedules[0].Folder = ""
	_, err := d.run(t.Context(), schedule.Attempt{})
	require.NoError(t, err)
	assert.NoFileExists(t, d.file)
	got := p.Got()
	require.Len(t, got, 3)
	for _, l := range got {
		var r madeReport
		require.NoError(t, json.Unmarshal(l.File, &r), "everybody gets all of it")
		assert.NotEmpty(t, r.Rows)
		assert.Equal(t, "daily-2026-11-21.json", l.Name)
		assert.Equal(t, "Identified, verified, failed, 2026-11-21", l.Header.Get("Subject"))
		assert.Contains(t, l.Text, "Verified: 1 (100.0 %)\n")
	}
}
