package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/internal/wiretest"
)

// fault is a row of docs/faults.md: something that breaks while callers call.
type fault struct {
	// name is that of the subtest; how says how it is made.
	name, how string
	// within is how long a caller may wait for us, or for a person.
	within time.Duration
	// small: a round with few callers is part of every "go test".
	small bool
	// start starts the service and what it needs; nil: the service with a NATS inside it.
	start func(*faultSite)
	// breaks breaks something and repairs it.
	breaks func(*faultSite)
}

const (
	// afterCrash is the most between a crash and the person, and that we may take to react.
	afterCrash = 5 * time.Second
	// afterHang is the same when the service hangs: 18 s after a prompt (esl), up to a second more of FreeSWITCH's; a
	// call that comes in meanwhile waits 25 s for FreeSWITCH to give up.
	afterHang = 26 * time.Second
	// afterBackend is as long as a look-up may take in all (docs/policy.md#backend-call), and a second.
	afterBackend = 9 * time.Second
)

// scale is how much is done: COUNTERSIGN_FAULTS is the number of rounds of each fault with a hundred callers at once;
// unset, there is one round with a few.
type scale struct {
	large           bool
	rounds, callers int
	speed           float64       // of prompts and silences
	thinks          time.Duration // the most that a caller thinks before they key
}

// mostRounds bounds COUNTERSIGN_FAULTS.
const mostRounds = 100

func scaleOfFaults(t *testing.T) scale {
	t.Helper()
	text := os.Getenv("COUNTERSIGN_FAULTS")
	if text == "" {
		return scale{rounds: 1, callers: 10, speed: 50, thinks: time.Second / 4}
	}
	rounds, err := strconv.Atoi(text)
	require.NoError(t, err, "COUNTERSIGN_FAULTS is a number of rounds")
	return scale{large: true, rounds: min(max(rounds, 1), mostRounds), callers: 100, speed: 5, thinks: 2 * time.Second}
}

// TestFaults breaks one thing after the other under callers, and counts what became of each of them and of each event.
// With COUNTERSIGN_FAULTS it writes the table of docs/faults.md.
func TestFaults(t *testing.T) {
	t.Parallel()
	by, table := scaleOfFaults(t), &faultTable{t: t}
	for _, f := range ladder() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			if !by.large && !f.small {
				t.Skip("only with COUNTERSIGN_FAULTS: task faults")
			}
			counts := f.count(t, by)
			t.Log(f.name+":", counts)
			for what, n := range counts.faults() {
				assert.Zero(t, n, what)
			}
			if by.large {
				table.put(f, counts)
			}
		})
	}
}

// faultSite is a company in which something breaks.
type faultSite struct {
	*crashSite
	fault   fault
	by      scale
	rand    *rand.Rand
	address string // where FreeSWITCH finds the service
	customers,
	first int // of the customers who have not called yet
	phone  *sim.Switch
	load   *faultLoad
	counts faultCounts
	nats   *process // nil if it is inside the service
	round  int

	wire       *wiretest.Wire // in front of what breaks
	disk       *badDisk
	clock      givenClock
	network    string // the namespace of the service
	fill, free func()
}

// count runs the rounds of a fault.
func (f fault) count(t *testing.T, by scale) faultCounts {
	t.Helper()
	s := &faultSite{crashSite: newCrashSite(t), fault: f, by: by, rand: crashSeed(t), customers: 200 * by.callers}
	s.address = ownAddress()
	s.socket = fmt.Sprintf("listen: %q, drain: 10s", s.address)
	if f.start == nil {
		f.start = (*faultSite).startEmbedded
	}
	f.start(s)
	s.await("it is ready", func() bool { return s.ready(t) == http.StatusOK })
	for s.round = range by.rounds {
		s.begin()
		s.pause(0, time.Second)
		f.breaks(s)
		s.awaitVerified(max(by.callers/20, 1)) // it works again
		s.end()
		s.counts.rounds++
	}
	s.recount()
	return s.counts
}

// limit is how long a caller may wait. A small round is beside all other tests, which make the machine slow.
func (s *faultSite) limit() time.Duration {
	if !s.by.large {
		return max(s.fault.within, afterHang)
	}
	return s.fault.within
}

// pause lets a random time pass while callers call.
func (s *faultSite) pause(least, most time.Duration) {
	if !s.by.large {
		least, most = least/4, most/4
	}
	timer := time.NewTimer(least + time.Duration(s.rand.Int64N(int64(most-least)+1)))
	defer timer.Stop()
	<-timer.C
}

// await waits until something is so.
func (s *faultSite) await(what string, is func() bool) {
	s.t.Helper()
	require.Eventually(s.t, is, patience, 10*time.Millisecond, what)
}

func (s *faultSite) file(name string) string { return filepath.Join(s.data("service"), name) }

// recount compares what callers got with the journal, the journal with the stream, and with the reports.
func (s *faultSite) recount() {
	t := s.t
	t.Helper()
	s.awaitRow("SELECT count(*) FROM calls WHERE ended IS NULL", 0)
	s.awaitRow("SELECT count(*) FROM outbox", 0)
	js := s.jetStream(t)
	s.awaitCounted(t, js, "service")
	calls, bodies := journalled(t, s.file("journal.db"))
	inStream := streamed(t, js)
	for call, status := range s.load.handedOn {
		events := calls[call]
		if len(events) == 0 || events[len(events)-1].Data.Status != status {
			t.Logf("call %s went on as %q, the journal has %d events of it", call, status, len(events))
			s.counts.lost++
		}
	}
	for call, events := range calls {
		for i, e := range events {
			if e.Seq != i+1 {
				t.Logf("event %d of call %s has the number %d", i+1, call, e.Seq)
				s.counts.lost++
			}
		}
		if events[len(events)-1].fact() != "call_ended" {
			t.Logf("call %s has no end", call)
			s.counts.lost++
		}
	}
	for id, body := range bodies {
		switch got := inStream[id]; {
		case len(got) == 0 || got[0] != body:
			t.Logf("event %s is not in the stream", id)
			s.counts.lost++
		case len(got) > 1:
			t.Logf("event %s is %d times in the stream", id, len(got))
			s.counts.doubled++
		}
	}
	for id := range maps.Keys(inStream) {
		if _, ok := bodies[id]; !ok && !isProbe(id) {
			t.Logf("event %s is in the stream alone", id)
			s.counts.lost++
		}
	}
	s.counts.events += len(bodies)
	different := recounted(calls).differences(reportedIn(t, s.data("service")))
	s.counts.misreported += len(different)
	for _, d := range different[:min(len(different), 20)] {
		t.Log(d)
	}
}
