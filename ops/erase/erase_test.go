package erase

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	"countersign/session/guard"
	"countersign/store/audit"
	"countersign/store/customers"
	"countersign/store/traces"
)

const (
	customersOfCalls = `SELECT customer FROM calls ORDER BY customer`
	schemaVersion    = `PRAGMA schema_version` // grows when a database is written anew
)

var anonymised = append([]string{"C-1007"}, slices.Repeat([]string{event.ErasedCustomer}, 4)...)

// isErased demands that everything was found and nothing is left.
func (m *machine) isErased(r *Receipt) {
	m.t.Helper()
	assert.Empty(m.t, r.Remains)
	assert.Empty(m.t, m.named())
	assert.Equal(m.t, erased, r.Customer)
	assert.True(m.t, r.Known)
	rows := customers.Removed{"customers": 1, "phones": 1, "emails": 1, "identifiers": 2, "credentials": 4, "sealed": 1,
		"habits": 1}
	assert.Equal(m.t, rows, r.Directory)
	assert.Equal(m.t, Journal{Calls: 4, Events: 12}, r.Journal)
	assert.Equal(m.t, NATS{Erased: bus.Erased{Events: 12, Calls: 4, Tokens: 1}, Attempts: true}, r.NATS)
	assert.Equal(m.t, Reports{Calls: 4}, r.Reports)
	assert.Greater(m.t, r.Searched.Files, 5)
	assert.Equal(m.t, anonymised, m.query(m.files.Journal, customersOfCalls), "what can be counted stays")
	assert.Equal(m.t, anonymised, m.query(m.files.Reports, customersOfCalls))
	require.Len(m.t, m.entries, 1)
	assert.Equal(m.t, audit.Erased, m.entries[0].Action)
	assert.Equal(m.t, "directory: 11 rows; journal: 4 calls; nats: 12 events; reports: 4 calls", m.entries[0].Detail)
	assert.NotContains(m.t, m.entries[0].Object, erased)
	d := m.directory()
	assert.Equal(m.t, d.Alias(erased), m.entries[0].Object)
	_, err := d.Show(m.t.Context(), "C-1007")
	assert.NoError(m.t, err)
	require.NoError(m.t, d.Close())
}

func TestACustomerIsErasedWhileNoServiceRuns(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	require.Len(t, m.named(), 4, "directory, journal, reports and stream")
	m.isErased(m.erase(erased))
	again := m.erase(erased)
	assert.False(t, again.Known)
	assert.Zero(t, again.Journal)
	assert.Zero(t, again.NATS)
	assert.Zero(t, again.Reports)
	m.whileServing(func(_ *bus.State, g *guard.Guard) {
		a, err := g.Attempts(t.Context(), "C-1007")
		require.NoError(t, err)
		assert.Equal(t, 1, a.Failures, "others' attempts stay")
	})
}

func TestACustomerIsErasedWhileAServiceRuns(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.whileServing(func(state *bus.State, g *guard.Guard) {
		require.True(t, g.Caller(t.Context(), number).Locked)
		told := 0
		o := m.options()
		o.Progress = func(events int) { told = events }
		r, err := Run(t.Context(), erased, o)
		require.NoError(t, err)
		m.isErased(r)
		assert.Equal(t, 12, told)
		assert.False(t, g.Caller(t.Context(), number).Locked, "what their number tried is forgotten")
	})
	assert.Empty(t, m.named())
}

func TestWhatRemainsIsSaidWhileNATSIsAway(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for name, o := range map[string]func(o *Options){
		"no address": func(o *Options) {
			o.Endpoint = func() (bus.Endpoint, error) { return bus.Endpoint{}, errors.New("NATS is away") }
		},
		"nobody answers": func(o *Options) {
			o.Shared = func(bus.Endpoint) (*bus.State, *guard.Guard, error) { return nil, nil, bus.ErrAway }
			o.Endpoint = func() (bus.Endpoint, error) { return bus.Endpoint{}, nil }
		},
	} {
		away := m.options()
		away.External = true
		o(&away)
		r, err := Run(t.Context(), erased, away)
		require.NoError(t, err, name)
		require.NotEmpty(t, r.Remains)
		assert.Contains(t, r.Remains[0], "NATS is away", name)
		assert.Equal(t, anonymised, m.query(m.files.Journal, customersOfCalls))
		assert.Contains(t, m.entries[len(m.entries)-1].Detail, "; not everything")
	}
	for _, file := range m.named() {
		assert.Contains(t, file, "/nats/", "what can be erased is")
	}
	r := m.erase(erased)
	assert.False(t, r.Known)
	assert.Equal(t, 12, r.NATS.Events, "found by the customer's id alone")
	assert.Empty(t, r.Remains)
	assert.Empty(t, m.named())
}

