package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"countersign/freeswitch/sim"
	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/journal"
)

// lockFile holds a write transaction on a database, as another program might, until unlock.
func lockFile(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite3", path+"?_txlock=immediate&_busy_timeout=60000")
	require.NoError(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	unlock = sync.OnceFunc(func() {
		_ = tx.Rollback()
		assert.NoError(t, db.Close())
	})
	t.Cleanup(unlock)
	return unlock
}

// smallDisk is a disk of its own under the data folder of the next node, and what fills it.
func (s *site) smallDisk(node string) (fill, free func()) {
	s.t.Helper()
	return smallDisk(s.t, filepath.Join(s.dir, node), 24)
}

// smallDisk puts a disk of so many megabytes at a folder.
func smallDisk(t *testing.T, folder string, megabytes int) (fill, free func()) {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	if err := syscall.Mount("none", folder, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		t.Skipf("a full disk needs a file system of its own, which only root may mount: run as root on Linux: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	filler := filepath.Join(folder, "filler")
	return func() { fillDisk(t, filler) }, func() { require.NoError(t, os.Remove(filler)) }
}

// fillDisk takes all the room that is left.
func fillDisk(t *testing.T, filler string) {
	t.Helper()
	f, err := os.OpenFile(filler, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

func (n *node) journal() string { return filepath.Join(n.s.dir, n.name, "journal.db") }

// rightPIN is a call that is verified.
func rightPIN() sim.CallOptions {
	return sim.CallOptions{From: "+15550001111", To: "5200", Caller: keys("ask-account", "100042", "ask-pin", "246813")}
}

// calls places calls, a few at once: more would be guesses.
func (n *node) calls(count int) []sim.Result {
	all := make([]sim.Result, count)
	var calling errgroup.Group
	calling.SetLimit(3)
	for i := range all {
		calling.Go(func() error { all[i] = n.call(rightPIN()); return nil })
	}
	_ = calling.Wait()
	return all
}

// assertInTheJournalOnce checks that the journal and NATS have every event of the calls, each once, and that they say
// what the callers got.
func (n *node) assertInTheJournalOnce(calls []sim.Result) {
	t := n.s.t
	t.Helper()
	for _, r := range calls {
		published := n.s.journey(r)
		written, err := readCall(t, n.journal(), r.Variables["cs_call"])
		require.NoError(t, err)
		require.Len(t, written, len(published), "each event once")
		folded := event.FoldCall(written)
		assert.True(t, folded.Complete)
		assert.Equal(t, r.Variables["cs_status"], string(folded.Status))
		assert.Equal(t, r.Destination, folded.Destination)
	}
	waiting, _, err := journal.Spilled(n.journal())
	require.NoError(t, err)
	assert.Zero(t, waiting)
}

func readCall(t *testing.T, path, call string) ([]event.Event, error) {
	t.Helper()
	j, err := journal.OpenReadOnly(t.Context(), path)
	require.NoError(t, err)
	defer j.Close()
	return j.Call(t.Context(), call)
}

func TestWhateverEndsTheProcessWhileTheJournalCannotBeWrittenNoCallIsLost(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*testing.T, *node){
		"kill -9": func(_ *testing.T, n *node) { n.kill() },
		"SIGTERM": func(t *testing.T, n *node) { assert.Equal(t, exitDone, n.stop(), n.log()) },
		"nothing": func(*testing.T, *node) {},
	}
	outages := map[string]func(*site) (begin, end func()){
		"full disk": func(s *site) (begin, end func()) { return s.smallDisk("n1") },
		"locked journal": func(s *site) (begin, end func()) {
			var unlock func()
			return func() { unlock = lockFile(s.t, s.nodes[0].journal()) }, func() { unlock() }
		},
	}
	for outage, prepare := range outages {
		for end, ended := range ends {
			t.Run(outage+", "+end, func(t *testing.T) {
				t.Parallel()
				s := siteWithoutNodes(t, adaAndBob, "")
				begin, over := prepare(s)
				s.add("n1")
				n := s.nodes[0]
				s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
				calls := n.calls(2)
				begin()
				calls = append(calls, n.calls(12)...)
				for _, r := range calls {
					assert.Equal(t, "verified", r.Variables["cs_status"])
				}
				waiting, _, err := journal.Spilled(n.journal())
				require.NoError(t, err)
				assert.Positive(t, waiting)
				ended(t, n)
				over()
				if end != "nothing" {
					n.start()
				}
				n.assertInTheJournalOnce(calls)
				require.Eventually(t, func() bool {
					status, _ := n.ask("GET", "/readyz", "")
					return status == http.StatusOK
				}, patience, 20*time.Millisecond)
				assert.NotContains(t, n.log(), "lost")
			})
		}
	}
}

// fillSpill leaves no room in the spill of a service that is stopped, and locks its journal.
func (n *node) fillSpill() (unlock func()) {
	t := n.s.t
	t.Helper()
	const room = 8 << 20
	j, err := journal.Open(t.Context(), n.journal(), journal.Options{Spill: room})
	require.NoError(t, err)
	unlock = lockFile(t, n.journal())
	const big = 200_000
	for i := range room / (big + 1000) {
		require.NoError(t, j.Append(eventtest.Of("filler", i+1, event.CallEnded{Cause: strings.Repeat("x", big)})))
	}
	for i := range 3000 { // and what is left
		require.NoError(t, j.Append(eventtest.Of("more", i+1, event.CallEnded{End: event.EndAbandoned})))
	}
	now, cancel := context.WithCancel(t.Context())
	cancel()
	var lost *journal.LostError
	require.ErrorAs(t, j.Close(now), &lost, "the spill is full")
	return unlock
}

func TestWithTheSpillFullAsWellCallersGoToAPersonUnverified(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, adaAndBob, "")
	n := s.nodes[0]
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	n.stop()
	unlock := n.fillSpill()
	n.start()
	calls := n.calls(4)
	for _, r := range calls {
		assert.Equal(t, "agents XML default", r.Destination)
		assert.Equal(t, "identified", r.Variables["cs_status"])
		assert.Equal(t, "unavailable", r.Variables["cs_reason"])
	}
	require.Eventually(t, func() bool {
		status, text := n.ask("GET", "/readyz", "")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "its spill is full")
	}, patience, 20*time.Millisecond)
	code, stdout, _ := countersign(t, "", "--config", s.config("n1"), "--data", filepath.Join(s.dir, "n1"), "doctor")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "journal.spill, because the journal could not be written")
	unlock()
	n.assertInTheJournalOnce(calls)
	for _, r := range n.calls(2) {
		assert.Equal(t, "verified", r.Variables["cs_status"])
	}
}

func TestAStartOnAFullDiskSaysThatItIsFull(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string][]string{
		"nothing is gone":                    nil, // the room of the spill is there: calls are taken
		"an older version reserved no spill": {"journal.spill"},
		"a first start":                      {"journal.db", "journal.db.created", "journal.spill"},
		"no note of the customers":           {"directory.db.created"},
		"no prompts":                         {"prompts"},
		"a folder without databases": {
			"journal.db", "journal.db.created", "journal.spill", "directory.db", "directory.db.created",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := siteWithoutNodes(t, adaAndBob, "")
			fill, free := s.smallDisk("n1")
			s.add("n1")
			n := s.nodes[0]
			s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
			n.kill()
			for _, file := range gone {
				require.NoError(t, os.RemoveAll(n.file(file)))
			}
			fill()
			if len(gone) == 0 {
				n.start()
				assert.Equal(t, "verified", n.call(rightPIN()).Variables["cs_status"])
				assert.Equal(t, exitDone, n.stop(), n.log())
				return
			}
			code, _, stderr := n.run("serve")
			assert.Equal(t, exitFailed, code)
			assert.NotContains(t, stderr, "another program")
			assert.Regexp(t, `no space left on device|database or disk is full`, stderr)
			assert.Contains(t, stderr, "make room")
			free()
			n.start()
		})
	}
}
