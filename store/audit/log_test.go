package audit

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"countersign/session/event/eventtest"
	"countersign/store/sqlite"
)

// auditLog is an audit log with n entries, a day apart. The first is as earlier versions wrote it, without a user.
func auditLog(t testing.TB, n int) *Log {
	t.Helper()
	now := eventtest.Noon
	a, err := Open(deadline(t), filepath.Join(t.TempDir(), "audit.db"),
		Options{Now: func() time.Time { now = now.AddDate(0, 0, 1); return now }})
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	for i := range n {
		e := Entry{Actor: "anna@desk", Action: LineApplied, Object: "line retail", Detail: fmt.Sprint("version ", i+1)}
		if i > 0 {
			e.User = "root@desk"
		}
		_, err := a.Append(deadline(t), e)
		require.NoError(t, err)
	}
	return a
}

// tamper changes the file as somebody could who knows SQLite: without the triggers.
func tamper(t *testing.T, a *Log, script string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+a.db.Path)
	require.NoError(t, err)
	defer db.Close()
	for _, name := range []string{
		"entries_follow_each_other", "entries_are_not_changed", "entries_are_not_removed", "start_moves_along_the_chain",
		"start_moves_over_old_entries",
		"start_is_not_replaced", "start_is_not_removed",
	} {
		_, err = db.Exec("DROP TRIGGER " + name)
		require.NoError(t, err)
	}
	_, err = db.Exec(script)
	require.NoError(t, err)
}

func TestTheAuditLogSaysWhoDidWhat(t *testing.T) {
	t.Parallel()
	a := auditLog(t, 3)
	written, err := a.Append(deadline(t), Entry{Actor: "ben@desk", Action: Unlocked, Object: "customer 0a1b"})
	require.NoError(t, err)
	var got []Entry
	add := func(e Entry) error { got = append(got, e); return nil }
	require.NoError(t, a.List(deadline(t), Filter{Action: Unlocked}, add))
	assert.Equal(t, []Entry{written}, got)
	got = nil
	require.NoError(t, a.List(deadline(t),
		Filter{From: eventtest.Noon.AddDate(0, 0, 2).Truncate(time.Millisecond),
			To: eventtest.Noon.AddDate(0, 0, 4).Truncate(time.Millisecond)}, add))
	require.Len(t, got, 2)
	assert.Equal(t, "version 2", got[0].Detail)
	s, err := a.Verify(deadline(t))
	require.NoError(t, err)
	assert.Equal(t, State{Entries: 4, Head: written.head(), Noted: 4}, s)
	h, err := ParseHead(s.Head.String())
	require.NoError(t, err)
	assert.Equal(t, s.Head, h)
	for _, bad := range []string{"", "4", "4:", "x:" + h.Hash, "0:" + h.Hash, "4:" + h.Hash[1:], "4:zz" + h.Hash[2:] +
		"@2026-11-21T08:00:00Z", "4:" + h.Hash, "4:" + h.Hash + "@today"} {
		_, err := ParseHead(bad)
		assert.Error(t, err, bad)
	}
}

func TestTheHashOfAnEntryIsWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	e := Entry{N: 1, Time: time.UnixMilli(1_700_000_000_123), Actor: "anna@desk", Action: Erased, Object: "customer 0a1b",
		Detail: "ü"}
	// { head -c 32 /dev/zero; printf '[1,1700000000123,"anna@desk","erased","customer 0a1b","ü"]'; } | sha256sum
	assert.Equal(t, "943dc3247837637f074c98b969a90dd7503ea6f7085f815ca4fea3b635002264",
		fmt.Sprintf("%x", e.chained(make([]byte, 32))))
	// { head -c 32 /dev/zero; printf '[1,1700000000123,"anna@desk","erased","customer 0a1b","ü","root@desk"]'; } \
	//	| sha256sum
	e.User = "root@desk"
	assert.Equal(t, "493bc9503acdb2ec9f288601923463842d97495394ff571daedb2699677c03c5",
		fmt.Sprintf("%x", e.chained(make([]byte, 32))))
}

func TestTheAuditLogIsOnlyAddedTo(t *testing.T) {
	t.Parallel()
	a := auditLog(t, 3)
	for _, script := range []string{
		`UPDATE entries SET actor = 'nobody' WHERE n = 2`,
		`DELETE FROM entries WHERE n = 3`,
		`DELETE FROM entries WHERE n = 1`,
		`INSERT OR REPLACE INTO entries SELECT 2, time, actor, action, object, 'other', hash, user FROM entries WHERE n = 2`,
		`INSERT INTO entries SELECT 9, time, actor, action, object, detail, hash, user FROM entries WHERE n = 2`,
		`UPDATE start SET n = 2, hash = zeroblob(32)`,
		`UPDATE start SET n = 2, hash = (SELECT hash FROM entries WHERE n = 2)`,
		`INSERT OR REPLACE INTO start SELECT 1, n, hash FROM entries WHERE n = 2`,
		`DELETE FROM start`,
	} {
		_, err := a.db.Write.Exec(script)
		assert.ErrorContains(t, err, "the audit log", script)
	}
	s, err := a.Verify(deadline(t))
	require.NoError(t, err)
	assert.EqualValues(t, 3, s.Entries)
}