func TestFilesThatCannotBeSearchedAreNamed(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	folder := filepath.Join(m.files.Data, "out")
	require.NoError(t, os.Mkdir(folder, 0o700))
	for name, text := range map[string]string{
		"calls.xlsx": "PK\x03\x04 …", "calls.pdf": "%PDF-1.7 …",
		"calls.csv": "call,customer\ncall-1," + erased, "others.csv": "call,customer\ncall-2,C-1007",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	r := m.erase(erased)
	require.Len(t, r.Remains, 3)
	assert.Contains(t, r.Remains[0], filepath.Join(folder, "calls.csv")+" still names the customer")
	assert.Contains(t, r.Remains[1], filepath.Join(folder, "calls.pdf")+" is compressed")
	assert.Contains(t, r.Remains[2], filepath.Join(folder, "calls.xlsx")+" is compressed")
	require.NoError(t, os.RemoveAll(folder))
	assert.Empty(t, m.erase(erased).Remains)
}

// A short id turns up by chance in every file, so that finding it says nothing.
func TestAShortIDDoesNotHoldUpCalls(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	called := eventtest.Verified("call-6", "77", time.Now())
	before := m.query(m.files.Journal, schemaVersion)
	m.whileServing(func(*bus.State, *guard.Guard) {
		m.journal(called...)
		m.publish()
		r := m.erase("77")
		assert.Empty(t, r.Remains)
		assert.Equal(t, 3, r.NATS.Events)
		assert.Equal(t, before, m.query(m.files.Journal, schemaVersion), "calls are written to the journal meanwhile")
	})
	s, err := traces.Search(t.Context(), traces.Set{
		[]byte(`"customer":"77"`), []byte("Wilhelmina Zwiebelfisch"), []byte("+493090182078"),
	}, m.files.Data)
	require.NoError(t, err)
	assert.Empty(t, s.Found)
	m.erase("77")
	assert.NotEqual(t, before, m.query(m.files.Journal, schemaVersion), "nobody waits for it now")
}

func TestACallThatIsGoingOnIsSaid(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	call := eventtest.Verified("call-6", erased, time.Now())
	m.whileServing(func(*bus.State, *guard.Guard) {
		m.journal(call[:2]...)
		m.publish()
		r := m.erase(erased)
		require.Len(t, r.Remains, 1)
		assert.Contains(t, r.Remains[0], "1 call of the customer is running")
		assert.Equal(t, 5, r.Journal.Calls)

		m.journal(call[2])
		m.publish()
		assert.NotEmpty(t, m.named(), "it named them again")
		r = m.erase(erased)
		assert.Empty(t, r.Remains)
		assert.Empty(t, m.named())
	})
}

func TestEventsOnTheirWayToNATSAreWaitedFor(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.journal(eventtest.Verified("call-6", erased, time.Now())...)
	m.whileServing(func(*bus.State, *guard.Guard) {
		published := make(chan struct{})
		o := m.options()
		o.Shared = func(at bus.Endpoint) (*bus.State, *guard.Guard, error) {
			assert.Equal(t, []string{"0"}, m.query(m.files.Journal, `SELECT count(*) FROM outbox`), "it waited")
			<-published // and then no database may be open here
			return m.shared(at)
		}
		var erasing sync.WaitGroup
		erasing.Go(func() {
			r, err := Run(t.Context(), erased, o)
			if assert.NoError(t, err) {
				assert.Empty(t, r.Remains)
				assert.Equal(t, 15, r.NATS.Events, "those that were on their way too")
				assert.Equal(t, 4, r.Reports.Calls)
			}
		})
		require.Eventually(t, func() bool {
			return len(m.query(m.files.Journal, `SELECT call FROM calls WHERE customer = '`+erased+`'`)) == 0
		},
			time.Minute, time.Millisecond)
		m.publish()
		close(published)
		erasing.Wait()
	})
	assert.Empty(t, m.named())
	all := slices.Concat(anonymised, []string{event.ErasedCustomer})
	assert.Equal(t, all, m.query(m.files.Reports, customersOfCalls), "the reports have the call from the journal")
}

func TestReportsHaveCountedWhatTheyReadBeforeItGoes(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	r, err := reportsdb.Open(t.Context(), m.files.Reports, reportsdb.Options{})
	require.NoError(t, err)
	durable, err := r.Consumer(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.Close())
	m.whileServing(func(_ *bus.State, g *guard.Guard) {
		nc, err := nats.Connect(m.nats.URL())
		require.NoError(t, err)
		defer nc.Close()
		js, err := jetstream.New(nc)
		require.NoError(t, err)
		consumer, err := js.CreateConsumer(t.Context(), event.Stream, jetstream.ConsumerConfig{
			Durable: durable, AckPolicy: jetstream.AckExplicitPolicy,
		})
		require.NoError(t, err)
		read, err := consumer.Next()
		require.NoError(t, err)

		var deleting atomic.Bool
		o := m.options()
		o.Progress = func(int) { deleting.Store(true) }
		var erasing sync.WaitGroup
		erasing.Go(func() {
			r, err := Run(t.Context(), erased, o)
			if assert.NoError(t, err) {
				assert.Equal(t, 12, r.NATS.Events)
			}
		})
		require.Eventually(t, func() bool { // the step before
			a, err := g.Attempts(t.Context(), erased)
			return err == nil && a.Failures == 0
		}, time.Minute, time.Millisecond)
		assert.Never(t, deleting.Load, 300*time.Millisecond, 10*time.Millisecond)
		require.NoError(t, read.Ack())
		erasing.Wait()
	})
}

func TestANameThatWasSpokenIsRemoved(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	name := filepath.Join(m.files.Prompts, "once", "0123.wav")
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	before := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(name, before, before))
	m.erase(erased)
	assert.NoFileExists(t, name)
}

