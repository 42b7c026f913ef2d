package schedule_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
)

// states is a real reports.db.
func states(t testing.TB) schedule.Store {
	t.Helper()
	r, err := reportsdb.Open(context.Background(), filepath.Join(t.TempDir(), "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r.Schedules()
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// world is some processes on one reports.db, a clock that anybody may turn, and what the processes did.
type world struct {
	t      *testing.T
	random *rand.Rand
	store  schedule.Store
	cron   schedule.Cron
	now    time.Time
	rounds []func(context.Context) time.Time
	// next is what becomes of the next run.
	fails  bool
	killed bool
	begun  time.Time
	// done counts the runs of each due time that came to their end.
	done map[int64]int
	last time.Time // the last due time that was done
}

var errKilled = errors.New("killed")

// process starts a process; which may be in place of one that is gone.
func (w *world) process(ctx context.Context, i int) {
	w.rounds[i] = schedule.NewRound(schedule.Options{
		Schedules: []schedule.Schedule{{Name: "daily", Cron: w.cron}}, Store: w.store, Log: discard(),
		Now: func() time.Time { return w.now },
		Job: func(_ context.Context, a schedule.Attempt) ([]string, error) {
			assert.Equal(w.t, "daily", a.Name)
			assert.False(w.t, a.Due.After(w.now), "it is not due yet")
			assert.True(w.t, a.Due.After(w.last), "it is done, or a later one is")
			if w.killed {
				panic(errKilled) // as good as a kill: killedStore forgets that it was survived
			}
			if w.fails {
				return nil, errors.New("no")
			}
			w.done[a.Due.Unix()]++
			w.last = a.Due
			return nil, nil
		},
	})
}

// killedStore is a store for a process that is killed in its next run: nothing of what comes after reaches it.
type killedStore struct {
	schedule.Store
	w *world
}

func (s *killedStore) Finish(ctx context.Context, r schedule.Result) error {
	if s.w.killed {
		return nil
	}
	return s.Store.Finish(ctx, r)
}

func TestNoDueTimeIsRunTwiceAndTheLastOneNeverLeftOut(t *testing.T) {
	t.Parallel()
	crons := []string{"30 2 * * *", "@hourly", "0 6 * * 1", "*/20 1-3 * * *", "15 2 29 3,10 *"}
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 7))
		w := &world{t: t, random: random, cron: cronOf(t, crons[int(seed)%len(crons)],
			zone(t, "Europe/Berlin")), rounds: make([]func(context.Context) time.Time, 2),
			done: map[int64]int{}}
		w.store = &killedStore{states(t), w}
		w.now = time.Date(2026, []time.Month{3, 10}[seed%2], 27, 0, 0, 0, random.IntN(1e9), time.UTC)
		w.begun = w.now
		for i := range w.rounds {
			w.process(t.Context(), i)
		}
		for range 150 {
			w.live()
		}
		w.killed, w.fails = false, false
		w.now = w.now.Add(25 * time.Hour) // every claim is over, every pause too
		w.rounds[0](t.Context())
		w.settled()
		for due, n := range w.done {
			assert.Equal(t, 1, n, "seed %d: %s", seed, time.Unix(due, 0))
		}
		assert.NotEmpty(t, w.done, "seed %d", seed)
	}
}

// live lets time pass, and one thing happen.
func (w *world) live() {
	steps := []time.Duration{time.Second, time.Minute, 20 * time.Minute, time.Hour, 5 * time.Hour, 50 * time.Hour}
	w.now = w.now.Add(time.Duration(w.random.Int64N(int64(steps[w.random.IntN(len(steps))]))))
	if w.random.IntN(15) == 0 { // the clock is put back
		w.now = w.now.Add(-time.Duration(w.random.Int64N(int64(3 * time.Hour))))
	}
	i := w.random.IntN(len(w.rounds))
	w.fails, w.killed = w.random.IntN(4) == 0, w.random.IntN(8) == 0
	if w.random.IntN(10) == 0 {
		w.process(w.t.Context(), i) // a restart
	}
	before := w.claimed()
	w.rounds[i](w.t.Context())
	if w.killed {
		w.process(w.t.Context(), i)
		return
	}
	if !w.fails && !before {
		w.settled()
	}
}

// claimed says whether a run waits: for the end of a claim whose process was killed, or for another attempt.
func (w *world) claimed() bool {
	all, err := w.store.States(w.t.Context())
	require.NoError(w.t, err)
	s, ok := all["daily"]
	if !ok {
		return false
	}
	_, at := s.Next(w.cron, w.now)
	_, missed := w.cron.Latest(s.Handled, w.now)
	return missed && at.After(w.now)
}

