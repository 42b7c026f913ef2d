package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/ops/erase"
)

// erasable is a machine with customers, of whom one is to be erased.
type erasable struct {
	t     *testing.T
	data  string
	flags []string
	phone *sim.Switch
	// secrets are what no file may hold afterwards.
	secrets []string
}

const (
	erasedID   = "C-7731-Q"
	erasedName = "Quentin Zwiebelfisch"
)

// newErasable imports customers, in an order in which databases do not keep them.
func newErasable(t *testing.T) *erasable {
	t.Helper()
	e := &erasable{
		t: t, data: inMemory(t), secrets: []string{erasedID, erasedName, "+493090182077", "90817263", "7001882018"},
	}
	csv := &strings.Builder{}
	csv.WriteString("id,name,phones,account,pin,birth_date,passphrase,totp_secret,language,id:tracking,fact:postcode\n")
	for i := range 600 {
		n := (i * 7919) % 600
		fmt.Fprintf(csv, "C-%d,Somebody Else %d,+4930901%05d,%d,246813,1985-12-10,,,en,,\n", 1000+n, n, n, 10_000_000+n)
	}
	csv.WriteString(erasedID + "," + erasedName +
		",+493090182077,90817263,975310,1972-03-09,magnet library " +
		"tunnel,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,en,7001882018,10117\n")
	for i := range 600 {
		fmt.Fprintf(csv, "C-77%d,Somebody Else,+49309018%05d,,,,,,en,,\n", i, i)
	}
	e.flags = []string{"--data", e.data}
	code, _, stderr := countersign(t, csv.String(), "--data", e.data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	e.noteHashes()
	return e
}

// serve starts the service; stop ends it.
func (e *erasable) serve() (stop func()) {
	e.t.Helper()
	address, cfg, stopServe := startServe(e.t, e.data)
	var err error
	e.phone, err = sim.New(sim.Options{Address: address, DeadMan: -1})
	require.NoError(e.t, err)
	e.flags = []string{"--config", cfg, "--data", e.data}
	return func() { assert.Equal(e.t, exitDone, stopServe()) }
}

func (e *erasable) run(args ...string) (code int, stdout, stderr string) {
	e.t.Helper()
	return countersign(e.t, "", append(e.flags, args...)...)
}

func (e *erasable) call(from, status string, keys ...string) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := e.phone.Call(ctx, sim.CallOptions{From: from, To: "5000", Caller: sim.Keys(sim.Pace{}, keys...)})
	require.NoError(e.t, err)
	assert.Equal(e.t, status, r.Variables["cs_status"], r)
}

// calls lets the customer and somebody else call, with right and wrong PINs.
func (e *erasable) calls() {
	e.t.Helper()
	e.call("+493090182077", "verified", "975310#")
	e.call("+493090100007", "verified", "246813#")
	e.call("+493090182077", "identified", "111112#", "111113#", "111114#")
	e.call("+493090182077", "verified", "975310#")
	e.call("+493090182077", "identified", "111112#", "111113#", "111114#")
	e.ended("journal.db", 5)
}

// ended waits until so many calls have ended, as a file says: that is written a moment after they were handed on.
func (e *erasable) ended(file string, calls int) {
	e.t.Helper()
	require.Eventually(e.t, func() bool {
		return e.query(file, `SELECT count(*) FROM calls WHERE ended IS NOT NULL`)[0] == fmt.Sprint(calls)
	}, patience, 20*time.Millisecond)
}

func (e *erasable) query(file, query string, args ...any) (values []string) {
	e.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(e.data, file)+"?mode=ro&_busy_timeout=5000")
	require.NoError(e.t, err)
	defer db.Close()
	rows, err := db.Query(query, args...)
	require.NoError(e.t, err)
	defer rows.Close()
	for rows.Next() {
		var v []byte
		require.NoError(e.t, rows.Scan(&v))
		values = append(values, string(v))
	}
	require.NoError(e.t, rows.Err())
	return values
}

