package freeswitch_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sighting is one application that FreeSWITCH began to run on a call.
type sighting struct {
	// At is when, by FreeSWITCH's clock, which is ours.
	At time.Time
	// Invited is when FreeSWITCH took the INVITE.
	Invited time.Time
	// Leg is FreeSWITCH's Unique-ID of the caller's leg.
	Leg                    string
	Context, Extension     string
	Application, Arguments string
	// Number is the caller's, as FreeSWITCH believes; Hidden says that the caller withholds it.
	Number string
	Hidden bool
	// Variables that Countersign sets, as they were then.
	Status, Reason string
}

// sightings know what FreeSWITCH did with each call, by SIP Call-ID, while it is still going on. The leg is the one
// that comes in.
type sightings struct {
	mu     sync.Mutex
	byCall map[string][]sighting
	ended  map[string]bool
	news   chan struct{}
}

func newSightings() *sightings {
	return &sightings{byCall: map[string][]sighting{}, ended: map[string]bool{}, news: make(chan struct{})}
}

// see takes an event.
func (s *sightings) see(e fsEvent) {
	id := e["variable_sip_call_id"]
	if id == "" || e["Call-Direction"] != "inbound" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	invited, _ := strconv.ParseInt(e["Caller-Channel-Created-Time"], 10, 64)
	at, _ := strconv.ParseInt(e["Event-Date-Timestamp"], 10, 64)
	if e["Event-Name"] == "CHANNEL_HANGUP_COMPLETE" {
		s.ended[id] = true
	} else {
		s.byCall[id] = append(s.byCall[id], sighting{
			At: time.UnixMicro(at), Invited: time.UnixMicro(invited), Leg: e["Unique-ID"], Context: e["Caller-Context"],
			Extension:   e["Caller-Destination-Number"],
			Application: e["Application"], Arguments: e["Application-Data"],
			Number: e["Caller-Caller-ID-Number"], Hidden: e["Caller-Privacy-Hide-Number"] == "true",
			Status: e["variable_cs_status"], Reason: e["variable_cs_reason"],
		})
	}
	close(s.news)
	s.news = make(chan struct{})
}

// await waits for the first sighting of a call that is wanted.
func (s *sightings) await(t testing.TB, call, what string, within time.Duration, wanted func(sighting) bool) sighting {
	t.Helper()
	return s.awaitNth(t, call, what, 1, within, wanted)
}

// toldLater is how much later we may hear of what FreeSWITCH did in time.
const toldLater = time.Minute

// awaitNth waits for the nth sighting of a call that is wanted; the first is 1. What counts is when FreeSWITCH began to
// run it: within a time from now, or from the INVITE if that came later.
func (s *sightings) awaitNth(t testing.TB, call, what string, n int, within time.Duration,
	wanted func(sighting) bool) sighting {
	t.Helper()
	began, timeout := time.Now(), time.After(within+toldLater)
	for {
		s.mu.Lock()
		seen, ended, news := s.byCall[call], s.ended[call], s.news
		s.mu.Unlock()
		left := n
		for _, v := range seen {
			if wanted(v) {
				if left--; left == 0 {
					took := min(v.At.Sub(began), v.At.Sub(v.Invited))
					require.LessOrEqual(t, took, within, "call %s was late %s; seen: %+v", call, what, seen)
					return v
				}
			}
		}
		require.False(t, ended, "call %s ended before it was seen %s; seen: %+v", call, what, seen)
		select {
		case <-news:
		case <-timeout:
			require.Fail(t, "call not seen "+what, "call %s in %s; seen: %+v", call, within, seen)
		}
	}
}

// awaitEnd waits until a call has ended and says so; false when it was stopped before.
func (s *sightings) awaitEnd(call string, stop <-chan struct{}) bool {
	for {
		s.mu.Lock()
		ended, news := s.ended[call], s.news
		s.mu.Unlock()
		if ended {
			return true
		}
		select {
		case <-news:
		case <-stop:
			return false
		}
	}
}