func TestTheChainShowsWhereItIsBroken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		at     int64
		says   string
	}{
		"a user is changed":    {`UPDATE entries SET user = 'nobody@desk' WHERE n = 3`, 3, "changed"},
		"a user is taken out":  {`UPDATE entries SET user = '' WHERE n = 2`, 2, "changed"},
		"an entry is changed":  {`UPDATE entries SET actor = 'nobody' WHERE n = 3`, 3, "changed"},
		"an entry is removed":  {`DELETE FROM entries WHERE n = 3`, 3, "entry 3 was removed"},
		"entries are removed":  {`DELETE FROM entries WHERE n IN (2, 3)`, 2, "entries 2 to 3 were removed"},
		"the first is removed": {`DELETE FROM entries WHERE n = 1`, 1, "entry 1 was removed"},
		"one is removed, others move up": {`DELETE FROM entries WHERE n = 3; UPDATE entries SET n = n - 1 WHERE n > 3`, 3,
			"changed"},
		"one is put in": {`UPDATE entries SET n = -n WHERE n > 2; UPDATE entries SET n = 1 - n WHERE n < 0;
			INSERT INTO entries SELECT 3, time, actor, action, object, 'in', hash, user FROM entries WHERE n = 2`,
			3, "inserted"},
		"the last is taken off": {`DELETE FROM entries WHERE n = 5`, 5, "entry 5 was removed from the end"},
		"all are":               {`DELETE FROM entries`, 1, "entries 1 to 5 were removed from the end"},
		"the beginning is cut off": {`UPDATE start SET n = 2, hash = (SELECT hash FROM entries WHERE n = 2);
			DELETE FROM entries WHERE n < 3`, 1, "entries 1 to 2 were removed, and no entry records it"},
		"the beginning is missing": {`DELETE FROM start`, 1, "where it begins"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := auditLog(t, 5)
			tamper(t, a, c.script)
			_, err := a.Verify(deadline(t))
			var chain *ChainError
			require.ErrorAs(t, err, &chain)
			assert.Equal(t, c.at, chain.N)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestACleverTruncationShowsAgainstTheHeadsThatWereNoted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		at     int64
		says   string
	}{
		"the last entry": {`DELETE FROM entries WHERE n > 4; UPDATE sqlite_sequence SET seq = 4`, 5,
			"entry 5 was removed from the end"},
		"the last two": {`DELETE FROM entries WHERE n > 3; UPDATE sqlite_sequence SET seq = 3`, 4,
			"entries 4 to 5 were removed from the end"},
		"everything": {`DELETE FROM entries; UPDATE sqlite_sequence SET seq = 0`, 1,
			"entries 1 to 5 were removed from the end"},
		"and others put there": {`DELETE FROM entries WHERE n > 3; UPDATE sqlite_sequence SET seq = 3`, 4,
			"its hash is not the one that was noted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := auditLog(t, 5)
			s, err := a.Verify(deadline(t))
			require.NoError(t, err)
			assert.Equal(t, 5, s.Noted)
			tamper(t, a, c.script)
			if name == "and others put there" {
				for range 3 { // nothing else can fill the gap
					_, err = a.Append(deadline(t), Entry{Actor: "x", Action: Erased})
					require.NoError(t, err)
				}
			}
			var chain *ChainError
			_, err = a.Verify(deadline(t))
			require.ErrorAs(t, err, &chain)
			assert.Equal(t, c.at, chain.N)
			assert.ErrorContains(t, err, c.says)

			require.NoError(t, os.Remove(a.headsPath()))
			after, err := a.Verify(deadline(t))
			require.NoError(t, err, "nothing is left here that reveals it")
			assert.Zero(t, after.Noted)
			_, err = a.Verify(deadline(t), s.Head)
			assert.ErrorContains(t, err, "noted", "a head kept elsewhere reveals it")
		})
	}
}

