package bus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/reports/reportsdb"
	"countersign/session/event"
	"countersign/session/event/eventtest"
)

// consume runs Consume; stop ends it and waits for that.
func consume(t testing.TB, nats bus.Endpoint, o bus.ConsumeOptions,
	handle func(context.Context, []event.Event) error) (stop func()) {
	t.Helper()
	if o.Log == nil {
		o.Log = discard()
	}
	if o.Durable == "" {
		o.Durable = "reports"
	}
	if o.Within == 0 {
		o.Within = 5 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- bus.Consume(ctx, nats, o, handle) }()
	stop = sync.OnceFunc(func() { cancel(); assert.NoError(t, <-done) })
	t.Cleanup(stop)
	return stop
}

// untilCaughtUp consumes until nothing is left in the stream.
func untilCaughtUp(t testing.TB, nats bus.Endpoint, o bus.ConsumeOptions,
	handle func(context.Context, []event.Event) error) {
	t.Helper()
	caughtUp := make(chan struct{})
	once := sync.OnceFunc(func() { close(caughtUp) })
	o.Progress = func(left uint64) {
		if left == 0 {
			once()
		}
	}
	stop := consume(t, nats, o, handle)
	defer stop()
	select {
	case <-caughtUp:
	case <-time.After(patience):
		require.FailNow(t, "it does not catch up")
	}
}

func month(calls int) (events []event.Event) {
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for call := range (eventtest.History{Seed: 3, Calls: calls, From: from, To: from.AddDate(0, 1, 0)}).All() {
		events = append(events, call...)
	}
	return events
}

func entriesOf(t testing.TB, events []event.Event) []bus.Entry {
	t.Helper()
	entries := make([]bus.Entry, len(events))
	for i, e := range events {
		body, err := json.Marshal(e)
		require.NoError(t, err)
		entries[i] = bus.Entry{ID: e.ID, Subject: e.Subject(), Body: body}
	}
	return entries
}