func TestAJournalThatCannotBeOpenedStopsItBeforeAnythingIsErased(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	text := []byte(strings.Repeat("not a database. ", 100))
	require.NoError(t, os.WriteFile(m.files.Journal, text, 0o600))
	r, err := Run(t.Context(), erased, m.options())
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "already")
	assert.Nil(t, r)
	assert.Empty(t, m.entries)
	require.NoError(t, os.Remove(m.files.Journal))
	r = m.erase(erased)
	assert.True(t, r.Known)
	assert.Empty(t, m.named())
}

func TestWithoutAReceiptItHasStoppedHalfWay(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	text := []byte(strings.Repeat("not a database. ", 100))
	require.NoError(t, os.WriteFile(m.files.Reports, text, 0o600))
	r, err := Run(t.Context(), erased, m.options())
	require.ErrorContains(t, err, "some data is erased already")
	assert.Nil(t, r)
	assert.Empty(t, m.entries)
	require.NoError(t, os.Remove(m.files.Reports))
	r = m.erase(erased)
	assert.False(t, r.Known, "the directory was done")
	assert.Empty(t, m.named())
}

func TestErasedStandsAlthoughTheAuditLogFails(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.refuse = errors.New("disk full")
	r, err := Run(t.Context(), erased, m.options())
	require.ErrorIs(t, err, m.refuse)
	require.NotNil(t, r)
	m.isErased(r)
}

func TestAMachineWithoutCallsHasNothingToErase(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, path := range []string{m.files.Journal, m.files.Reports} {
		left, err := filepath.Glob(path + "*")
		require.NoError(t, err)
		for _, file := range left {
			require.NoError(t, os.Remove(file))
		}
	}
	require.NoError(t, os.RemoveAll(m.files.NATS))
	r := m.erase(erased)
	assert.True(t, r.Known)
	assert.Zero(t, r.Journal)
	assert.Zero(t, r.NATS)
	assert.Empty(t, r.Remains)
	assert.NoFileExists(t, m.files.Journal)
	assert.NoFileExists(t, m.files.Reports)
	assert.NoDirExists(t, m.files.NATS)
}