// A note that is missing, or that a crash cut off, is no sign of tampering.
func TestHeadsThatACrashKeptFromBeingNotedAreNoError(t *testing.T) {
	t.Parallel()
	a := auditLog(t, 3)
	text, err := os.ReadFile(a.headsPath())
	require.NoError(t, err)
	require.Equal(t, 3, bytes.Count(text, []byte("\n")))
	last := len(text) / 3
	for cut := 1; cut <= last; cut++ {
		require.NoError(t, os.WriteFile(a.headsPath(), text[:len(text)-cut], 0o600))
		s, err := a.Verify(deadline(t))
		require.NoError(t, err, cut)
		whole := 2
		if cut == 1 { // only the newline is missing
			whole = 3
		}
		assert.Equal(t, whole, s.Noted)
		if cut > 1 && cut%20 != 0 {
			continue
		}
		_, err = a.Append(deadline(t), Entry{Actor: "x", Action: Erased})
		require.NoError(t, err)
		s, err = a.Verify(deadline(t))
		require.NoError(t, err)
		assert.Equal(t, whole+1, s.Noted, "the next note is not lost with it")
	}
}

// trimmed is an audit log of which three of six entries were removed because their time was over, and what Verify
// said before.
func trimmed(t *testing.T) (*Log, State) {
	a := auditLog(t, 6)
	whole, err := a.Verify(deadline(t))
	require.NoError(t, err)
	a.now = func() time.Time { return eventtest.Noon.AddDate(0, 0, 60) }
	n, err := a.Trim(deadline(t), eventtest.Noon.AddDate(0, 0, 4).Truncate(time.Millisecond), "countersign")
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	return a, whole
}

func TestEntriesWhoseTimeIsOverAreRemovedAndTheChainHolds(t *testing.T) {
	t.Parallel()
	a, before := trimmed(t)
	s, err := a.Verify(deadline(t), before.Head)
	require.NoError(t, err)
	assert.EqualValues(t, 4, s.Entries, "three, and the one that records the removal")
	assert.EqualValues(t, 3, s.Removed)
	n, err := a.Trim(deadline(t), eventtest.Noon.AddDate(0, 0, 4).Truncate(time.Millisecond), "countersign")
	require.NoError(t, err)
	assert.Zero(t, n, "a second time")

	a.now = func() time.Time { return eventtest.Noon.AddDate(0, 0, 100) }
	for range 2 {
		n, err = a.Trimmable(deadline(t), eventtest.Noon.AddDate(0, 0, 90))
		require.NoError(t, err)
		assert.EqualValues(t, 4, n, "counting changes nothing")
	}
	n, err = a.Trim(deadline(t), eventtest.Noon.AddDate(0, 0, 90), "countersign")
	require.NoError(t, err)
	assert.EqualValues(t, 4, n, "all of them")
	s, err = a.Verify(deadline(t), before.Head, s.Head)
	require.NoError(t, err)
	assert.EqualValues(t, 1, s.Entries)
	_, err = a.Append(deadline(t), Entry{Actor: "x", Action: Erased})
	require.NoError(t, err)
	tamper(t, a, `DELETE FROM entries WHERE action = 'audit_trimmed'; UPDATE start SET n = n + 1`)
	_, err = a.Verify(deadline(t))
	assert.Error(t, err)
}

func TestNoEntryIsRemovedWithinThirtyDays(t *testing.T) {
	t.Parallel()
	a := auditLog(t, 6) // each reading of the clock is a day later
	n, err := a.Trim(deadline(t), eventtest.Noon.AddDate(10, 0, 0), "countersign")
	require.NoError(t, err)
	assert.Zero(t, n)
	a.now = func() time.Time { return eventtest.Noon.AddDate(0, 0, 33) }
	n, err = a.Trim(deadline(t), eventtest.Noon.AddDate(10, 0, 0), "countersign")
	require.NoError(t, err)
	assert.EqualValues(t, 2, n)
	_, err = a.Verify(deadline(t))
	require.NoError(t, err)
}

// A crash in the middle of a Trim leaves an entry, and everything that it speaks of.
func TestATrimThatACrashCutOffIsNoError(t *testing.T) {
	t.Parallel()
	a := auditLog(t, 3)
	now := eventtest.Noon.AddDate(0, 0, 60)
	a.now = func() time.Time { return now }
	_, err := a.db.Write.Exec(`CREATE TRIGGER crash BEFORE DELETE ON entries BEGIN SELECT raise(ABORT, 'crash'); END`)
	require.NoError(t, err)
	_, err = a.Trim(deadline(t), eventtest.Noon.AddDate(0, 0, 20), "countersign")
	require.ErrorContains(t, err, "crash")
	s, err := a.Verify(deadline(t))
	require.NoError(t, err)
	assert.EqualValues(t, 4, s.Entries)
	_, err = a.db.Write.Exec(`DROP TRIGGER crash`)
	require.NoError(t, err)
	n, err := a.Trim(deadline(t), eventtest.Noon.AddDate(0, 0, 20), "countersign")
	require.NoError(t, err)
	assert.EqualValues(t, 3, n)
	s, err = a.Verify(deadline(t))
	require.NoError(t, err)
	assert.EqualValues(t, 2, s.Entries)
}