func reportsIn(t testing.TB, path string) *reportsdb.Reports {
	t.Helper()
	r, err := reportsdb.Open(t.Context(), path, reportsdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func newReports(t testing.TB) *reportsdb.Reports {
	return reportsIn(t, filepath.Join(t.TempDir(), "reports.db"))
}

// into counts events, and must not be told of anything else.
func into(r *reportsdb.Reports) func(context.Context, []event.Event) error {
	return func(ctx context.Context, events []event.Event) error {
		_, err := r.Apply(ctx, events)
		return err
	}
}

// views is all that reports say.
func views(t testing.TB, r *reportsdb.Reports) string {
	t.Helper()
	var all strings.Builder
	for _, view := range []string{"calls", "call_steps", "attempts", "identified_by_ani", "verified", "failed", "daily",
		"quarter_hours", "funnel", "funnel_daily"} {
		rows, err := r.DB().QueryContext(t.Context(), "SELECT * FROM "+view+" ORDER BY 1, 2, 3, 4")
		require.NoError(t, err)
		columns, err := rows.Columns()
		require.NoError(t, err)
		for rows.Next() {
			cells, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range cells {
				into[i] = &cells[i]
			}
			require.NoError(t, rows.Scan(into...))
			fmt.Fprintln(&all, view, cells)
		}
		require.NoError(t, errors.Join(rows.Err(), rows.Close()))
	}
	return all.String()
}

// same says that reports are what they would be if every one of the events had come once and in order.
func same(t testing.TB, events []event.Event, got *reportsdb.Reports) {
	t.Helper()
	want := newReports(t)
	_, err := want.Apply(t.Context(), events)
	require.NoError(t, err)
	expected := views(t, want)
	require.Contains(t, expected, "daily")
	if actual := views(t, got); actual != expected {
		assert.Equal(t, strings.Split(expected, "\n"), strings.Split(actual, "\n"))
	}
}

func TestConsumedEventsAreNotConsumedAgain(t *testing.T) {
	t.Parallel()
	nats, events, r := embedded(t).Endpoint(), month(60), newReports(t)
	box := relayed(t, nats, entriesOf(t, events)...)
	untilCaughtUp(t, nats, bus.ConsumeOptions{Batch: 50}, into(r))
	same(t, events, r)

	more := calls(t, "later", 3)
	box.add(more...)
	got := make(chan string, 100)
	consume(t, nats, bus.ConsumeOptions{}, func(_ context.Context, events []event.Event) error {
		for _, e := range events {
			got <- e.ID
		}
		return nil
	})
	assert.Equal(t, []string{"later.1", "later.2", "later.3"}, receive(t, got, 3))
}

func TestEventsThatWereHandledAndNotAcknowledgedCountOnce(t *testing.T) {
	t.Parallel()
	nats, events, r := embedded(t).Endpoint(), month(120), newReports(t)
	relayed(t, nats, entriesOf(t, events)...)
	for range 6 { // each stops in the middle, after handling its batch
		handled := make(chan struct{})
		once := sync.OnceFunc(func() { close(handled) })
		stop := consume(t, nats, bus.ConsumeOptions{Batch: 70}, func(ctx context.Context, events []event.Event) error {
			_, err := r.Apply(ctx, events)
			once()
			<-ctx.Done()
			return errors.Join(err, ctx.Err())
		})
		<-handled
		stop()
	}
	untilCaughtUp(t, nats, bus.ConsumeOptions{Batch: 70}, into(r))
	same(t, events, r)
}

func TestConsumersWithDifferentNamesGetEverythingAndWithOneNameShare(t *testing.T) {
	t.Parallel()
	nats, events := embedded(t).Endpoint(), month(100)
	relayed(t, nats, entriesOf(t, events)...)
	path := filepath.Join(t.TempDir(), "reports.db")
	var both sync.WaitGroup
	for range 2 {
		r := reportsIn(t, path)
		both.Go(func() { untilCaughtUp(t, nats, bus.ConsumeOptions{Batch: 20}, into(r)) })
	}
	both.Wait()
	same(t, events, reportsIn(t, path))
	other := newReports(t)
	untilCaughtUp(t, nats, bus.ConsumeOptions{Durable: "others"}, into(other))
	same(t, events, other)
}

func TestConsumersWaitForNATSAndSurviveItsRestarts(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeAddress(t)
	url := "nats://" + address
	events, r, lines := month(150), newReports(t), &logLines{}
	caughtUp := make(chan uint64, 100_000)
	consume(t, external(t, url),
		bus.ConsumeOptions{Batch: 30, Log: slog.New(lines), Progress: func(left uint64) { caughtUp <- left }}, into(r))
	require.Eventually(t, func() bool { return lines.with("WARN nats away") == 1 }, patience, time.Millisecond)

	box := newOutbox(entriesOf(t, events[:len(events)/2])...)
	relaying := bus.NewRelay(box, external(t, url), bus.RelayConfig{}, discard())
	start(t, relaying)
	server := embeddedIn(t, dir, address)
	require.Positive(t, <-caughtUp+1)
	server.Shutdown()
	box.add(entriesOf(t, events[len(events)/2:])...)
	embeddedIn(t, dir, address)
	flush(t, relaying)
	want := newReports(t)
	_, err := want.Apply(t.Context(), events)
	require.NoError(t, err)
	expected := views(t, want)
	require.Eventually(t, func() bool { return views(t, r) == expected }, patience, 50*time.Millisecond)
}

func TestEventsMayComeTwiceLateAndInAnyOrder(t *testing.T) {
	t.Parallel()
	endpoint, events, r := embedded(t).Endpoint(), month(100), newReports(t)
	js := on(t, endpoint)
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: event.Stream, Subjects: []string{event.Subjects}})
	require.NoError(t, err)
	shuffled := append(slices.Clone(events), events[:len(events)/3]...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled),
		func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for i, e := range entriesOf(t, shuffled) {
		_, err := js.Publish(t.Context(), e.Subject, e.Body)
		require.NoError(t, err)
		if i == len(shuffled)/2 {
			untilCaughtUp(t, endpoint, bus.ConsumeOptions{}, into(r))
		}
	}
	untilCaughtUp(t, endpoint, bus.ConsumeOptions{}, into(r))
	same(t, events, r)
}

func TestReplaysAndWhatIsNoEventAreLeftOut(t *testing.T) {
	t.Parallel()
	endpoint := embedded(t).Endpoint()
	js := on(t, endpoint)
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: event.Stream, Subjects: []string{event.Subjects}})
	require.NoError(t, err)
	entries := calls(t, "a", 4)
	entries[0].Body = bytes.Replace(entries[0].Body, []byte(`{`), []byte(`{"replay":"r1",`), 1)
	entries[1].Body = []byte(`{"specversion":"1.0","type":"countersign.v1.teleported","data":{}}`)
	entries[2].Body = []byte(`{"specversion":`)
	for _, e := range entries {
		_, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: e.Subject, Data: e.Body})
		require.NoError(t, err)
	}
	lines, got := &logLines{}, []string{}
	untilCaughtUp(t, endpoint, bus.ConsumeOptions{Log: slog.New(lines)},
		func(_ context.Context, events []event.Event) error {
			for _, e := range events {
				got = append(got, e.ID)
			}
			return nil
		})
	assert.Equal(t, []string{"a.4"}, got)
	assert.Equal(t, 1, lines.with("INFO event of an unknown kind skipped"))
	assert.Equal(t, 1, lines.with("WARN damaged event skipped"))
}

