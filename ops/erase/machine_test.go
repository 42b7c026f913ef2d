package erase

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/reports/reportsdb"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/session/guard"
	"countersign/store/audit"
	"countersign/store/customers"
	"countersign/store/journal"
)

// The customer who is erased, and what nothing may hold afterwards. Events call everybody Ada Lovelace.
const (
	erased     = "C-7731-Q"
	erasedName = "Quentin Zwiebelfisch"
	email      = "quentin@zwiebelfisch.example"
	number     = "+493090182077"
)

var secrets = []string{erased, erasedName, number, "90817263", "7001882018", email}

// machine is a folder with everything that a service leaves, after it was stopped.
type machine struct {
	t       *testing.T
	files   Files
	pepper  []byte
	entries []audit.Entry // of the audit log
	refuse  error         // of the audit log
	nats    *bus.Embedded // while a service runs
}

// newMachine has customers, of whom the one that is erased called four times, and another one once.
func newMachine(t *testing.T) *machine {
	t.Helper()
	data := t.TempDir()
	m := &machine{t: t, pepper: []byte("0123456789abcdef0123456789abcdef"), files: Files{
		Data: data, Lock: filepath.Join(data, "lock"),
		Directory: filepath.Join(data, "directory.db"),
		Journal:   filepath.Join(data, "journal.db"), Reports: filepath.Join(data, "reports.db"),
		NATS: filepath.Join(data, "nats"), Prompts: filepath.Join(data, "prompts"),
	}}
	m.importCustomers()
	m.whileServing(func(state *bus.State, g *guard.Guard) {
		for i, customer := range []string{erased, "C-1007", erased, erased, erased} {
			call := fmt.Sprint("call-", i+1)
			events := eventtest.Verified(call, customer, time.Now())
			m.journal(events...)
			m.report(events...)
			known := session.Known{Proven: session.Proven{Customer: customer}, Call: call}
			require.NoError(t, state.Calls().Remember(t.Context(), known))
			g.Try(t.Context(), session.Attempt{Customer: customer, Caller: number, Call: call})
		}
		for range 20 {
			g.StepFailed(t.Context(), number)
		}
		token := []byte(`{"customer":"` + erased + `","line":"*"}`)
		_, err := state.Guard().Create(t.Context(), "token.1", token, time.Hour)
		require.NoError(t, err)
		m.publish()
	})
	return m
}

// importCustomers is in an order in which databases do not keep them.
func (m *machine) importCustomers() {
	m.t.Helper()
	csv := &strings.Builder{}
	csv.WriteString("id,name,phones,account,pin,birth_date,passphrase,totp_secret,language," +
		"id:tracking,fact:postcode,emails\n")
	for i := range 600 {
		n := (i * 7919) % 600
		fmt.Fprintf(csv, "C-%d,Somebody Else %d,+4930901%05d,%d,246813,1985-12-10,,,en,,,\n", 1000+n, n, n, 10_000_000+n)
	}
	csv.WriteString(erased + "," + erasedName + "," + number +
		",90817263,975310,1972-03-09,magnet library tunnel,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,en,7001882018,10117," + email +
		"\n" +
		"77,Wilhelmina Zwiebelfisch,+493090182078,,975310,,,,en,,,\n")
	d := m.directory()
	_, err := d.Import(m.t.Context(), strings.NewReader(csv.String()), customers.ImportOptions{})
	require.NoError(m.t, err)
	for _, id := range []string{erased, "C-1007"} {
		habit := session.Habit{Language: "de", Slow: true, Answers: session.MannerSpoken}
		require.NoError(m.t, d.Remember(m.t.Context(), id, habit, time.Now()))
	}
	require.NoError(m.t, d.Close())
}

