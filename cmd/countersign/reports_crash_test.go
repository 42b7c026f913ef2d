package main

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// crashSeed is what these tests happen by: COUNTERSIGN_CRASH_SEED, if it is set, repeats one, as far as processes can
// be made to.
func crashSeed(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("COUNTERSIGN_CRASH_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "COUNTERSIGN_CRASH_SEED")
	}
	t.Logf("COUNTERSIGN_CRASH_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// The tests of this file are not parallel: a thousand calls want the whole machine, and others measure time.

func TestWhoeverIsKilledReportsAndJournalAgreeToTheCall(t *testing.T) {
	r, s := crashSeed(t), newCrashSite(t)
	nats := s.startNATS()
	service := s.startService(manyCustomers(crashCalls+undisturbed), "--roles", "calls")
	first, second := s.startReporting("first"), s.startReporting("second")
	var crowds [][]*process
	for range 2 {
		some := []*process{nats, first, second}
		r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		// there are no calls any more once the service was killed, only what they left behind
		crowds = append(crowds, append(some, service, s.everywhere[r.IntN(4)]))
	}
	s.crash(r, crowds...)
	calls := s.agree("first", "second")
	t.Run("and after a rebuild that was killed twice", func(t *testing.T) { s.rebuildUntilKilled(t, r, calls) })
}

func TestAServiceThatIsKilledWithAllThatIsInItHasReportsThatAgreeWithTheJournal(t *testing.T) {
	r, s := crashSeed(t), newCrashSite(t)
	s.config(`listen: "127.0.0.1:0"`)
	service := s.startService(manyCustomers(crashCalls + undisturbed))
	s.crash(r, []*process{service}, []*process{service, service})
	s.agree("service")
}

// The tests above would be worth nothing if what they compare agreed anyway.
func TestALostEventAndALostRowAreMissed(t *testing.T) {
	t.Parallel()
	s := newCrashSite(t)
	s.startNATS()
	s.startService(manyCustomers(undisturbed), "--roles", "calls")
	s.startReporting("first")
	s.undisturbed(0)
	s.awaitAllPublished(undisturbed)
	calls := s.agree("first")
	t.Run("a row of the reports", func(t *testing.T) { s.loseRow(t, calls) })
	t.Run("an event of the stream", func(t *testing.T) { s.loseEvent(t, calls) })
}

// crash kills and restarts, for each crowd, one process after the other. At the first kill everybody is on a call,
// those that follow are when somebody hears a certain prompt.
func (s *crashSite) crash(r *rand.Rand, crowds ...[]*process) {
	t := s.t
	t.Helper()
	handedOn := map[string]string{}
	for i, victims := range crowds {
		c := s.call(0, crashCalls)
		atOnce := c.running()
		s.awaitRow("SELECT count(*) FROM calls WHERE ended IS NULL", atOnce) // the service says so, too
		cut := false
		for j, victim := range victims {
			running := c.running()
			if i+j == 0 {
				require.Equal(t, atOnce, running)
			} else if !cut {
				running = c.hears(r.IntN(5 * crashCalls / len(victims)))
			}
			t.Logf("%s is killed, %d of %d calls are running", victim.name, running, crashCalls)
			victim.kill()
			if cut = cut || victim == s.service; cut {
				c.release()
			}
			victim.start()
		}
		went, resumed := c.over()
		t.Logf("%d callers went to a person because their service was killed", resumed)
		maps.Copy(handedOn, went)
	}
	maps.Copy(handedOn, s.undisturbed(crashCalls))
	s.awaitAllPublished(len(crowds)*crashCalls + undisturbed)
	s.remembers(handedOn)
}

// undisturbed is how many call while nothing is killed.
const undisturbed = 40

// undisturbed lets customers call from a certain one on.
func (s *crashSite) undisturbed(from int) (handedOn map[string]string) {
	s.t.Helper()
	c := s.call(from, undisturbed)
	handedOn, resumed := c.over()
	assert.Zero(s.t, resumed)
	return handedOn
}

// awaitAllPublished waits until all calls are over and no event waits for NATS.
func (s *crashSite) awaitAllPublished(calls int) {
	s.t.Helper()
	s.awaitRow("SELECT count(*) FROM calls WHERE ended IS NULL", 0)
	s.awaitRow(fmt.Sprintf("SELECT count(*) BETWEEN %d AND %d FROM calls", calls-s.unasked, calls), 1)
	s.awaitRow("SELECT count(*) FROM outbox", 0)
}

// awaitRow waits until the journal answers n.
func (s *crashSite) awaitRow(query string, n int) {
	s.t.Helper()
	db, got := readOnly(s.t, filepath.Join(s.data("service"), "journal.db")), -1
	require.Eventually(s.t, func() bool {
		return db.QueryRowContext(context.Background(), query).Scan(&got) == nil && got == n
	}, patience, 10*time.Millisecond, "%s: %d is wanted", query, n)
}

// remembers makes sure that the journal has what FreeSWITCH was told.
func (s *crashSite) remembers(handedOn map[string]string) {
	t := s.t
	t.Helper()
	calls, _ := journalled(t, filepath.Join(s.data("service"), "journal.db"))
	var wrong []string
	for call, status := range handedOn {
		last := told{}
		if events := calls[call]; len(events) > 0 {
			last = events[len(events)-1]
		}
		if last.Data.Status != status || last.Data.End != "routed" {
			wrong = append(wrong, fmt.Sprintf("call %s went on as %q, the journal has %q, %q", call, status, last.Data.Status,
				last.Data.End))
		}
	}
	if len(wrong) > 0 && strings.Contains(s.service.log(), "the verdict is not on disk yet") {
		t.Logf("the disk was slower than a call waits for it: %v", wrong)
		return
	}
	assert.Empty(t, wrong)
}

// agree waits until all is counted, and compares the journal with the stream and with the reports in folders. It
// returns the journal's calls.
func (s *crashSite) agree(folders ...string) (calls map[string][]told) {
	t := s.t
	t.Helper()
	js := s.jetStream(t)
	calls, bodies := journalled(t, filepath.Join(s.data("service"), "journal.db"))
	inStream := streamed(t, js)
	ends := map[string]int{}
	for call, events := range calls {
		for i, e := range events {
			assert.Equal(t, i+1, e.Seq, call)
		}
		last := events[len(events)-1]
		require.Equal(t, "call_ended", last.fact(), call)
		ends[last.Data.End+", "+last.Data.Reason]++
	}
	t.Logf("%d calls of %d events: %v", len(calls), len(bodies), ends)
	for _, end := range []string{
		"routed, ok", "routed, wrong_answer", "routed, opted_out", "routed, not_found", "routed, no_input",
		"abandoned, hung_up",
	} {
		assert.NotZero(t, ends[end], end)
	}
	assert.Empty(t, notOnce(bodies, inStream))
	want := recounted(calls)
	for _, folder := range folders {
		s.awaitCounted(t, js, folder)
		agreeToTheCall(t, want, reportedIn(t, s.data(folder)))
	}
	return calls
}

// agreeToTheCall lists the first differences.
func agreeToTheCall(t *testing.T, journal, reports figures) {
	t.Helper()
	all := journal.differences(reports)
	assert.Empty(t, all[:min(len(all), 20)], "%d differences", len(all))
}

// notOnce says which events of the journal the stream does not have exactly once and as they were, and which it has
// besides.
func notOnce(journal map[string]string, stream map[string][]string) (wrong []string) {
	for id, body := range journal {
		if got := stream[id]; len(got) != 1 || got[0] != body {
			wrong = append(wrong, fmt.Sprintf("%s is %d times in the stream", id, len(got)))
		}
	}
	for id := range stream {
		probe := strings.HasPrefix(id, "probe-") // of a service that was killed before it took it back
		if _, ok := journal[id]; !ok && !probe {
			wrong = append(wrong, id+" is in the stream alone")
		}
	}
	slices.Sort(wrong)
	return wrong[:min(len(wrong), 20)]
}

func (s *crashSite) jetStream(t *testing.T) jetstream.JetStream {
	t.Helper()
	login := []nats.Option{nats.SetCustomDialer(natsDialer(s.dial))}
	if key := filepath.Join(s.data("service"), "nats-write.key"); exists(key) { // of a NATS inside the service
		option, err := nats.NkeyOptionFromSeed(key)
		require.NoError(t, err)
		login = append(login, option)
	}
	conn, err := nats.Connect(s.url, login...)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	return js
}

// natsDialer is how a client reaches NATS.
type natsDialer func(network, address string) (net.Conn, error)

func (d natsDialer) Dial(network, address string) (net.Conn, error) { return d(network, address) }

// eachInStream reads all that the stream has now.
func eachInStream(t *testing.T, js jetstream.JetStream, within time.Duration, do func(jetstream.Msg)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	consumer, err := js.OrderedConsumer(ctx, event.Stream, jetstream.OrderedConsumerConfig{})
	require.NoError(t, err)
	info, err := consumer.Info(ctx)
	require.NoError(t, err)
	messages, err := consumer.Messages()
	require.NoError(t, err)
	defer messages.Stop()
	for range info.NumPending {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		require.NoError(t, err)
		do(msg)
	}
}

// streamed are the messages of the stream by the event's id, without what is about no call.
func streamed(t *testing.T, js jetstream.JetStream) map[string][]string {
	t.Helper()
	bodies := map[string][]string{}
	eachInStream(t, js, patience, func(msg jetstream.Msg) {
		if strings.HasSuffix(msg.Subject(), ".alarm") || strings.HasSuffix(msg.Subject(), ".config_changed") {
			return
		}
		id := msg.Headers().Get(jetstream.MsgIDHeader)
		bodies[id] = append(bodies[id], string(msg.Data()))
	})
	return bodies
}

// consumerOf is the name under which reports in a folder are counted; empty before there are any.
func consumerOf(t *testing.T, folder string) (name string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(folder, "reports.db")+"?mode=ro&_busy_timeout=5000")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_ = db.QueryRowContext(t.Context(), "SELECT 'reports-' || consumer FROM place").Scan(&name)
	return name
}

// upTo is the event of the stream up to which a consumer has acknowledged all; 0 as long as there is no such consumer.
func upTo(ctx context.Context, js jetstream.JetStream, name string) uint64 {
	if name == "" {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	consumer, err := js.Consumer(ctx, event.Stream, name)
	if err != nil {
		return 0
	}
	return consumer.CachedInfo().AckFloor.Stream
}

// awaitCounted waits until the reports in a folder have been given all that is in the stream.
func (s *crashSite) awaitCounted(t *testing.T, js jetstream.JetStream, folder string) {
	t.Helper()
	stream, err := js.Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return upTo(t.Context(), js, consumerOf(t, s.data(folder))) >= stream.CachedInfo().State.LastSeq
	}, patience, 20*time.Millisecond, "%s does not catch up", folder)
}

