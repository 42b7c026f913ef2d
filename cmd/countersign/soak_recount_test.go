package main

import (
	"encoding/json"
	"hash/maphash"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recount makes sure that every call has its end, that every event of a call is once in the journal, once in the
// stream, and counted once in the reports. Of a customer who was erased no event is in the stream.
func (s *soak) recount() {
	t := s.t
	t.Helper()
	seed := maphash.MakeSeed()
	calls, inJournal := s.journalled(seed)
	inStream := s.streamed(seed)
	erased := s.callers.ofErased()
	published, removed := 0, 0
	var wrong []string
	for id, e := range inJournal {
		switch got := inStream[id]; {
		case erased[e.call] && len(got) == 0:
			removed++
		case erased[e.call]:
			wrong = append(wrong, id+" is about a customer who was erased, and in the stream")
		case len(got) == 1 && got[0] == e.body:
			published++
		default:
			wrong = append(wrong, id+" is not once in the stream, as it is in the journal")
		}
	}
	probes := 0 // by which the relay finds out whether a slow NATS stores; it did not say that it had taken them back
	for id := range inStream {
		if strings.HasPrefix(id, "probe-") {
			probes++
		} else if _, ok := inJournal[id]; !ok {
			wrong = append(wrong, id+" is in the stream alone")
		}
	}
	assert.Empty(t, wrong[:min(20, len(wrong))], "%d of %d events", len(wrong), len(inJournal))
	ends, stepUps := map[string]int{}, 0
	for call, events := range calls {
		for i, e := range events {
			assert.Equal(t, i+1, e.Seq, call)
		}
		at := slices.IndexFunc(events, func(e told) bool { return e.fact() == "call_ended" })
		if assert.GreaterOrEqual(t, at, 0, "%s has no end", call) {
			ends[events[at].Data.End]++
		}
		stepUps += one(isStepUp(events))
	}
	t.Logf("%d calls of %d events: %s; %d events are in the stream, %d of the erased customer are not, and %d probes are",
		len(calls), len(inJournal), counts(ends), published, removed, probes)
	journal, reports := recounted(calls), reportedIn(t, s.data("service"))
	agreeToTheCall(t, journal, reports)
	t.Logf("reports agree with the journal on %d calls, of which %d are step-ups", len(reports["calls"]), stepUps)
}

type journalledEvent struct {
	call string
	body uint64
}

// journalled are the events of the journal by their call, in order, and by their id.
func (s *soak) journalled(seed maphash.Seed) (calls map[string][]told, all map[string]journalledEvent) {
	t := s.t
	t.Helper()
	rows, err := readOnly(t, filepath.Join(s.data("service"), "journal.db")).
		QueryContext(t.Context(), "SELECT id, json FROM events ORDER BY call, seq")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	calls, all = map[string][]told{}, map[string]journalledEvent{}
	for rows.Next() {
		var id, body string
		var e told
		require.NoError(t, rows.Scan(&id, &body))
		require.NoError(t, json.Unmarshal([]byte(body), &e))
		require.Equal(t, id, e.ID)
		calls[e.Call], all[id] = append(calls[e.Call], e), journalledEvent{e.Call, maphash.String(seed, body)}
	}
	require.NoError(t, rows.Err())
	return calls, all
}

// streamed are the events about calls in the stream, by their id.
func (s *soak) streamed(seed maphash.Seed) map[string][]uint64 {
	s.t.Helper()
	all := map[string][]uint64{}
	eachInStream(s.t, s.jetStream(s.t), 2*patience, func(msg jetstream.Msg) {
		fact := msg.Subject()[strings.LastIndexByte(msg.Subject(), '.')+1:]
		if fact == "alarm" || fact == "config_changed" || strings.HasPrefix(fact, "callback_") {
			return // about no call
		}
		id := msg.Headers().Get(jetstream.MsgIDHeader)
		all[id] = append(all[id], maphash.Bytes(seed, msg.Data()))
	})
	return all
}
