package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// erasable is a machine with customers, of whom one is to be erased.
type erasable struct {
	t     *testing.T
	data  string
	flags []string
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
	e := &erasable{t: t, data: t.TempDir(), secrets: []string{erasedID, erasedName, "+493090182077", "90817263", "7001882018"}}
	csv := &strings.Builder{}
	csv.WriteString("id,name,phones,account,pin,birth_date,passphrase,totp_secret,language,id:tracking,fact:postcode\n")
	for i := range 600 {
		n := (i * 7919) % 600
		fmt.Fprintf(csv, "C-%d,Somebody Else %d,+4930901%05d,%d,246813,1985-12-10,,,en,,\n", 1000+n, n, n, 10_000_000+n)
	}
	csv.WriteString(erasedID + "," + erasedName + ",+493090182077,90817263,975310,1972-03-09,magnet library tunnel,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,en,7001882018,10117\n")
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
	_, cfg, stopServe := startServe(e.t, e.data)
	e.flags = []string{"--config", cfg, "--data", e.data}
	return func() { assert.Equal(e.t, exitDone, stopServe()) }
}

func (e *erasable) run(args ...string) (code int, stdout, stderr string) {
	e.t.Helper()
	return countersign(e.t, "", append(e.flags, args...)...)
}

func (e *erasable) call(from, keys, status string) {
	e.t.Helper()
	code, stdout, stderr := e.run("call", "--from", from, "--keys", keys, "--speed", "50", "--json")
	require.Equal(e.t, exitDone, code, stderr)
	assert.Contains(e.t, stdout, `"cs_status":"`+status+`"`)
}

// calls lets the customer and somebody else call, with right and wrong PINs.
func (e *erasable) calls() {
	e.t.Helper()
	e.call("+493090182077", "975310#", "verified")
	e.call("+493090100007", "246813#", "verified")
	e.call("+493090182077", "111112#111113#111114#", "identified")
	e.call("+493090182077", "975310#", "verified")
	e.call("+493090182077", "111112#111113#111114#", "identified")
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
	found := e.query("directory.db", `SELECT hash FROM credentials WHERE customer = ?1 UNION ALL SELECT box FROM sealed WHERE customer = ?1`, erasedID)
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

func (e *erasable) erase(want int) receipt {
	e.t.Helper()
	code, stdout, stderr := e.run("customers", "erase", "--yes", "--json", erasedID)
	require.Equal(e.t, want, code, stderr)
	var r receipt
	require.NoError(e.t, json.Unmarshal([]byte(stdout), &r), stdout+stderr)
	return r
}

func (e *erasable) isErased(r receipt) {
	e.t.Helper()
	assert.Empty(e.t, r.Remains)
	assert.Empty(e.t, e.traces())
	assert.True(e.t, r.Known)
	assert.EqualValues(e.t, map[string]int{"customers": 1, "phones": 1, "identifiers": 2, "credentials": 4, "sealed": 1}, r.Directory)
	assert.Equal(e.t, 4, r.Journal.Calls)
	assert.Greater(e.t, r.Journal.Events, 4*3)
	assert.Greater(e.t, r.NATS.Events, 4*8, "all of the calls' events")
	assert.Equal(e.t, 4, r.NATS.Calls)
	assert.True(e.t, r.NATS.Attempts)
	assert.Equal(e.t, []string{"C-1007", "erased", "erased", "erased", "erased"}, e.query("journal.db", `SELECT customer FROM calls ORDER BY customer`), "what can be counted stays")
	assert.LessOrEqual(e.t, r.Reports.Calls, 4)
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
	e.call("+493090182077", "*", "none")
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
	e.call("+493090182077", "*", "none")
	stop()
	assert.Empty(t, e.traces())
}

func TestErasingSaysWhatRemainsWhileNATSIsAway(t *testing.T) {
	t.Parallel()
	e := newErasable(t)
	stop := e.serve()
	e.calls()
	stop()
	working := e.flags
	cfg := filepath.Join(t.TempDir(), "away.yaml")
	require.NoError(t, os.WriteFile(cfg, []byte("nats: {url: \"nats://127.0.0.1:9\"}"), 0o600))
	e.flags = []string{"--config", cfg, "--data", e.data}
	r := e.erase(exitFailed)
	require.NotEmpty(t, r.Remains)
	assert.Contains(t, r.Remains[0], "NATS is away")
	assert.Equal(t, 4, r.Journal.Calls, "what can be erased is")
	for _, file := range e.traces() {
		assert.Contains(t, file, "/nats/")
	}
	e.flags = working
	r = e.erase(exitDone)
	assert.False(t, r.Known)
	assert.Greater(t, r.NATS.Events, 4*8, "found by the customer's id alone")
	assert.Empty(t, e.traces())
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
	code, stdout, _ = e.run("customers", "erase", "--yes", "nobody")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, `there is no customer "nobody" in the directory; everything else was searched`)
}
