package main

import (
	"context"
	"encoding/csv"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/ops/retention"
	"countersign/reports"
	"countersign/reports/deliver"
	"countersign/reports/render"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
	"countersign/session/guard"
	"countersign/session/shared"
	attemptsdb "countersign/store/attempts"
	"countersign/store/audit"
	"countersign/store/journal"
)

// Seven days of one machine pass in virtual time, once with clocks put forward on Sunday and once with them put back.
// The parts run as in serve, on SQLite files, and with the defaults of docs/policy.md. NATS is stood in for:
// shared.Memory keeps values as long as it is told to by the same clock, and weekStream has the times of the stream's
// events. For two hours and a half on Saturday the machine is switched off.
func TestAWeekOnAFastClock(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for name, one := range map[string]struct {
		begin  time.Time // a Wednesday
		sunday int       // its hours
		// nightly is when 02:30 in Berlin is, in UTC, day by day; of the skipped hour it is the moment of the change.
		nightly []string
		weekly  string
		hourly  int
		// windows are those of Sunday night, from 01:00 until 03:30.
		windows []string
	}{
		"clocks are put forward": {
			time.Date(2000, 3, 22, 0, 0, 0, 0, time.UTC), 23,
			[]string{"22 01:30", "23 01:30", "24 01:30", "25 01:30", "26 01:00", "27 00:30", "28 00:30"}, "27 04:00", 7*24 - 1,
			[]string{"01:00", "01:30", "03:00"},
		},
		"clocks are put back": {
			time.Date(2000, 10, 25, 0, 0, 0, 0, time.UTC), 25,
			[]string{"25 00:30", "26 00:30", "27 00:30", "28 00:30", "29 00:30", "30 01:30", "31 01:30"}, "30 05:00",
			7*24 - 1 - 1, // an hour of the wall clock comes twice, and counts once
			[]string{"01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if racing && one.sunday > 24 {
				t.Skip("one week is enough for the race detector")
			}
			dir := inMemory(t)
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(one.begin)) // a bubble begins at the beginning of 2000
				w := newWeek(t, dir, berlin)
				w.fill()
				w.start()
				w.callsEveryHour()
				w.retention()
				w.locks()
				w.callbacks(one.windows)
				w.tokens()
				w.signIns()
				w.at(3, "12:01", w.stop)
				w.at(3, "14:30", w.start)
				w.pass(7 * 24 * time.Hour)
				w.stop()

				assert.Equal(t, one.nightly, w.dues("nightly"))
				assert.Equal(t, []string{one.weekly}, w.dues("weekly"))
				assert.Len(t, w.dues("hourly"), one.hourly, "each but 13:00 of Saturday, which a later one had overtaken")
				assert.Len(t, w.dues("siesta"), 7, "one of them while the machine is off")
				for name, runs := range w.runs {
					seen := map[time.Time]bool{}
					for _, r := range runs {
						assert.False(t, seen[r.due], "%s ran twice for %s", name, r.due)
						seen[r.due] = true
						if on := w.moment(3, "14:30"); r.due.Before(w.moment(3, "12:01")) || r.due.After(on) {
							assert.WithinRange(t, r.made, r.due, r.due.Add(2*time.Second), name)
						} else {
							assert.Equal(t, on, r.made.UTC(), "%s: what was due meanwhile is made at the start", name)
						}
					}
				}
				sunday := one.begin.AddDate(0, 0, 4).Format(time.DateOnly)
				assert.Equal(t, one.sunday, w.callsIn("nightly-"+sunday+".csv"), "a call each hour of Sunday")
				assert.Equal(t, 24, w.callsIn("nightly-"+one.begin.AddDate(0, 0, 1).Format(time.DateOnly)+".csv"))
				w.forgets()
			})
		})
	}
}

// week is a machine in virtual time.
type week struct {
	t      *testing.T
	dir    string
	zone   *time.Location
	begin  time.Time
	plan   map[time.Time][]func()
	called []time.Time // when calls ended
	stream weekStream

	guardStore, callbackStore *shared.Memory

	// of a process that runs
	journal *journal.Journal
	reports *reportsdb.Reports
	guard   *guard.Guard
	book    *callback.Book
	dialler *callback.Dialler
	stop    func()

	mu   sync.Mutex
	runs map[string][]weekRun
}

// weekRun is a report that was made.
type weekRun struct{ due, made time.Time }

// weekStream stands for the events in NATS.
type weekStream struct {
	mu     sync.Mutex
	times  []time.Time
	before time.Time // up to when they were removed last
}

func (s *weekStream) RemoveEvents(_ context.Context, before time.Time) (removed int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.times)
	s.times = slices.DeleteFunc(s.times, func(at time.Time) bool { return at.Before(before) })
	s.before = before
	return n - len(s.times), nil
}

func newWeek(t *testing.T, dir string, zone *time.Location) *week {
	return &week{
		t: t, dir: dir, zone: zone, begin: time.Now().UTC(), plan: map[time.Time][]func(){}, runs: map[string][]weekRun{},
		guardStore: shared.NewMemory(), callbackStore: shared.NewMemory(),
	}
}

