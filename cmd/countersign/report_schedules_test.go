package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/deliver"
	"countersign/reports/deliver/delivertest"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
)

func settingsFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestAScheduledReportIsMadeNow(t *testing.T) {
	t.Parallel()
	data, p, folder := reported(t, time.Now().Add(-24*time.Hour)), delivertest.New(t, deliver.StartTLS, true), t.TempDir()
	zone := time.UTC
	if time.Now().UTC().Hour() == 23 { // somewhere the day does not end while the test runs
		var err error
		zone, err = time.LoadLocation("Etc/GMT+12")
		require.NoError(t, err)
	}
	settings := settingsFile(t, fmt.Sprintf(`
reports:
  schedules:
    - {name: both, cron: "0 6 * * *", tz: %[1]s, report: summary, period: last_7_days, lines: [retail],
       by: [day], format: xlsx, folder: %[2]q,
       mail: {to: [ops@bank.example], subject: "A week"}}
    - {name: mail-only, cron: "@monthly", tz: %[1]s, report: calls, period: last_7_days, format: table,
       mail: {to: [ops@bank.example]}}
  mail: {server: %[3]q, from: countersign@bank.example, user: %[4]s, ca: %[5]q}
`, zone, folder, p.Address, delivertest.User, p.CA))
	run := func(name string) (code int, stdout, stderr string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var out, errs bytes.Buffer
		cmd := command(ctx, "--config", settings, "--data", data, "report", "run", "--author", "anna", name)
		cmd.Env = append(cmd.Env, "COUNTERSIGN_SMTP_PASSWORD="+delivertest.Password)
		cmd.Stdout, cmd.Stderr = &out, &errs
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode(), out.String(), errs.String()
	}
	first := time.Now().In(zone).AddDate(0, 0, -7).Format(time.DateOnly)
	last := time.Now().In(zone).AddDate(0, 0, -1).Format(time.DateOnly)
	path := filepath.Join(folder, "both-"+first+".xlsx")
	require.NoError(t, os.WriteFile(path, []byte("an older one"), 0o644))
	code, stdout, stderr := run("both")
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, fmt.Sprintf("both, %s to %s: %s\nboth, %[1]s to %[2]s: ops@bank.example\n", first, last, path), stdout)
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, left, 1)
	got := p.Got()
	require.Len(t, got, 1)
	assert.Equal(t, "A week", got[0].Header.Get("Subject"))
	assert.Equal(t, filepath.Base(path), got[0].Name)
	assert.True(t, bytes.Equal(file, got[0].File), "the attachment is the file")
	for _, line := range []string{
		"Identified, verified, failed\n", first + " to " + last + " (" + zone.String() + "), lines retail\n", "Calls: 1\n",
		"Verified: 1 (100.0 %)\n", "Failed: 0 (0.0 %)\n",
	} {
		assert.Contains(t, got[0].Text, line)
	}

	code, _, stderr = run("mail-only")
	require.Equal(t, exitDone, code, stderr)
	got = p.Got()
	require.Len(t, got, 2)
	assert.Contains(t, got[1].Text, "2 rows")
	assert.Contains(t, string(got[1].File), "bank-0")
	assert.Equal(t, "mail-only-"+first+".txt", got[1].Name)
	assert.NotEqual(t, got[0].Header.Get("Message-Id"), got[1].Header.Get("Message-Id"))

	p.Refuse(io.ErrUnexpectedEOF)
	code, stdout, stderr = run("both")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, path, "the file is there")
	assert.NotContains(t, stdout, "ops@")
	oneSentence(t, stderr, p.Address)
	code, _, stderr = run("weekly")
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "weekly", "both, mail-only")

	entries := audited(t, data)
	require.Len(t, entries, 3)
	assert.Equal(t, []string{"anna", "exported", "report summary"}, []string{
		entries[0].Actor, entries[0].Action, entries[0].Object,
	})
	assert.Equal(t, fmt.Sprintf("schedule both, xlsx, %s to %s, lines retail, to %s, ops@bank.example", first, last, path),
		entries[0].Detail)
	assert.NotContains(t, entries[2].Detail, "ops@")
	code, stdout, _ = countersign(t, "", "--config", settings, "--data", data, "report", "schedules", "--json")
	require.Equal(t, exitDone, code)
	assert.NotContains(t, stdout, "last\"", "it counts as no scheduled run")
	assert.NotContains(t, fmt.Sprint(entries, stdout, stderr), delivertest.Password)
}