// noteHashes adds what is stored of the customer's secrets now.
func (e *erasable) noteHashes() {
	e.t.Helper()
	found := e.query("directory.db", `SELECT hash FROM credentials WHERE customer = ?1 UNION ALL SELECT box
		FROM sealed WHERE customer = ?1`, erasedID)
	require.Len(e.t, found, 5)
	e.secrets = append(e.secrets, found...)
}

// traces are the files that hold something of the customer.
func (e *erasable) traces() (found []string) {
	e.t.Helper()
	require.NoError(e.t, filepath.WalkDir(e.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, secret := range e.secrets {
			if bytes.Contains(text, []byte(secret)) {
				found = append(found, strings.TrimPrefix(path, e.data))
				break
			}
		}
		return err
	}))
	return found
}

func (e *erasable) erase(want int) erase.Receipt {
	e.t.Helper()
	code, stdout, stderr := e.run("customers", "erase", "--yes", "--json", erasedID)
	require.Equal(e.t, want, code, stdout+stderr)
	var r erase.Receipt
	require.NoError(e.t, json.Unmarshal([]byte(stdout), &r), stdout+stderr)
	return r
}

func (e *erasable) isErased(r erase.Receipt) {
	e.t.Helper()
	assert.Empty(e.t, r.Remains)
	assert.Empty(e.t, e.traces())
	assert.True(e.t, r.Known)
	assert.EqualValues(e.t, map[string]int{
		"customers": 1, "phones": 1, "emails": 0, "identifiers": 2, "credentials": 4, "sealed": 1, "habits": 0,
	}, r.Directory)
	assert.Equal(e.t, 4, r.Journal.Calls)
	assert.Greater(e.t, r.Journal.Events, 4*3)
	assert.Greater(e.t, r.NATS.Events, 4*8, "all of the calls' events")
	assert.Equal(e.t, 4, r.NATS.Calls)
	assert.True(e.t, r.NATS.Attempts)
	assert.Equal(e.t, []string{"C-1007", "erased", "erased", "erased", "erased"},
		e.query("journal.db", `SELECT customer FROM calls ORDER BY customer`), "what can be counted stays")
	assert.LessOrEqual(e.t, r.Reports.Calls, 4)
	assert.Equal(e.t, []string{"4"}, e.query("reports.db", `SELECT count(*) FROM calls WHERE customer = 'erased'
		AND ended IS NOT NULL`), "here too, whatever was still on its way")
	assert.Empty(e.t, e.query("reports.db", `SELECT call FROM calls WHERE customer = ?`, erasedID))
	code, stdout, stderr := e.run("audit", "list", "--action", "erased", "--json")
	require.Equal(e.t, exitDone, code, stderr)
	assert.Contains(e.t, stdout, `"object":"customer `)
	assert.NotContains(e.t, stdout, erasedID)
	code, stdout, _ = e.run("audit", "list", "--customer", erasedID)
	assert.Equal(e.t, exitDone, code)
	assert.Contains(e.t, stdout, "erased")
	code, stdout, _ = e.run("customers", "show", "C-1007")
	assert.Equal(e.t, exitDone, code)
	assert.Contains(e.t, stdout, "Somebody Else 7")
}

func TestACustomerIsErasedWhileTheServiceRuns(t *testing.T) {
	t.Parallel()
	e := newErasable(t)
	stop := e.serve()
	e.calls()
	e.noteHashes()
	require.NotEmpty(t, e.traces())
	e.isErased(e.erase(exitDone))

	// The service goes on, and does not know the caller.
	e.call("+493090182077", "none", "*")
	again := e.erase(exitDone)
	assert.False(t, again.Known)
	assert.Zero(t, again.Journal.Calls)
	assert.Zero(t, again.NATS.Events)
	stop()
	assert.Empty(t, e.traces(), "what the service wrote while it stopped")
}