func TestABatchThatCannotBeTakenInIsTriedAgain(t *testing.T) {
	t.Parallel()
	nats, lines, tries := embedded(t).Endpoint(), &logLines{}, 0
	relayed(t, nats, calls(t, "a", 10)...)
	var got []string
	untilCaughtUp(t, nats, bus.ConsumeOptions{Log: slog.New(lines)}, func(_ context.Context, events []event.Event) error {
		if tries++; tries < 4 {
			return errors.New("the disk is full")
		}
		for _, e := range events {
			got = append(got, e.ID)
		}
		return nil
	})
	assert.Len(t, got, 10)
	assert.Equal(t, 1, lines.with("ERROR events cannot be handled, they wait in the stream"),
		"one line for each change, not for each attempt")
	assert.Equal(t, 1, lines.with("INFO events are handled again"))
}

func TestAConsumerWantsAName(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t,
		bus.Consume(t.Context(), external(t, "nats://127.0.0.1:1"), bus.ConsumeOptions{Log: discard()}, nil), "no name")
}

func TestTheOldestEventSaysHowFarTheStreamGoesBack(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	_, err := bus.Oldest(t.Context(), nats)
	require.ErrorContains(t, err, event.Stream)
	relayed(t, nats)
	oldest, err := bus.Oldest(t.Context(), nats)
	require.NoError(t, err)
	assert.True(t, oldest.IsZero())
	relayed(t, nats, calls(t, "a", 1)...)
	oldest, err = bus.Oldest(t.Context(), nats)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), oldest, patience)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = bus.Oldest(ctx, external(t, "nats://127.0.0.1:1"))
	assert.Error(t, err)
}

// The test binary plays the process that is killed, if these say so.
const (
	childURL  = "COUNTERSIGN_RELAY_CHILD_URL"
	childPath = "COUNTERSIGN_RELAY_CHILD_PATH"
)

// consumeUntilKilled prints a line for each batch that is counted, before it is acknowledged.
func consumeUntilKilled() error {
	r, err := reportsdb.Open(context.Background(), os.Getenv(childPath), reportsdb.Options{})
	if err != nil {
		return err
	}
	endpoint, err := bus.External(bus.ExternalOptions{URL: os.Getenv(childURL)})
	if err != nil {
		return err
	}
	o := bus.ConsumeOptions{Durable: "reports", Batch: 40, Log: discard()}
	return bus.Consume(context.Background(), endpoint, o, func(ctx context.Context, events []event.Event) error {
		_, err := r.Apply(ctx, events)
		fmt.Println(len(events))
		return err
	})
}

func TestAConsumerThatIsKilledLosesNothingAndCountsNothingTwice(t *testing.T) {
	t.Parallel()
	server, events := embedded(t), month(250)
	box := relayed(t, server.Endpoint(), entriesOf(t, events[:1000])...)
	impatient(t, server.Endpoint())
	path := filepath.Join(t.TempDir(), "reports.db")
	for i, batches := range []int{1, 3, 7, 2} {
		box.add(entriesOf(t, events[1000+i*100:1100+i*100])...)
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), childURL+"="+server.URL(), childPath+"="+path)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		for buffer := make([]byte, 1); batches > 0; {
			_, err := out.Read(buffer)
			require.NoError(t, err)
			if buffer[0] == '\n' {
				batches--
			}
		}
		require.NoError(t, child.Process.Kill())
		require.Error(t, child.Wait(), "it was killed")
	}
	relayed(t, server.Endpoint(), entriesOf(t, events[1400:])...)
	r := reportsIn(t, path)
	untilCaughtUp(t, server.Endpoint(), bus.ConsumeOptions{Batch: 200}, into(r))
	same(t, events, r)
}

// impatient makes the consumer as an operator might who wants events of a killed process to come again soon.
func impatient(t testing.TB, nats bus.Endpoint) {
	t.Helper()
	_, err := on(t, nats).CreateConsumer(t.Context(), event.Stream, jetstream.ConsumerConfig{
		Durable: "reports", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 500 * time.Millisecond, MaxAckPending: 5000,
	})
	require.NoError(t, err)
}