// settled means that nothing which was due is left to do.
func (w *world) settled() {
	w.t.Helper()
	all := dues(w.cron, w.begun, w.now)
	if len(all) == 0 {
		return
	}
	latest := all[len(all)-1]
	found, err := w.store.States(w.t.Context())
	require.NoError(w.t, err)
	require.False(w.t, found["daily"].Handled.Before(latest), "%s was left out at %s", latest, w.now)
}

func TestOnlyOneOfManyProcessesMakesAReport(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "reports.db")
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	daily := schedule.Schedule{Name: "daily", Cron: cronOf(t, "0 6 * * *", time.UTC)}
	var mu sync.Mutex
	made := 0
	var all sync.WaitGroup
	var rounds []func(context.Context) time.Time
	for range 8 {
		r, err := reportsdb.Open(t.Context(), path, reportsdb.Options{})
		require.NoError(t, err)
		defer func() { require.NoError(t, r.Close()) }()
		rounds = append(rounds, schedule.NewRound(schedule.Options{
			Schedules: []schedule.Schedule{daily}, Store: r.Schedules(), Log: discard(), Now: func() time.Time { return now },
			Job: func(context.Context, schedule.Attempt) ([]string, error) {
				mu.Lock()
				defer mu.Unlock()
				made++
				return nil, nil
			},
		}))
	}
	for _, round := range rounds {
		assert.True(t, round(t.Context()).Equal(now.Add(time.Hour)))
	}
	now = now.Add(26 * time.Hour)
	for range 3 {
		for _, round := range rounds {
			all.Go(func() { round(t.Context()) })
		}
		all.Wait()
	}
	assert.Equal(t, 1, made, "two were due, and the last one is made once")
}

func TestAKilledRunIsRepeatedWhenItsClaimIsOver(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	s, kept := schedule.Schedule{Name: "daily", Cron: cronOf(t, "0 6 * * *", time.UTC)}, states(t)
	require.NoError(t, kept.Begin(t.Context(), []schedule.Schedule{s}, now))
	now = now.Add(time.Hour)
	dead, ok, err := kept.Claim(t.Context(), s, now, now, now.Add(schedule.Lease))
	require.NoError(t, err)
	require.True(t, ok)
	made := 0
	round := schedule.NewRound(schedule.Options{
		Schedules: []schedule.Schedule{s}, Store: kept, Log: discard(), Now: func() time.Time { return now },
		Job: func(context.Context, schedule.Attempt) ([]string, error) { made++; return nil, nil },
	})
	assert.True(t, round(t.Context()).Equal(now.Add(schedule.Lease)))
	now = now.Add(schedule.Lease - time.Second)
	round(t.Context())
	assert.Zero(t, made)
	now = now.Add(time.Second)
	round(t.Context())
	assert.Equal(t, 1, made)
	// Whoever was thought dead has no say any more.
	require.NoError(t, kept.Finish(t.Context(), schedule.Result{
		Name: "daily", Due: now, Claim: dead, Ended: now, Error: "late", Retry: now,
	}))
	all, err := kept.States(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all["daily"].Error)
	assert.Equal(t, 2, all["daily"].Attempts)
}

func TestAFailureIsToldOnceAndTriedAgainWithGrowingPauses(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int]time.Duration{
		1: time.Minute, 2: 2 * time.Minute, 6: 32 * time.Minute, 7: time.Hour, 1000: time.Hour,
	} {
		assert.Equal(t, want, schedule.Pause(attempts))
	}
	var log bytes.Buffer
	start := time.Date(2026, 11, 22, 5, 59, 0, 0, time.UTC)
	now, broken, panics := start, true, false
	var tried []string
	round := schedule.NewRound(schedule.Options{
		Schedules: []schedule.Schedule{{Name: "daily", Cron: cronOf(t, "0 6 * * *", time.UTC)}}, Store: states(t),
		Log: slog.New(slog.NewTextHandler(&log, nil)),
		Now: func() time.Time { return now },
		Job: func(_ context.Context, a schedule.Attempt) ([]string, error) {
			tried = append(tried, a.Due.Format("2 15:04")+" at "+now.Format("2 15:04"))
			switch {
			case panics:
				panic("nil map")
			case broken:
				return nil, errors.New("the mail server is away")
			}
			return nil, nil
		},
	})
	for ; now.Before(start.Add(28 * time.Hour)); now = now.Add(time.Minute) {
		switch now.Sub(start) {
		case 10 * time.Minute:
			panics = true // another failure is no news
		case 27 * time.Hour:
			broken, panics = false, false
		}
		round(t.Context())
	}
	require.Greater(t, len(tried), 8)
	assert.Equal(t, []string{
		"22 06:00 at 22 06:00", "22 06:00 at 22 06:01", "22 06:00 at 22 06:03", "22 06:00 at 22 06:07",
		"22 06:00 at 22 06:15",
	}, tried[:5])
	assert.Contains(t, tried, "23 06:00 at 23 06:00", "the next one, at its time")
	assert.NotContains(t, strings.Join(tried[len(tried)-3:], " "), "22 06:00", "the one before is given up")
	assert.Equal(t, 1, strings.Count(log.String(), "scheduled report failed"), log.String())
	assert.Equal(t, 1, strings.Count(log.String(), "made after a failure"), log.String())
	assert.Contains(t, log.String(), "nil map", "a panic leaves its stack")
}

