package reportsdb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"countersign/internal/crashtest"
	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/sqlite"
)

// histories is how many are tried.
const histories = 2000

// The zones change their clocks in the month of the histories, are off by part of an hour, or stay.
var zones = []string{"Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "UTC"}

// Whatever arrives, in whatever order, however often and in whatever batches: the views say what a slow recount of it
// says.
func TestReportsAreWhatARecountOfTheEventsSays(t *testing.T) {
	t.Parallel()
	for worker := range 2 {
		t.Run(fmt.Sprint("part ", worker), func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			var r *Reports
			for i := worker; i < histories; i += 2 {
				// many in a file, but not so many that it gets slow
				path := filepath.Join(folder, fmt.Sprintf("reports-%d.db", i/100))
				if i%100 == worker {
					r = hasty(t, path)
				}
				seed := uint64(i)
				zone, err := time.LoadLocation(zones[i%len(zones)])
				require.NoError(t, err)
				month := time.Date(2026, 3+time.Month(i%2)*7, 1, 0, 0, 0, 0, zone) // March and October: clocks go forward and back
				prefix := fmt.Sprintf("h%d-", i)
				arrived := disturbed(rand.New(rand.NewPCG(seed, 1)), eventtest.History{
					Seed: seed, Calls: 1 + i%7, From: month, To: month.AddDate(0, 1, 0), Lines: []string{prefix + "a", prefix + "b"},
					Prefix: prefix,
				})
				r = deliver(t, r, rand.New(rand.NewPCG(seed, 2)), path, arrived)
				agree(t, r, prefix, zone, arrived)
				if i%10 < 2 {
					middle := month.Add(time.Duration(i%30) * 24 * time.Hour).Add(time.Duration(i%24) * time.Hour)
					agreeAfterwards(t, r, prefix, zone, arrived, middle)
				}
			}
		})
	}
}

// agreeAfterwards forgets what is newer than a time, counts it again, and forgets what is older.
func agreeAfterwards(
	t testing.TB, r *Reports, prefix string, zone *time.Location, arrived []event.Event, middle time.Time,
) {
	t.Helper()
	require.NoError(t, r.Reset(deadline(t), middle))
	midnight := middle.Add(24*time.Hour - time.Millisecond).UTC().Truncate(24 * time.Hour)
	agree(t, r, prefix, zone, begun(arrived, func(at time.Time) bool { return at.Before(midnight) }))
	applyAll(t, r, arrived...)
	agree(t, r, prefix, zone, arrived)
	_, err := r.Expire(deadline(t), time.Unix(0, 0), middle)
	require.NoError(t, err)
	midnight = middle.UTC().Truncate(24 * time.Hour)
	agree(t, r, prefix, zone, begun(arrived, func(at time.Time) bool { return !at.Before(midnight) }))
}

// begun are the events of calls that began when they should.
func begun(arrived []event.Event, should func(time.Time) bool) []event.Event {
	began := map[string]time.Time{}
	for _, e := range arrived {
		if e.Fact() == event.FactCallStarted {
			began[e.Call] = e.Time
		}
	}
	return slices.DeleteFunc(slices.Clone(arrived), func(e event.Event) bool { return !should(began[e.Call]) })
}

// hasty are reports that do not wait for the disk, and of which few times fit in a row.
func hasty(t testing.TB, path string) *Reports {
	t.Helper()
	r := openReports(t, path)
	_, err := r.db.Write.ExecContext(deadline(t), "PRAGMA synchronous = OFF")
	require.NoError(t, err)
	r.kinds.most = 3
	return r
}

// disturbed are the events of a history as a stream may deliver them: some lost, some twice, some late, out of order.
func disturbed(r *rand.Rand, h eventtest.History) (arrived []event.Event) {
	for call := range h.All() {
		for _, e := range append(call, agentsOf(r, call[len(call)-1])...) {
			if r.IntN(100) > 0 {
				arrived = append(arrived, e)
			}
		}
	}
	switch r.IntN(3) {
	case 0:
		r.Shuffle(len(arrived), func(i, j int) { arrived[i], arrived[j] = arrived[j], arrived[i] })
	case 1: // a little out of order
		for i := range arrived {
			j := min(len(arrived)-1, i+r.IntN(5))
			arrived[i], arrived[j] = arrived[j], arrived[i]
		}
	}
	for i := range len(arrived) {
		if r.IntN(8) == 0 {
			arrived = append(arrived, arrived[r.IntN(i+1)])
		}
	}
	return arrived
}