func (m *machine) directory() *customers.Directory {
	m.t.Helper()
	d, err := customers.Open(m.t.Context(), m.files.Directory, customers.Options{
		Pepper: customers.OnePepper(bytes.Clone(m.pepper)), Scheme: customers.SchemeHMAC, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(m.t, err)
	return d
}

// journal takes events that have not been published.
func (m *machine) journal(events ...event.Event) {
	m.t.Helper()
	m.withJournal(func(j *journal.Journal) {
		require.NoError(m.t, j.Append(events...))
		require.NoError(m.t, j.Sync(m.t.Context()))
	})
}

func (m *machine) withJournal(f func(j *journal.Journal)) {
	m.t.Helper()
	j, err := journal.Open(m.t.Context(), m.files.Journal, journal.Options{})
	require.NoError(m.t, err)
	f(j)
	require.NoError(m.t, j.Close(m.t.Context()))
}

func (m *machine) report(events ...event.Event) {
	m.t.Helper()
	r, err := reportsdb.Open(m.t.Context(), m.files.Reports, reportsdb.Options{})
	require.NoError(m.t, err)
	_, err = r.Apply(m.t.Context(), events)
	require.NoError(m.t, err)
	require.NoError(m.t, r.Close())
}

// publish gives NATS what the journal has for it.
func (m *machine) publish() {
	m.t.Helper()
	m.withJournal(func(j *journal.Journal) {
		ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
		defer cancel()
		relay := bus.NewRelay(j, m.nats.Endpoint(), bus.RelayConfig{}, slog.New(slog.DiscardHandler))
		running, stop := context.WithCancel(ctx)
		var relaying sync.WaitGroup
		relaying.Go(func() { relay.Run(running) })
		require.NoError(m.t, relay.Flush(ctx))
		stop()
		relaying.Wait()
	})
}

// whileServing runs f as if a service ran: the lock is held, and NATS is there.
func (m *machine) whileServing(f func(state *bus.State, g *guard.Guard)) {
	m.t.Helper()
	unlock, err := datafile.Lock(m.files.Lock)
	require.NoError(m.t, err)
	defer unlock()
	m.nats, err = bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: m.files.NATS, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(m.t, err)
	defer func() { m.nats.Shutdown(); m.nats = nil }()
	state, g, err := m.shared(m.nats.Endpoint())
	require.NoError(m.t, err)
	defer state.Close()
	ready, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	require.NoError(m.t, state.Ready(ready))
	f(state, g)
}

func (m *machine) shared(at bus.Endpoint) (*bus.State, *guard.Guard, error) {
	log, within := slog.New(slog.DiscardHandler), 5*time.Second
	state, err := bus.OpenState(at, bus.StateOptions{Node: "node", Key: m.pepper, Within: within, Log: log})
	if err != nil {
		return nil, nil, err
	}
	g, err := guard.New(guard.Options{Store: state.Guard(), Key: m.pepper, Within: within, Log: log})
	return state, g, err
}

func (m *machine) options() Options {
	return Options{
		Files: m.files, Directory: m.directory(), Shared: m.shared,
		Endpoint: func() (bus.Endpoint, error) { return m.nats.Endpoint(), nil },
		Count:    m.count,
		Forget: func(ctx context.Context, customer string) error {
			d := m.directory()
			return errors.Join(d.ForgetErasure(ctx, customer), d.Close())
		},
		Audit: func(_ context.Context, e audit.Entry) error {
			m.entries = append(m.entries, e)
			return m.refuse
		},
	}
}

func (m *machine) count(ctx context.Context, to *reportsdb.Reports, calls []string) (err error) {
	m.withJournal(func(j *journal.Journal) {
		err = j.Export(ctx, journal.ExportOptions{Calls: calls}, func(body []byte) error {
			var e event.Event
			if err := json.Unmarshal(body, &e); err != nil {
				return err
			}
			_, err := to.Apply(ctx, []event.Event{e})
			return err
		})
	})
	return err
}

func (m *machine) erase(customer string) *Receipt {
	m.t.Helper()
	r, err := Run(m.t.Context(), customer, m.options())
	require.NoError(m.t, err)
	require.NotNil(m.t, r)
	return r
}

// named are the files that hold something of the customer.
func (m *machine) named() (found []string) {
	m.t.Helper()
	require.NoError(m.t, filepath.WalkDir(m.files.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, secret := range secrets {
			if bytes.Contains(text, []byte(secret)) {
				found = append(found, strings.TrimPrefix(path, m.files.Data))
				break
			}
		}
		return err
	}))
	return found
}

// query reads a database.
func (m *machine) query(path, query string) (values []string) {
	m.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro&_busy_timeout=5000")
	require.NoError(m.t, err)
	defer db.Close()
	rows, err := db.QueryContext(m.t.Context(), query)
	require.NoError(m.t, err)
	defer rows.Close()
	for rows.Next() {
		var v []byte
		require.NoError(m.t, rows.Scan(&v))
		values = append(values, string(v))
	}
	require.NoError(m.t, rows.Err())
	return values
}