// cutFront takes the first three entries off as somebody could who knows the source, and says that their time was over.
func cutFront(t *testing.T, a *Log, last Head, at time.Time) Head {
	t.Helper()
	tamper(t, a, "SELECT 1")
	says := Entry{N: 4, Time: at, Actor: "node", Action: Trimmed, Object: "audit", Detail: trimDetail(last)}
	hash, err := hex.DecodeString(last.Hash)
	require.NoError(t, err)
	_, err = a.db.Write.Exec(`DELETE FROM entries`)
	require.NoError(t, err)
	_, err = a.db.Write.Exec(`UPDATE start SET n = ?, hash = ?`, last.N, hash)
	require.NoError(t, err)
	sum := says.chained(hash)
	_, err = a.db.Write.Exec(`INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, '')`, says.N, at.UnixMilli(), says.Actor,
		says.Action, says.Object, says.Detail, sum)
	require.NoError(t, err)
	says.Hash = hex.EncodeToString(sum)
	return says.head()
}

func TestEntriesTakenOffTheBeginningShowAgainstTheHeadsThatWereNoted(t *testing.T) {
	t.Parallel()
	soon, later := eventtest.Noon.AddDate(0, 0, 4).Truncate(time.Millisecond), eventtest.Noon.AddDate(1, 0,
		0).Truncate(time.Millisecond)
	for name, c := range map[string]struct {
		other, old bool // give the last removed entry another hash; claim that it is old
		at, now    time.Time
		note       bool // also note the entry that records the removal
		says       string
	}{
		"the log was written anew": {other: true, old: true, at: later, now: later, note: true,
			says: "its hash is not the one that was noted"},
		"they are young": {at: soon, now: soon, note: true,
			says: "it was removed when it was 72h0m0s old"},
		"they are said to be old": {old: true, at: soon, now: soon, note: true,
			says: "it was removed when it was 72h0m0s old"},
		"the removal is said to be still to do": {at: later, now: soon, note: true,
			says: "it was removed when it was 72h0m0s old"},
		"the removal was never noted": {at: later, now: later, says: "entry 4, which records it, was never noted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := auditLog(t, 3)
			whole, err := a.Verify(deadline(t))
			require.NoError(t, err)
			last := whole.Head
			if c.other {
				last.Hash = strings.Repeat("07", sha256.Size)
			}
			if c.old {
				last.Time = eventtest.Noon.AddDate(-1, 0, 0)
			}
			says := cutFront(t, a, last, c.at)
			a.now = func() time.Time { return c.now }
			known := []Head{whole.Head}
			if c.note {
				require.NoError(t, a.note(Entry{N: says.N, Hash: says.Hash, Time: says.Time}))
				known = append(known, says)
			}
			var chain *ChainError
			_, err = a.Verify(deadline(t))
			require.ErrorAs(t, err, &chain)
			assert.ErrorContains(t, err, c.says)

			require.NoError(t, os.Remove(a.headsPath()))
			_, err = a.Verify(deadline(t), known...)
			require.ErrorAs(t, err, &chain, "a head kept elsewhere reveals it, too")
		})
	}
}

func TestAWholeLogIsWholeWhileOthersWriteAndTrimIt(t *testing.T) {
	t.Parallel()
	a := auditLog(t, 3)
	var days atomic.Int64
	a.now = func() time.Time { return eventtest.Noon.AddDate(0, 0, int(days.Load())) }
	var group errgroup.Group
	stop := make(chan struct{})
	group.Go(func() error {
		defer close(stop)
		for range 60 {
			now := eventtest.Noon.AddDate(0, 0, int(days.Add(40)))
			if _, err := a.Append(t.Context(), Entry{Actor: "x", Action: Imported}); err != nil {
				return err
			}
			if _, err := a.Trim(t.Context(), now.AddDate(0, 0, -35), "countersign"); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		for {
			if _, err := a.Verify(t.Context()); err != nil {
				return err
			}
			select {
			case <-stop:
				return nil
			default:
			}
		}
	})
	require.NoError(t, group.Wait())
}

func TestSeveralProcessesWriteOneChain(t *testing.T) {
	t.Parallel()
	a := auditLog(t, 0)
	b, err := Open(deadline(t), a.db.Path, Options{})
	require.NoError(t, err)
	defer b.Close()
	a.now = time.Now
	ctx := deadline(t)
	var group errgroup.Group
	for i := range 8 {
		group.Go(func() error {
			for range 10 {
				err := sqlite.ErrBusy
				for errors.Is(err, sqlite.ErrBusy) { // retry when too slow
					_, err = []*Log{a, b}[i%2].Append(ctx, Entry{Actor: "x", Action: Imported})
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	s, err := a.Verify(deadline(t))
	require.NoError(t, err)
	assert.EqualValues(t, 80, s.Entries)
	assert.Equal(t, 80, s.Noted)
}
