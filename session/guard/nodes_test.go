package guard_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/guard"
)

// patience bounds every wait in these tests, promptly every method of a Guard.
const (
	patience = time.Minute
	promptly = 10 * time.Second
	// slowMachine is the store timeout of tests that need exact counts: a slow NATS must not count as unavailable.
	slowMachine = 20 * time.Second
)

var key = bytes.Repeat([]byte{7}, 32)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *clock) pass(d time.Duration) { c.set(c.Now().Add(d)) }

// freeAddress is a free address that stays free while a test's server is down: below 32768, where the kernel takes
// ephemeral ports from.
func freeAddress(t testing.TB) string {
	t.Helper()
	var taken error
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 20_000+rand.N(12_000)))
		if taken = err; err == nil {
			require.NoError(t, l.Close())
			return l.Addr().String()
		}
	}
	require.NoError(t, taken, "no free port")
	return ""
}

func newNATS(t testing.TB, dir, listen string) *bus.Embedded {
	t.Helper()
	e, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: dir, Listen: listen, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(e.Shutdown)
	return e
}

// bucket is a machine's own connection to the shared state.
func bucket(t testing.TB, url string) *bus.Bucket {
	t.Helper()
	nats, err := bus.External(bus.ExternalOptions{URL: url})
	require.NoError(t, err)
	s, err := bus.OpenState(nats, bus.StateOptions{Log: slog.New(slog.DiscardHandler), Within: slowMachine})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, s.Ready(ctx))
	return s.Guard()
}

func newGuard(t testing.TB, o guard.Options) *guard.Guard {
	t.Helper()
	o.Key = key
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g, err := guard.New(o)
	require.NoError(t, err)
	return g
}

// running runs the guard until the end of the test; stop ends it earlier.
func running(t testing.TB, g *guard.Guard) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); g.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// twoNodes are two machines on one real NATS.
func twoNodes(t testing.TB, c *clock) [2]*guard.Guard {
	t.Helper()
	nats := newNATS(t, t.TempDir(), "127.0.0.1:0")
	node := func() *guard.Guard {
		return newGuard(t, guard.Options{Store: bucket(t, nats.URL()), Now: c.Now, Within: slowMachine})
	}
	return [2]*guard.Guard{node(), node()}
}

func attempt(call, customer string) session.Attempt {
	return session.Attempt{Call: call, Line: "retail", Customer: customer, Caller: "+4930111"}
}

// logLines is a slog.Handler that keeps its lines.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) Enabled(context.Context, slog.Level) bool { return true }
func (l *logLines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logLines) WithGroup(string) slog.Handler            { return l }
func (l *logLines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Level.String()+" "+r.Message)
	return nil
}

func (l *logLines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(strings.Join(l.lines, "\n"), part)
}

// alarms collects alarms.
type alarms struct {
	mu  sync.Mutex
	all []event.Alarm
}

func (a *alarms) raise(_ context.Context, _ string, alarm event.Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, alarm)
}

func (a *alarms) seen() []event.Alarm {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]event.Alarm(nil), a.all...)
}