// moment is a time of a day of the week, from 0 on, in UTC.
func (w *week) moment(day int, clock string) time.Time {
	at, err := time.Parse("15:04:05", (clock + ":00")[:8])
	require.NoError(w.t, err)
	return w.begin.AddDate(0, 0, day).Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute +
		time.Duration(at.Second())*time.Second)
}

// at plans something for such a moment, in at a moment from now.
func (w *week) at(day int, clock string, do func()) { w.then(w.moment(day, clock), do) }

func (w *week) then(at time.Time, do func()) {
	require.False(w.t, at.Before(time.Now()), "it is over")
	w.plan[at.UTC()] = append(w.plan[at.UTC()], do)
}

// pass lets time pass, with what is planned.
func (w *week) pass(length time.Duration) {
	for end := time.Now().Add(length); ; {
		var next time.Time
		for at := range w.plan {
			if next.IsZero() || at.Before(next) {
				next = at
			}
		}
		if next.IsZero() || next.After(end) {
			time.Sleep(time.Until(end))
			synctest.Wait()
			return
		}
		time.Sleep(time.Until(next))
		synctest.Wait()
		all := w.plan[next]
		delete(w.plan, next)
		for _, do := range all {
			do()
		}
	}
}

// start starts the machine; stop of the week stops it.
func (w *week) start() {
	t, ctx := w.t, w.t.Context()
	log := slog.New(slog.DiscardHandler)
	var err error
	w.journal, err = journal.Open(ctx, w.file("journal.db"), journal.Options{})
	require.NoError(t, err)
	w.reports, err = reportsdb.Open(ctx, w.file("reports.db"), reportsdb.Options{Log: log})
	require.NoError(t, err)
	known, err := attemptsdb.Open(ctx, w.file("attempts.db"), attemptsdb.Options{})
	require.NoError(t, err)
	w.guard, err = guard.New(guard.Options{Store: w.guardStore, Copy: known, Key: make([]byte, 32), Log: log})
	require.NoError(t, err)
	w.openCallbacks(log)
	running, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { w.guard.Run(running) })
	all.Go(func() { w.dialler.Run(running) })
	all.Go(func() { schedule.Run(running, w.schedules(log)) })
	all.Go(func() {
		d := defaults().Retention
		retention.Serve(running, retention.Options{
			Journal: w.journal, Events: &w.stream, Attempts: known, Reports: w.file("reports.db"), Audit: w.file("audit.db"),
			Clock: w.file("clock"), Actor: "week",
			Keep: retention.Periods{
				Journal: time.Duration(d.Journal), Totals: time.Duration(d.Totals), Audit: time.Duration(d.Audit),
			},
		}, log)
	})
	w.stop = func() {
		cancel()
		all.Wait()
		assert.NoError(t, known.Close())
		assert.NoError(t, w.reports.Close())
		assert.NoError(t, w.journal.Close(ctx))
	}
}

func (w *week) file(name string) string { return filepath.Join(w.dir, name) }

// schedules are those of serve, whose runs are noted.
func (w *week) schedules(log *slog.Logger) schedule.Options {
	one := func(name, cron, zone string, period reports.PeriodWord) deliver.Schedule {
		return deliver.Schedule{
			Name: name, Cron: cron, TZ: zone, Report: "summary", Period: period, By: []string{"line"}, Format: render.CSV,
			Folder: w.dir,
		}
	}
	const berlin = "Europe/Berlin"
	set := deliver.Settings{Schedules: []deliver.Schedule{
		one("nightly", "30 2 * * *", berlin, reports.Yesterday), one("hourly", "@hourly", berlin, reports.Today),
		one("weekly", "0 6 * * 1", berlin, reports.LastWeek), one("siesta", "30 13 * * *", "UTC", reports.Yesterday),
	}}
	due, err := set.Due()
	require.NoError(w.t, err)
	job := deliver.Job(deliver.Options{
		Settings: set, Reports: w.reports, Counted: func(context.Context, time.Time) error { return nil },
		Audit: func(context.Context, audit.Entry) error { return nil }, Actor: "week", Log: log,
	})
	noted := func(ctx context.Context, a schedule.Attempt) ([]string, error) {
		done, err := job(ctx, a)
		assert.NoError(w.t, err)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.runs[a.Name] = append(w.runs[a.Name], weekRun{a.Due, time.Now()})
		return done, err
	}
	return schedule.Options{Schedules: due, Store: w.reports.Schedules(), Log: log, Job: noted}
}

// dues are the due times for which a report was made, as day and time in UTC.
func (w *week) dues(name string) (all []string) {
	for _, r := range w.runs[name] {
		all = append(all, r.due.UTC().Format("02 15:04"))
	}
	return all
}

// callsIn is the number of calls that a report has.
func (w *week) callsIn(file string) int {
	f, err := os.Open(w.file(file))
	require.NoError(w.t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(w.t, err)
	require.Equal(w.t, "total", rows[1][0])
	n, err := strconv.Atoi(rows[1][slices.Index(rows[0], "calls")])
	require.NoError(w.t, err, "%v", rows)
	return n
}
