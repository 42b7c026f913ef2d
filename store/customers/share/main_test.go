package share_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/leaktest"
	"countersign/session"
	"countersign/store/customers"
	"countersign/store/customers/share"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// patience bounds every wait of these tests.
const patience = time.Minute

var pepper = customers.OnePepper([]byte("0123456789abcdef0123456789abcdef"))

// machine is one with a directory, on the NATS of a test.
type machine struct {
	*customers.Directory
	t     *testing.T
	name  string
	path  string
	state *bus.State

	mu  sync.Mutex
	now time.Duration // beyond the clock
}

func startNATS(t *testing.T) *bus.Embedded {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "countersign-test-")
	if err != nil {
		dir = t.TempDir()
	}
	e, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: dir, Listen: "127.0.0.1:0", Log: quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { e.Shutdown(); _ = os.RemoveAll(dir) })
	return e
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newMachine(t *testing.T, at bus.Endpoint, name string, role customers.Role, csv ...string) *machine {
	t.Helper()
	return machineAt(t, at, name, filepath.Join(t.TempDir(), "directory.db"), pepper, role, csv...)
}

func machineAt(t *testing.T, at bus.Endpoint, name, path string, pepper customers.Peppers, role customers.Role,
	csv ...string) *machine {
	t.Helper()
	d, err := customers.Open(t.Context(), path, customers.Options{Pepper: pepper, Scheme: customers.SchemeHMAC})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	m := &machine{Directory: d, t: t, name: name, path: path}
	if len(csv) > 0 {
		m.fill(csv...)
	}
	require.NoError(t, d.SetRole(t.Context(), role))
	m.state, err = bus.OpenState(at, bus.StateOptions{
		Node: name, Key: d.PepperKey("state/v1"), Share: true, Within: patience, Log: quiet(),
	})
	require.NoError(t, err)
	t.Cleanup(m.state.Close)
	ready, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, m.state.Ready(ready))
	return m
}

func (m *machine) fill(lines ...string) {
	m.t.Helper()
	_, err := m.Import(m.t.Context(), strings.NewReader(strings.Join(lines, "\n")+"\n"),
		customers.ImportOptions{Region: "DE", OnBad: func(b customers.BadRow) { m.t.Log(b) }})
	require.NoError(m.t, err)
}

func (m *machine) clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Add(m.now)
}

func (m *machine) later(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now += d
}

func (m *machine) publisher() *share.Publisher {
	return share.NewPublisher(share.PublisherOptions{
		Directory: m.Directory, Bucket: m.state.Shards(), Node: m.name, Log: quiet(), Now: m.clock,
	})
}

// publish publishes all that was changed.
func (m *machine) publish() {
	m.t.Helper()
	require.NoError(m.t, m.publisher().Publish(m.t.Context()))
}

// follow runs a replica until the test ends, or stop is called.
func (m *machine) follow(log *slog.Logger) (r *share.Replica, stop func()) {
	m.t.Helper()
	r, err := share.NewReplica(m.t.Context(), share.ReplicaOptions{
		Directory: m.Directory, Feed: m.state.Shards(), StaleAfter: 5 * time.Minute, Log: log, Now: m.clock,
	})
	require.NoError(m.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	m.t.Cleanup(stop)
	return r, stop
}

// has waits until the replica is as the source was at a time.
func (m *machine) has(at time.Time) {
	m.t.Helper()
	require.Eventually(m.t, func() bool {
		has, _, err := m.Replicated(m.t.Context())
		return err == nil && !has.AsOf.Before(at.Truncate(time.Millisecond))
	}, patience, time.Millisecond)
}

// same waits until the replica has everything that the source has published, and compares both.
func same(t *testing.T, source, replica *machine) {
	t.Helper()
	at := source.clock()
	source.publish()
	replica.has(at)
	require.Equal(t, source.all(), replica.all())
}

// all is everything that is on file but how the secrets are stored.
func (m *machine) all() (all []string) {
	m.t.Helper()
	page, err := m.List(m.t.Context(), "", 10_000, "")
	require.NoError(m.t, err)
	for _, c := range page {
		r, err := m.Show(m.t.Context(), c.ID)
		require.NoError(m.t, err)
		phones, err := m.Phones(m.t.Context(), c.ID)
		require.NoError(m.t, err)
		all = append(all, fmt.Sprintf("%+v %+v", r, phones))
	}
	return all
}

func (m *machine) checks(id, pin string) bool {
	m.t.Helper()
	ok, err := m.Check(m.t.Context(), id, customers.KindPIN, session.NewSecret([]byte(pin)))
	require.NoError(m.t, err)
	return ok
}