func TestSchedulesAreListedWithoutAService(t *testing.T) {
	t.Parallel()
	code, stdout, _ := countersign(t, "", "--data", t.TempDir(), "report", "schedules")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, "reports.schedules")

	settings := settingsFile(t, `
reports:
  schedules:
    - {name: early, cron: "0 6 * * *", tz: Europe/Berlin, report: summary, period: yesterday, format: pdf,
       folder: /srv/reports}
    - {name: late, cron: "30 22 * * *", tz: UTC, report: funnel, period: last_month, format: csv, folder: /srv/reports}
    - {name: new, cron: "@weekly", tz: UTC, report: failed, period: last_week, format: json, folder: /srv/reports}
`)
	data := filepath.Join(t.TempDir(), "data")
	code, stdout, stderr := countersign(t, "", "--config", settings, "--data", data, "report", "schedules")
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, 4, strings.Count(stdout, "\n"), stdout)
	assert.NoDirExists(t, data, "a list makes no database")

	now := time.Now()
	remember(t, data, "early", "0 6 * * *", "Europe/Berlin", now.AddDate(0, 0, -3), "")
	remember(t, data, "late", "30 22 * * *", "UTC", now.AddDate(0, 0, -3), "the disk is\nfull")
	code, stdout, stderr = countersign(t, "", "--config", settings, "--data", data, "report", "schedules")
	require.Equal(t, exitDone, code, stderr)
	assert.Regexp(t, `early +0 6 \* \* \* Europe/Berlin +summary yesterday pdf +`+
		`/srv/reports +20\d\d-\d\d-\d\d 06:00 CES?T ok +20`, stdout)
	assert.Regexp(t, `late .* 22:30 UTC failed +20`, stdout)
	assert.Regexp(t, `new +@weekly UTC .* – +20\d\d-\d\d-\d\d 00:00 UTC`, stdout)
	assert.Regexp(t, `late failed once: the disk is.full\n`, stdout)

	code, stdout, stderr = countersign(t, "", "--config", settings, "--data", data, "report", "schedules", "--json")
	require.Equal(t, exitDone, code, stderr)
	var all []deliver.Status
	for out := json.NewDecoder(strings.NewReader(stdout)); out.More(); {
		var one deliver.Status
		require.NoError(t, out.Decode(&one))
		all = append(all, one)
	}
	require.Len(t, all, 3)
	assert.True(t, all[0].Last.OK)
	assert.Equal(t, 2.5, all[0].Last.Seconds)
	assert.False(t, all[1].Last.OK)
	assert.Equal(t, "the disk is\nfull", all[1].Last.Error)
	assert.Nil(t, all[2].Last)
	assert.True(t, all[0].Next.After(now))
}

// remember writes into the reports that a schedule ran last at its last due time, and how that ended.
func remember(t *testing.T, data, name, text, zone string, begun time.Time, failure string) {
	t.Helper()
	kept, err := reportsdb.Open(t.Context(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, kept.Close()) }()
	at, err := time.LoadLocation(zone)
	require.NoError(t, err)
	cron, err := schedule.ParseCron(text, at)
	require.NoError(t, err)
	s, now := schedule.Schedule{Name: name, Cron: cron}, time.Now()
	require.NoError(t, kept.Schedules().Begin(t.Context(), []schedule.Schedule{s}, begun))
	due, ok := cron.Latest(begun, now)
	require.True(t, ok)
	claim, ok, err := kept.Schedules().Claim(t.Context(), s, due, now, now.Add(schedule.Lease))
	require.NoError(t, err)
	require.True(t, ok)
	r := schedule.Result{Name: name, Due: due, Claim: claim, Ended: now, Took: 2500 * time.Millisecond, Error: failure}
	if failure != "" {
		r.Retry = now.Add(time.Hour)
	}
	require.NoError(t, kept.Schedules().Finish(t.Context(), r))
}

// scheduleService is "serve --roles reporting" on a machine that was away when a report was due.
type scheduleService struct {
	t                   *testing.T
	settings, data, log string
}

func (s *scheduleService) start() (stop func()) {
	s.t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := command(ctx, "--config", s.settings, "--data", s.data, "serve", "--roles", "reporting")
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, cmd.Start())
	stop = sync.OnceFunc(func() {
		cancel()
		_ = cmd.Wait()
		_ = log.Close()
		assert.Equal(s.t, exitDone, cmd.ProcessState.ExitCode(), s.logged())
	})
	s.t.Cleanup(stop)
	_, err = bufio.NewReader(stdout).ReadString('\n')
	require.NoError(s.t, err, s.logged())
	return stop
}

func (s *scheduleService) logged() string {
	s.t.Helper()
	text, err := os.ReadFile(s.log)
	require.NoError(s.t, err)
	return string(text)
}

func (s *scheduleService) status() (one deliver.Status) {
	s.t.Helper()
	code, stdout, stderr := countersign(s.t, "", "--config", s.settings, "--data", s.data, "report", "schedules", "--json")
	require.Equal(s.t, exitDone, code, stderr)
	require.NoError(s.t, json.Unmarshal([]byte(stdout), &one), stdout)
	return one
}