func TestACustomerIsErasedWhileNoServiceRuns(t *testing.T) {
	t.Parallel()
	e := newErasable(t)
	stop := e.serve()
	e.calls()
	e.noteHashes()
	stop()
	require.NotEmpty(t, e.traces())
	e.isErased(e.erase(exitDone))
	// And the service starts again.
	stop = e.serve()
	e.call("+493090182077", "none", "*")
	stop()
	assert.Empty(t, e.traces())

	// Reports that are made anew count the calls, of which NATS has nothing any more.
	calls := e.query("reports.db", `SELECT call || status || coalesce(customer, '') FROM calls ORDER BY call`)
	require.Len(t, calls, 6)
	left, err := filepath.Glob(filepath.Join(e.data, "reports.db*"))
	require.NoError(t, err)
	for _, file := range left {
		require.NoError(t, os.Remove(file))
	}
	stop = e.serve()
	require.Eventually(t, func() bool {
		return exists(filepath.Join(e.data, "reports.db"))
	}, time.Minute, 10*time.Millisecond)
	stop()
	assert.Equal(t, calls, e.query("reports.db", `SELECT call || status || coalesce(customer, '') FROM calls
		ORDER BY call`))
}

func TestErasingAsksFirst(t *testing.T) {
	t.Parallel()
	e := newErasable(t)
	code, _, stderr := countersign(t, "yes\n", append(e.flags, "customers", "erase", erasedID)...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "nothing was changed")
	code, stdout, stderr := countersign(t, erasedID+"\n", append(e.flags, "customers", "erase", erasedID)...)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "directory  1 customer")
	assert.Empty(t, e.traces())
	for range 2 {
		code, stdout, stderr = e.run("customers", "erase", "--yes", "nosuch-customer")
		assert.Equal(t, exitFailed, code)
		assert.Empty(t, stdout)
		oneSentence(t, stderr, `there is no customer "nosuch-customer"`, "nothing about this id was found")
	}
	code, stdout, _ = e.run("customers", "erase", "--yes", "--json", "nosuch-customer")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, `"known":false`)
	code, stdout, _ = e.run("customers", "erase", "--yes", erasedID)
	assert.Equal(t, exitDone, code, "it may be repeated")
	assert.Contains(t, stdout, "was erased before")
}

func TestErasingPrintsWhatRemainsAndFails(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, "id,name\n"+erasedID+","+erasedName+"\n", "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	require.NoError(t, os.WriteFile(filepath.Join(data, "calls.pdf"), []byte("%PDF-1.7"), 0o600))
	cfg := filepath.Join(t.TempDir(), "away.yaml")
	require.NoError(t, os.WriteFile(cfg, []byte("nats: {url: \"nats://127.0.0.1:9\"}"), 0o600))
	code, stdout, stderr := countersign(t, "", "--config", cfg, "--data", data, "customers", "erase", "--yes", erasedID)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "directory  1 customer")
	assert.Contains(t, stdout, "remains: NATS: NATS is away")
	assert.Contains(t, stdout, "calls.pdf is compressed")
	oneSentence(t, stderr, "not everything is erased")
	assert.Contains(t, audited(t, data, "--action", "erased")[0].Detail, "; not everything")
}

func TestAnExportFromBeforeDoesNotBringAnErasedCustomerBack(t *testing.T) {
	t.Parallel()
	e := newErasable(t)
	stop := e.serve()
	e.calls()
	file := filepath.Join(t.TempDir(), "before.ndjson")
	code, _, stderr := e.run("journal", "export", "-o", file)
	require.Equal(t, exitDone, code, stderr)
	e.erase(exitDone)

	// Into the stream of a running service.
	code, stdout, stderr := e.run("replay", "--publish", "--speed", "0", file)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stderr, "4 calls left out")
	assert.Contains(t, stdout, "C-1007", "others are published")
	assert.NotContains(t, stdout, erasedID)
	code, _, stderr = e.run("replay", "--publish", "-")
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "--publish", "twice")
	assert.Empty(t, e.traces())

	// Into a journal that has lost them.
	stop()
	for _, end := range []string{"", "-wal", "-shm", ".created"} {
		require.NoError(t, os.RemoveAll(filepath.Join(e.data, "journal.db"+end)))
	}
	code, stdout, stderr = e.run("journal", "import", file)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "4 calls anonymised: the customer was erased")
	assert.Equal(t, []string{"C-1007", "erased", "erased", "erased", "erased"},
		e.query("journal.db", `SELECT customer FROM calls ORDER BY customer`))
	assert.Empty(t, e.traces())
	code, stdout, _ = e.run("journal", "import", "--json", file)
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, `"new":0,"erased_calls":0`)
}