func TestANewOrChangedScheduleHasMissedNothing(t *testing.T) {
	t.Parallel()
	now, kept := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), states(t)
	var made []string
	start := func(cron string) func(context.Context) time.Time {
		return schedule.NewRound(schedule.Options{
			Schedules: []schedule.Schedule{{Name: "a", Cron: cronOf(t, cron, time.UTC)}}, Store: kept, Log: discard(),
			Now: func() time.Time { return now },
			Job: func(_ context.Context, a schedule.Attempt) ([]string, error) {
				made = append(made, a.Due.Format("2 15:04"))
				return nil, nil
			},
		})
	}
	start("0 6 * * *")(t.Context())
	assert.Empty(t, made, "it is new")
	now = now.AddDate(0, 0, 2)
	start("0 7 * * *")(t.Context())
	assert.Empty(t, made, "it was changed")
	now = now.AddDate(0, 0, 3)
	start("0 7 * * *")(t.Context())
	start("0 7 * * *")(t.Context())
	assert.Equal(t, []string{"27 07:00"}, made, "three were missed, one is made")
	require.NoError(t, kept.Keep(t.Context(), nil))
	now = now.AddDate(0, 0, 3)
	start("0 7 * * *")(t.Context())
	assert.Len(t, made, 1, "it was taken out, and is new again")
}

func TestSchedulesGoOnWhenAClockThatWasWrongIsMended(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)
	for name, wrong := range map[string][]time.Time{
		"it leapt ahead while reports were made": {start, start.AddDate(10, 0, 0)},
		"it was ahead when the schedule began":   {start.AddDate(10, 0, 0)},
		"it was ahead by days":                   {start, start.AddDate(0, 0, 5)},
		"it was behind when the schedule began":  {time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var now time.Time
			made := map[string]int{}
			round := schedule.NewRound(schedule.Options{
				Schedules: []schedule.Schedule{{Name: "daily", Cron: cronOf(t, "0 6 * * *", time.UTC)}}, Store: states(t),
				Log: discard(), Now: func() time.Time { return now },
				Job: func(_ context.Context, a schedule.Attempt) ([]string, error) {
					made[a.Due.Format(time.DateOnly)]++
					return nil, nil
				},
			})
			for _, now = range wrong {
				round(t.Context())
			}
			clear(made)
			for now = start; now.Before(start.AddDate(0, 0, 10)); now = now.Add(time.Hour) {
				round(t.Context())
			}
			for day := range 10 {
				due := start.AddDate(0, 0, day).Format(time.DateOnly)
				assert.Equal(t, 1, made[due], due)
			}
		})
	}
}

func TestTheNextAttemptKnowsWhatIsDoneAndTheLastOneThatItIs(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 5, 59, 0, 0, time.UTC)
	now, kept := start, states(t)
	var attempts []schedule.Attempt
	s := schedule.Schedule{Name: "daily", Cron: cronOf(t, "0 6 * * *", time.UTC)}
	round := schedule.NewRound(schedule.Options{
		Schedules: []schedule.Schedule{s}, Store: kept, Log: discard(), Now: func() time.Time { return now },
		Job: func(_ context.Context, a schedule.Attempt) ([]string, error) {
			attempts = append(attempts, a)
			switch len(attempts) {
			case 2:
				panic("it forgets nothing")
			case 3:
				return append(slices.Clone(a.Done), "bob@x.example"), errors.New("refused: carol@x.example")
			default:
				return append(slices.Clone(a.Done), "anna@x.example"), errors.New("refused")
			}
		},
	})
	for ; now.Before(start.Add(24*time.Hour + 3*time.Minute)); now = now.Add(time.Minute) {
		round(t.Context())
	}
	require.Greater(t, len(attempts), 20)
	assert.Empty(t, attempts[0].Done)
	assert.Equal(t, []string{"anna@x.example"}, attempts[1].Done)
	assert.Equal(t, []string{"anna@x.example"}, attempts[2].Done)
	assert.Equal(t, []string{"anna@x.example", "bob@x.example"}, attempts[3].Done)
	tomorrow := slices.IndexFunc(attempts, func(a schedule.Attempt) bool { return a.Due.Day() == 23 })
	require.Positive(t, tomorrow)
	assert.Empty(t, attempts[tomorrow].Done, "it is another report")
	for i, a := range attempts[:tomorrow] {
		assert.Equal(t, i == tomorrow-1, a.Last, "attempt %d of %d", i+1, tomorrow)
	}
}

func TestRunWakesInTimeAndStopsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := &remembered{all: map[string]schedule.State{}}
		start := time.Now() // midnight, 2000-01-01 UTC
		ctx, stop := context.WithCancel(t.Context())
		var mu sync.Mutex
		var made []string
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			schedule.Run(ctx, schedule.Options{
				Schedules: []schedule.Schedule{
					{Name: "six", Cron: cronOf(t, "0 6 * * *", time.UTC)}, {Name: "seven", Cron: cronOf(t, "0 7 * * *", time.UTC)},
				},
				Store: memory, Log: discard(),
				Job: func(ctx context.Context, a schedule.Attempt) ([]string, error) {
					mu.Lock()
					made = append(made, fmt.Sprint(a.Name, " ", time.Since(start).Round(time.Minute)))
					hangs := a.Name == "seven" && len(made) > 3
					mu.Unlock()
					if hangs {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					return nil, nil
				},
			})
		}()
		time.Sleep(31*time.Hour + time.Minute) // of synctest's virtual clock
		stop()
		<-stopped
		assert.Equal(t, []string{"six 6h0m0s", "seven 7h0m0s", "six 30h0m0s", "seven 31h0m0s"}, made)
		assert.Equal(t, 31*time.Hour+time.Minute, time.Since(start))
		assert.Zero(t, memory.all["seven"].Attempts, "a run that was stopped is no attempt")
		assert.True(t, memory.all["seven"].Claimed.IsZero(), "and is free for whoever comes next")
	})
}

func TestAReportThatHangsKeepsNoOtherOneFromBeingMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := &remembered{all: map[string]schedule.State{}}
		ctx, stop := context.WithCancel(t.Context())
		release, stopped := make(chan struct{}), make(chan struct{})
		var mu sync.Mutex
		made := map[string]int{}
		var log bytes.Buffer
		go func() {
			defer close(stopped)
			schedule.Run(ctx, schedule.Options{
				Schedules: []schedule.Schedule{
					{Name: "six", Cron: cronOf(t, "0 6 * * *", time.UTC)}, {Name: "seven", Cron: cronOf(t, "0 7 * * *", time.UTC)},
				},
				Store: memory, Log: slog.New(slog.NewTextHandler(&log, nil)),
				Job: func(_ context.Context, a schedule.Attempt) ([]string, error) {
					if a.Name == "six" {
						<-release // it does not ask its context
					}
					mu.Lock()
					defer mu.Unlock()
					made[a.Name]++
					return nil, nil
				},
			})
		}()
		time.Sleep(4 * 24 * time.Hour) // of synctest's virtual clock, as below
		mu.Lock()
		assert.Equal(t, map[string]int{"seven": 4}, made)
		mu.Unlock()
		all, _ := memory.States(ctx)
		assert.Contains(t, all["six"].Error, "hangs")
		assert.Equal(t, 1, all["six"].Attempts, "no second one begins beside it")
		release <- struct{}{}
		time.Sleep(time.Minute)
		go func() { release <- struct{}{} }() // what was missed meanwhile
		time.Sleep(time.Minute)
		mu.Lock()
		assert.Equal(t, 2, made["six"], "the schedule goes on")
		mu.Unlock()
		all, _ = memory.States(ctx)
		assert.Empty(t, all["six"].Error)

		time.Sleep(6 * time.Hour) // it hangs again
		leaving := time.Now()
		stop()
		<-stopped
		assert.LessOrEqual(t, time.Since(leaving), time.Minute, "a process can end")
		assert.Contains(t, log.String(), "abandoned")
		close(release)
	})
}

// remembered keeps states in memory: virtual time stands still while SQLite works.
type remembered struct {
	mu  sync.Mutex
	all map[string]schedule.State
}

func (r *remembered) Keep(context.Context, []schedule.Schedule) error { return nil }

func (r *remembered) Begin(_ context.Context, all []schedule.Schedule, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range all {
		r.all[s.Name] = schedule.State{Name: s.Name, Cron: s.Cron.String(), Handled: now}
	}
	return nil
}

func (r *remembered) States(context.Context) (map[string]schedule.State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.all), nil
}

func (r *remembered) Claim(_ context.Context, s schedule.Schedule, due, _, until time.Time) (int64, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.all[s.Name]
	state.Due, state.Attempts, state.Claimed = due, 1, until
	r.all[s.Name] = state
	return 1, true, nil
}

func (r *remembered) Finish(_ context.Context, result schedule.Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.all[result.Name]
	state.Claimed, state.Error, state.Retry = time.Time{}, result.Error, result.Retry
	switch {
	case result.Stopped:
		state.Attempts--
	case result.Error == "":
		state.Handled = result.Due
	}
	r.all[result.Name] = state
	return nil
}