// closesEach is a server that is away: each connection is closed at once, until stop. Then the listener can be used by
// another one.
func closesEach(t *testing.T, l net.Listener) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	tcp := l.(*net.TCPListener)
	stop = sync.OnceFunc(func() {
		assert.NoError(t, tcp.SetDeadline(time.Now()))
		<-done
		assert.NoError(t, tcp.SetDeadline(time.Time{}))
	})
	t.Cleanup(func() { _ = l.Close(); <-done })
	return stop
}

func TestAReportThatWasMissedIsMadeOnceWhenAllIsCountedAndTheServerIsBack(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	month := time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)
	settings, _ := streamOfMonth(t, 300, month)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address, comesBack := l.Addr().String(), closesEach(t, l)
	folder := t.TempDir()
	text, err := os.ReadFile(settings)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(settings, []byte(fmt.Sprintf(`%s
node: reporter
reports:
  schedules:
    - {name: monthly, cron: "0 0 1 * *", tz: UTC, report: summary, period: last_month, format: csv,
       folder: %q, mail: {to: [ops@bank.example]}}
  mail: {server: %q, from: countersign@bank.example, tls: none}
`, text, folder, address)), 0o600))
	s := &scheduleService{t: t, settings: settings, data: t.TempDir(), log: filepath.Join(t.TempDir(), "log")}
	kept, err := reportsdb.Open(t.Context(), filepath.Join(s.data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	cron, err := schedule.ParseCron("0 0 1 * *", time.UTC)
	require.NoError(t, err)
	require.NoError(t, kept.Schedules().Begin(t.Context(), []schedule.Schedule{{Name: "monthly", Cron: cron}},
		month.AddDate(0, -3, 0)))
	require.NoError(t, kept.Close())

	stop := s.start()
	require.Eventually(t, func() bool { one := s.status(); return one.Last != nil }, patience, 200*time.Millisecond)
	one := s.status()
	assert.False(t, one.Last.OK)
	assert.Contains(t, one.Last.Error, address)
	assert.True(t, one.Last.Due.Equal(month.AddDate(0, 1, 0)), "three were missed, and the last one is made")
	assert.True(t, one.Next.After(now), "it is tried again")
	stop()
	assert.Equal(t, 1, strings.Count(s.logged(), "level=ERROR"), s.logged())
	inFolder := func() string {
		file, err := os.ReadFile(filepath.Join(folder, "monthly-"+month.Format(time.DateOnly)+".csv"))
		require.NoError(t, err)
		return string(file)
	}
	assert.Regexp(t, `"?total"?,(?:"")?,300,`, inFolder(), "all of the stream was counted first")

	comesBack()
	p := delivertest.Start(t, l, deliver.NoTLS, false)
	stop = s.start()
	require.Eventually(t, func() bool { return s.status().Last.OK }, patience, 200*time.Millisecond)
	stop()
	assert.Equal(t, 1, strings.Count(s.logged(), "made again"), s.logged())
	stop = s.start() // and once more, to find nothing to do
	require.Eventually(t, func() bool {
		return strings.Count(s.logged(), "nats connected") == 3
	}, patience, 50*time.Millisecond)
	stop()
	got := p.Got()
	require.Len(t, got, 1)
	assert.Contains(t, got[0].Text, "Calls: 300\n")
	assert.Equal(t, inFolder(), string(got[0].File))
	entries := audited(t, s.data)
	require.GreaterOrEqual(t, len(entries), 2, "the file, and the file with the letter")
	assert.Equal(t, "reporter", entries[len(entries)-1].Actor)
	assert.Contains(t, entries[len(entries)-1].Detail, "ops@bank.example")
}

func TestSchedulesAreChecked(t *testing.T) {
	t.Parallel()
	for settings, words := range map[string][]string{
		`schedules: [{name: A b, cron: "61 * * * *", tz: Berlin, report: sums, period: today, format: doc}]`: {
			`"A b": name must be`, "goes nowhere",
		},
		`mail: {server: "smtp.example:25", from: me@bank.example, user: me, password: hunter2, tls: none}`: {
			"reports.mail.tls is none", "smtp.example", "starttls",
		},
		`mail: {sever: x}`: {"sever"},
	} {
		code, _, stderr := countersign(t, "", "--config", settingsFile(t, "reports: {"+settings+"}"), "report", "schedules")
		assert.Equal(t, exitFailed, code, settings)
		for _, w := range words {
			assert.Contains(t, stderr, w)
		}
		assert.NotContains(t, stderr, "hunter2")
	}
}