// agentsOf are what agents do with a call after its last event: some miss it, one takes it or nobody does, twice maybe.
func agentsOf(r *rand.Rand, last event.Event) (facts []event.Event) {
	if d, ok := last.Data.(event.CallEnded); !ok || d.End == event.EndAbandoned {
		return nil
	}
	say := func(d event.Data) {
		last.Seq, last.Time, last.Data = last.Seq+1, last.Time.Add(time.Second), d
		last.ID = event.ID(last.Call, last.Seq)
		facts = append(facts, last)
	}
	reasons := []event.MissedReason{
		event.MissedNoAnswer, event.MissedElsewhere, event.MissedBusy, event.MissedCallerGone, "of a later version",
	}
	for range r.IntN(3) {
		for range r.IntN(3) {
			agent := fmt.Sprint(1000 + r.IntN(3))
			say(event.AgentOffered{Agent: agent, Queue: "q", Via: event.ViaCallcenter, Offer: 1})
			say(event.AgentMissed{
				Agent: agent, Queue: "q", Via: event.ViaCallcenter, Reason: reasons[r.IntN(len(reasons))], RangMilliseconds: 5,
			})
		}
		if r.IntN(4) == 0 {
			say(event.AgentDone{Queue: "q", Via: event.ViaCallcenter, End: event.AgentEndAbandoned, WaitedMilliseconds: 7})
			continue
		}
		agent, waited := fmt.Sprint(1000+r.IntN(3)), int64(r.IntN(90_000))
		say(event.AgentOffered{Agent: agent, Via: event.ViaBridge, Offer: 2, WaitedMilliseconds: waited})
		say(event.AgentConnected{Agent: agent, Via: event.ViaBridge, Channel: "x", WaitedMilliseconds: waited})
		say(event.AgentDone{
			Agent: agent, Via: event.ViaBridge, End: event.AgentEndCaller, WaitedMilliseconds: waited,
			TalkedMilliseconds: int64(r.IntN(300_000)),
		})
	}
	return facts
}

// deliver hands events over in batches, and some of the batches twice, as after a crash before the acknowledgement; now
// and then the file is opened again.
func deliver(t testing.TB, to *Reports, r *rand.Rand, path string, events []event.Event) *Reports {
	t.Helper()
	for len(events) > 0 {
		n := min(len(events), 1+r.IntN(40))
		applyAll(t, to, events[:n]...)
		if r.IntN(5) == 0 {
			require.Zero(t, applyAll(t, to, events[:n]...))
		}
		if r.IntN(200) == 0 {
			to = hasty(t, path)
		}
		events = events[n:]
	}
	return to
}

func TestSeveralProcessesMayFillOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "reports.db")
	month := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	events := disturbed(rand.New(rand.NewPCG(1, 1)), eventtest.History{
		Seed: 1, Calls: 300, From: month, To: month.AddDate(0, 1, 0),
	})
	var all errgroup.Group
	for i := range 3 {
		r := hasty(t, path)
		all.Go(func() error {
			for from := i; from < len(events); from += 50 {
				_, err := r.Apply(deadline(t), events[from:min(from+70, len(events))])
				if err != nil && !errors.Is(err, sqlite.ErrBusy) { // who is too slow comes again, as the consumer does
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	r := hasty(t, path)
	applyAll(t, r, events...)
	agree(t, r, "", time.UTC, events)
}

// reportUntilKilled prints a line for each batch that is counted, and begins again when all are.
func reportUntilKilled(path string) error {
	r, err := Open(context.Background(), path, Options{})
	if err != nil {
		return err
	}
	for {
		events := monthOfTheKilled()
		for n := 0; n < len(events); n += 37 {
			if _, err := r.Apply(context.Background(), events[n:min(n+37, len(events))]); err != nil {
				return err
			}
			fmt.Println(n)
		}
	}
}

func monthOfTheKilled() []event.Event {
	month := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return disturbed(rand.New(rand.NewPCG(7, 7)), eventtest.History{
		Seed: 7, Calls: 500, From: month, To: month.AddDate(0, 1, 0),
	})
}

func TestReportsThatAreKilledCountNothingTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "reports.db")
	for _, batches := range []int{1, 13, 40} {
		crashtest.KillAfter(t, batches, "reports", path, nil)
	}
	r := openReports(t, path)
	events := monthOfTheKilled()
	applyAll(t, r, events...)
	agree(t, r, "", time.UTC, events)
}
