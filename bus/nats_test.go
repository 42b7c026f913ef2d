package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

// patience bounds every wait of these tests.
const patience = 3 * time.Minute // for slow machines: a disk may take 20 ms for each event

// logLines is a slog.Handler that remembers.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (l *logLines) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l *logLines) WithGroup(string) slog.Handler                    { return l }
func (l *logLines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	l.lines = append(l.lines, line)
	return nil
}

func (l *logLines) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return "\n" + strings.Join(l.lines, "\n")
}

// with counts the lines that begin like that.
func (l *logLines) with(prefix string) int { return strings.Count(l.all(), "\n"+prefix) }

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// nextPort is counted up, so that no two tests look at the same port.
var nextPort atomic.Int64

func init() { nextPort.Store(rand.Int64N(firstPorts)) }

// firstPorts are how many ports there are from 20000 to those that the kernel hands out.
const firstPorts = 12_000

// freeAddress is where nobody listens, and where the kernel lets nobody listen by chance while a test's server is away.
func freeAddress(t testing.TB) string {
	t.Helper()
	var taken error
	for range firstPorts {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 20_000+nextPort.Add(1)%firstPorts))
		if taken = err; err == nil {
			require.NoError(t, l.Close())
			return l.Addr().String()
		}
	}
	require.NoError(t, taken, "every port is taken")
	return ""
}

// embedded starts a NATS on a free port, stopped at the end of the test.
func embedded(t testing.TB) *bus.Embedded { return embeddedIn(t, t.TempDir(), "127.0.0.1:0") }

func embeddedIn(t testing.TB, dir, listen string) *bus.Embedded {
	t.Helper()
	e, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: dir, Listen: listen, Log: discard()})
	require.NoError(t, err)
	t.Cleanup(e.Shutdown)
	return e
}

// external is the way to a server over TCP.
func external(t testing.TB, url string) bus.Endpoint {
	t.Helper()
	e, err := bus.External(bus.ExternalOptions{URL: url})
	require.NoError(t, err)
	return e
}

// start runs a relay; stop ends it and waits for that, and comes at the end of the test at the latest.
func start(t testing.TB, r *bus.Relay) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func flush(t testing.TB, r *bus.Relay) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, r.Flush(ctx))
}

// on gives JetStream over a connection of the test's own.
func on(t testing.TB, e bus.Endpoint) jetstream.JetStream {
	t.Helper()
	conn, err := e.Connect("test", discard())
	require.NoError(t, err)
	t.Cleanup(func() { closeAndWait(conn) })
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	return js
}

func closeAndWait(conn *nats.Conn) {
	closed := make(chan struct{})
	conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
	conn.Close()
	<-closed
}

// inStream reads every id in the stream, in order.
func inStream(t testing.TB, js jetstream.JetStream) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ids, err := readStream(ctx, js)
	require.NoError(t, err)
	return ids
}

// readStream is inStream for a cluster that may be without a leader at the moment.
func readStream(ctx context.Context, js jetstream.JetStream) (ids []string, err error) {
	c, err := js.CreateConsumer(ctx, event.Stream,
		jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true})
	if err != nil {
		return nil, err
	}
	for left := int(c.CachedInfo().NumPending); left > 0; {
		chunk, err := c.Fetch(min(left, 1000), jetstream.FetchContext(ctx))
		if err != nil {
			return nil, err
		}
		for msg := range chunk.Messages() {
			ids = append(ids, msg.Headers().Get(jetstream.MsgIDHeader))
			left--
		}
		if chunk.Error() != nil {
			return nil, chunk.Error()
		}
	}
	return ids, nil
}

// sameIDs compares thousands of ids and shows where they part.
func sameIDs(t testing.TB, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		require.Equal(t, want[i], got[i], "position %d", i)
	}
	require.Len(t, got, len(want))
}

// calls makes n entries of a call each, with real events in them.
func calls(t testing.TB, call string, n int) []bus.Entry {
	t.Helper()
	entries := make([]bus.Entry, n)
	for i := range entries {
		e := event.Event{
			ID: event.ID(call, i+1), Source: "/countersign/test", Time: time.Now(), Call: call, Seq: i + 1, Line: "retail",
			LineVersion: 1,
			Data: event.Verified{Customer: fmt.Sprint(100000 + i), Name: "Anna Muster",
				Methods: []event.Method{event.MethodANI, event.MethodPIN},
				Status:  event.StatusVerified, Level: 2, PopURL: "https://crm.example/customers/100042"},
		}
		body, err := json.Marshal(e)
		require.NoError(t, err)
		entries[i] = bus.Entry{ID: e.ID, Subject: e.Subject(), Body: body}
	}
	return entries
}