func TestCallsOfAnErasedCustomerCountAfterARebuild(t *testing.T) {
	t.Parallel()
	e := newErasable(t)
	stop := e.serve()
	e.calls()
	e.ended("reports.db", 5)
	sums := func() []string {
		return append(e.query("reports.db", `SELECT json_array(day, line, calls, identified, verified, failed, ms,
			verify_ms) FROM daily`),
			e.query("reports.db", `SELECT json_array(line, step, attempt, asked, accepted, rejected, ms) FROM funnel
				ORDER BY 1`)...)
	}
	before := sums()
	e.erase(exitDone)
	assert.Equal(t, before, sums())
	for range 2 {
		code, _, stderr := e.run("report", "rebuild", "--author", "anna")
		require.Equal(t, exitDone, code, stderr)
		assert.Equal(t, before, sums())
		assert.Empty(t, e.traces())
	}
	assert.Equal(t, []string{"C-1007", "erased", "erased", "erased", "erased"},
		e.query("reports.db", `SELECT customer FROM calls ORDER BY customer`))
	stop()
	entries := audited(t, e.data, "--action", "reports_rebuilt")
	require.Len(t, entries, 2)
	assert.Equal(t, "anna", entries[0].Actor)
}

// held is a caller who says when the first question comes, and keeps still there until told to go on.
func held(asked func(), on <-chan struct{}, then sim.Caller) sim.Caller {
	first := sync.OnceFunc(func() { asked(); <-on })
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		if p.Digits {
			first()
		}
		return then.Hear(p)
	})
}

func TestErasingSaysThatACallOfTheCustomerIsGoingOnAmongOthers(t *testing.T) {
	t.Parallel()
	e := newErasable(t)
	stop := e.serve()
	e.call("+493090182077", "verified", "975310#")
	const others = 50
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	var calling, asked sync.WaitGroup
	var handedOn atomic.Int32
	on, onErased := make(chan struct{}), make(chan struct{})
	ring := func(from string, on <-chan struct{}) {
		asked.Add(1)
		waiting := sync.OnceFunc(asked.Done)
		calling.Go(func() {
			defer waiting() // nobody waits for who is never asked
			r, err := e.phone.Call(ctx, sim.CallOptions{
				From: from, To: "5000", Caller: held(waiting, on, sim.Keys(sim.Pace{}, "*")),
			})
			assert.True(t, slices.ContainsFunc(r.Prompts, func(p sim.Prompt) bool { return p.Digits }), "was asked")
			if assert.NoError(t, err) && r.Variables["cs_status"] == "identified" {
				handedOn.Add(1)
			}
		})
	}
	ring("+493090182077", onErased)
	for i := range others {
		ring(fmt.Sprintf("+4930901%05d", i), on)
	}
	asked.Wait()
	r := e.erase(exitFailed)
	require.Len(t, r.Remains, 1)
	assert.Contains(t, r.Remains[0], "1 call of the customer is running")
	assert.True(t, r.Known)
	assert.Equal(t, 2, r.Journal.Calls)

	close(onErased)
	e.ended("journal.db", 2)
	r = e.erase(exitDone)
	assert.False(t, r.Known)
	assert.Empty(t, r.Remains)
	assert.Empty(t, e.traces(), "while the others still call")
	close(on)
	calling.Wait()
	assert.EqualValues(t, others+1, handedOn.Load(), "nobody else was disturbed")
	e.ended("journal.db", others+2)
	assert.Equal(t, []string{fmt.Sprint(others)}, e.query("journal.db", `SELECT count(DISTINCT customer) FROM calls
		WHERE customer LIKE 'C-1%'`))
	stop()
	assert.Empty(t, e.traces())
}
