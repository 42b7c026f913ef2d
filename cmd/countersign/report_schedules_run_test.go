package main

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

	"countersign/bus"
	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
	"countersign/session/event"
	"countersign/store/journal"
)

// dailyJob is the job of a schedule that reports on the calls of a day in a folder, and by mail if there is a server.
func dailyJob(t *testing.T, day time.Time, p *post, counted func(context.Context, time.Time) error, change func(*scheduleSettings)) (
	job func(context.Context, schedule.Attempt) ([]string, error), due schedule.Attempt, file string,
) {
	t.Helper()
	s := scheduleSettings{Name: "daily", Cron: "0 6 * * *", TZ: "UTC", Report: "summary", Period: schedule.Yesterday, Format: render.JSON, Folder: t.TempDir()}
	cfg := config{data: reported(t, day.Add(12*time.Hour)), Node: "reporter"}
	if p != nil {
		s.Mail.To, cfg.Reports.Mail = []string{"ops@bank.example", "bob@bank.example", "anna@bank.example"}, p.settings(mailNone)
	}
	if change != nil {
		change(&s)
	}
	cfg.Reports.Schedules = []scheduleSettings{s}
	kept, err := reportsdb.Open(t.Context(), cfg.reportsPath(), reportsdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	job = scheduledJob(cfg, reports.NewReader(kept.DB(), time.Now), counted, slog.New(slog.DiscardHandler))
	return job, schedule.Attempt{Name: "daily", Due: day.Add(30 * time.Hour)}, filepath.Join(s.Folder, "daily-"+day.Format(time.DateOnly)+".json")
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
	day, p := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), newPost(t, mailNone, false)
	var missing error
	job, a, file := dailyJob(t, day, p, func(_ context.Context, due time.Time) error {
		assert.True(t, due.Equal(day.Add(30*time.Hour)))
		return missing
	}, nil)
	missing = errors.New("NATS is away")
	a.Done = []string{"anna@bank.example"}
	sent, err := job(t.Context(), a)
	require.ErrorContains(t, err, "calls would be missing: NATS is away")
	assert.Equal(t, a.Done, sent)
	assert.NoFileExists(t, file)
	assert.Empty(t, p.got())

	a.Last = true
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = job(stopped, a)
	require.Error(t, err, "a process that stops has no last attempt")
	assert.NoFileExists(t, file)

	_, err = job(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, noteIncomplete, readReport(t, file).Notes[0])
	require.Len(t, p.got(), 2)
	assert.Contains(t, p.got()[0].text, noteIncomplete)

	missing = nil
	a.Done = nil
	_, err = job(t.Context(), a)
	require.NoError(t, err)
	assert.NotContains(t, readReport(t, file).Notes, noteIncomplete)
	require.Len(t, p.got(), 5)
	assert.NotContains(t, p.got()[4].text, noteIncomplete)
}

func TestALetterGoesOnceToEverybodyWhileOneAddressIsRefused(t *testing.T) {
	t.Parallel()
	p := newPost(t, mailNone, false)
	p.strange = "bob@bank.example"
	job, a, file := dailyJob(t, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), p, isCounted, nil)
	var err error
	for range 3 {
		a.Done, err = job(t.Context(), a)
		require.ErrorContains(t, err, "bob@bank.example")
		assert.Equal(t, []string{"ops@bank.example", "anna@bank.example"}, a.Done)
	}
	assert.FileExists(t, file)
	assert.Len(t, p.got(), 2)
	p.mu.Lock()
	p.strange = ""
	p.mu.Unlock()
	a.Done, err = job(t.Context(), a)
	require.NoError(t, err)
	got := p.got()
	require.Len(t, got, 3)
	assert.Equal(t, []string{"bob@bank.example"}, got[2].to)
	assert.Equal(t, got[0].header.Get("Message-Id"), got[2].header.Get("Message-Id"))
	_, err = job(t.Context(), a)
	require.NoError(t, err)
	assert.Len(t, p.got(), 3, "everybody has it")
}

func TestALineWithoutCallsHasAScheduledReportToo(t *testing.T) {
	t.Parallel()
	job, a, file := dailyJob(t, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), nil, isCounted, func(s *scheduleSettings) { s.Lines = []string{"opens-next-week"} })
	_, err := job(t.Context(), a)
	require.NoError(t, err)
	assert.Contains(t, readReport(t, file).Notes, "There were no calls in this period.")
}

func TestCallsAreCountedWhenTheyLeftTheJournalAndNATSHasNothingMore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	log := slog.New(slog.DiscardHandler)
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: log})
	require.NoError(t, err)
	defer nats.Shutdown()
	kept, err := reportsdb.Open(ctx, filepath.Join(t.TempDir(), "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, kept.Close()) }()
	journal, err := journal.Open(ctx, filepath.Join(t.TempDir(), "journal.db"), journal.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close(ctx)) }()
	due := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	call := func(id string, at time.Time) {
		t.Helper()
		require.NoError(t, journal.Append(event.Event{
			ID: event.ID(id, 1), Call: id, Seq: 1, Line: "retail", LineVersion: 1, Time: at, Source: "/x", Data: event.CallStarted{Channel: "c"},
		}))
	}
	c := counting{reports: kept, endpoint: nats.Endpoint(), journal: journal, within: 2 * time.Second}

	call("before", due.Add(-time.Second))
	require.NoError(t, journal.Sync(ctx))
	require.ErrorContains(t, c.await(ctx, due), "NATS does not have all events of this machine: not within 2s")
	r := bus.NewRelay(journal, nats.Endpoint(), bus.RelayConfig{}, log)
	relaying, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); r.Run(relaying) }()
	require.NoError(t, r.Flush(ctx))
	stop()
	<-done
	require.ErrorContains(t, c.await(ctx, due), "countersign doctor", "nobody counts")

	counting, stop := context.WithCancel(ctx)
	done = make(chan struct{})
	go func() { defer close(done); assert.NoError(t, consumeInto(counting, kept, nats.Endpoint(), nil, log)) }()
	defer func() { stop(); <-done }()
	call("after", due.Add(time.Second))
	c.within = time.Minute
	require.NoError(t, c.await(ctx, due), "what came afterwards is not waited for")
}