// rebuildUntilKilled rebuilds reports that are not there yet, is killed in the middle of it, and again, and then not.
func (s *crashSite) rebuildUntilKilled(t *testing.T, r *rand.Rand, calls map[string][]told) {
	js, folder := s.jetStream(t), s.data("rebuilt")
	rebuild := []string{"--config", s.settings, "--data", folder, "report", "rebuild"}
	total := 0
	for _, events := range calls {
		total += len(events)
	}
	for range 2 {
		before, after := consumerOf(t, folder), 1+r.Uint64N(uint64(total)*9/10)
		cmd := command(context.Background(), rebuild...)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		assert.Eventually(t, func() bool {
			name := consumerOf(t, folder)
			return name != before && upTo(t.Context(), js, name) >= after
		}, patience, 5*time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		t.Logf("killed when %d of %d events were counted: %s", upTo(t.Context(), js, consumerOf(t, folder)), total,
			cmd.ProcessState)
	}
	code, stdout, stderr := countersign(t, "", rebuild...)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "events read")
	agreeToTheCall(t, recounted(calls), reportedIn(t, folder))
}

// loseRow takes a call out of a copy of the reports, which must be noticed.
func (s *crashSite) loseRow(t *testing.T, calls map[string][]told) {
	lost := verifiedCall(calls)
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(s.data("first"), "reports.db")+"?_busy_timeout=5000")
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "reports.db")
	_, err = db.ExecContext(t.Context(), "VACUUM INTO ?", copied)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	db, err = sql.Open("sqlite3", "file:"+copied+"?_foreign_keys=1")
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "DELETE FROM call_data WHERE call = ?", lost.Call)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	missed := recounted(calls).differences(reportedIn(t, filepath.Dir(copied)))
	require.NotEmpty(t, missed)
	for _, m := range missed {
		assert.True(t, strings.HasPrefix(m, lost.Call), m)
	}
}

// loseEvent takes an event out of the stream, and lets somebody count who has not seen it. It spoils the stream.
func (s *crashSite) loseEvent(t *testing.T, calls map[string][]told) {
	js, lost := s.jetStream(t), verifiedCall(calls)
	stream, err := js.Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	require.NoError(t, stream.DeleteMsg(t.Context(), s.sequence(t, js, lost.ID)))
	_, bodies := journalled(t, filepath.Join(s.data("service"), "journal.db"))
	assert.Equal(t, []string{lost.ID + " is 0 times in the stream"}, notOnce(bodies, streamed(t, js)))
	s.startReporting("second")
	s.awaitCounted(t, js, "second")
	missed := recounted(calls).differences(reportedIn(t, s.data("second")))
	ofCall, ofDay := 0, 0
	for _, m := range missed {
		switch {
		case strings.HasPrefix(m, lost.Call+" of verified: "):
			ofCall++
		case strings.Contains(m, " of daily: "):
			ofDay++
		default:
			assert.True(t, strings.HasPrefix(m, lost.Call), m)
		}
	}
	assert.Equal(t, 1, ofCall, missed)
	assert.Equal(t, 1, ofDay, missed)
}

// sequence is where an event is in the stream.
func (s *crashSite) sequence(t *testing.T, js jetstream.JetStream, id string) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	consumer, err := js.OrderedConsumer(ctx, event.Stream, jetstream.OrderedConsumerConfig{HeadersOnly: true})
	require.NoError(t, err)
	messages, err := consumer.Messages()
	require.NoError(t, err)
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		require.NoError(t, err)
		if msg.Headers().Get(jetstream.MsgIDHeader) == id {
			meta, err := msg.Metadata()
			require.NoError(t, err)
			return meta.Sequence.Stream
		}
	}
}

// verifiedCall is the event by which some call was verified.
func verifiedCall(calls map[string][]told) (found told) {
	for _, events := range calls {
		for _, e := range events {
			if e.fact() == "verified" && (found.ID == "" || e.ID < found.ID) {
				found = e
			}
		}
	}
	return found
}
