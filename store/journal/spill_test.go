package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"countersign/internal/crashtest"
	"countersign/internal/retry"
	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/sqlite"
)

// locked calls f while another connection writes to the journal and does not end.
func locked(ctx context.Context, path string, f func() error) error {
	other, err := sqlite.Open(ctx, path, schema)
	if err != nil {
		return err
	}
	return errors.Join(other.InTx(ctx, func(context.Context, *sql.Tx) error { return f() }), other.Close())
}

// spillUntilKilled prints a line for every event that Sync says is safe, while the journal is locked.
func spillUntilKilled(path string) error {
	ctx := context.Background()
	j, err := Open(ctx, path, Options{Spill: 1 << 20})
	if err != nil {
		return err
	}
	return locked(ctx, path, func() error {
		for i := 0; ; i++ {
			all := steps(fmt.Sprint("call-", i), 10)
			if err := errors.Join(j.Append(all...), j.Sync(ctx)); err != nil {
				return err
			}
			for _, e := range all {
				fmt.Println(e.ID)
			}
		}
	})
}

func TestAProcessKilledWhileTheJournalIsLockedLosesNothing(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"the next service": {Spill: 1 << 20}, "the next command": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "journal.db")
			synced := crashtest.KillAfter(t, 200, "spill", path, nil)
			waiting, _, err := Spilled(path)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, waiting, 200)
			j := openJournal(t, path, o)
			require.NoError(t, j.Append(steps("after", 1)...))
			require.NoError(t, j.awaitWritten(deadline(t)))
			got := pending(t, j)
			assert.Equal(t, synced, got[:200], "in order, each once")
			assert.Equal(t, "after.1", got[len(got)-1])
			require.NoError(t, j.Close(deadline(t)))
			again := openJournal(t, path, o)
			assert.Equal(t, got, pending(t, again), "a second start adds nothing")
		})
	}
}

func TestALockedJournalHoldsNobodyUpAndGetsEverythingLater(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{Spill: 1 << 20, interval: time.Millisecond})
	before := steps("before", 3)
	require.NoError(t, j.Append(before...))
	require.NoError(t, j.awaitWritten(deadline(t)))
	want := append(before, steps("locked", 250)...)
	require.NoError(t, locked(deadline(t), path, func() error {
		for _, e := range want[3:] {
			require.NoError(t, j.Append(e))
		}
		require.NoError(t, j.Sync(deadline(t)), "safe without the journal")
		assert.Len(t, pending(t, j), 3, "the journal is locked")
		s := j.Status()
		assert.Equal(t, [2]int{250, 250}, [2]int{s.Waiting, s.InSpill})
		return nil
	}))
	require.NoError(t, j.awaitWritten(deadline(t)))
	assert.Equal(t, idsOf(want), pending(t, j))
	assertEmptySpill(t, path)
	assert.Zero(t, j.Status())
}

// assertEmptySpill checks that a spill holds nothing of its events, at the latest soon.
func assertEmptySpill(t *testing.T, path string) {
	t.Helper()
	var text []byte
	soon := deadline(t)
	for text = []byte("?"); len(bytes.Trim(text, "\x00")) > 0; {
		require.NoError(t, retry.Pause(soon, time.Millisecond))
		var err error
		text, err = os.ReadFile(SpillPath(path))
		require.NoError(t, err)
	}
	waiting, size, err := Spilled(path)
	require.NoError(t, err)
	assert.Zero(t, waiting)
	assert.EqualValues(t, len(text), size, "its room stays reserved")
}

func TestWithTheSpillFullAsWellSyncSaysSoAtOnce(t *testing.T) {
	t.Parallel()
	log, book := newLog()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{Spill: 4096, Log: log, firstRetry: time.Millisecond})
	require.NoError(t, j.Append(steps("a", 1)...))
	require.NoError(t, j.awaitWritten(deadline(t)))
	fillDisk(t, j)
	want := append(steps("a", 1), steps("b", 300)...)
	require.NoError(t, j.Append(want[1:]...))
	for range 3 {
		var unkept *UnkeptError
		require.ErrorAs(t, j.Sync(deadline(t)), &unkept)
		assert.True(t, sqlite.IsFull(unkept), unkept)
	}
	s := j.Status()
	assert.True(t, s.Full)
	assert.Equal(t, 300, s.Waiting)
	assert.Positive(t, s.InSpill, "what fits is in the spill")
	assert.Less(t, s.InSpill, 300)
	require.Error(t, s.Err)
	healDisk(t, j)
	require.NoError(t, j.awaitWritten(deadline(t)))
	assert.Equal(t, idsOf(want), pending(t, j))
	assertEmptySpill(t, path)
	assert.Equal(t, 1, strings.Count(book.String(), "the spill of the journal is full, calls go on unverified"), book)
	assert.Zero(t, j.Status())

	fillDisk(t, j)
	require.NoError(t, j.Append(steps("c", 5)...))
	require.NoError(t, j.Sync(deadline(t)), "the spill has room again")
}

func TestAServiceThatStopsWhileTheDiskIsFullLeavesItsEventsInTheSpill(t *testing.T) {
	t.Parallel()
	log, book := newLog()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{Spill: 1 << 20, Log: log})
	fillDisk(t, j)
	want := steps("a", 300)
	require.NoError(t, j.Append(want...))
	now, cancel := context.WithCancel(deadline(t))
	cancel()
	require.NoError(t, j.Close(now))
	assert.Contains(t, book.String(), "events are not in the journal yet, they follow at the next start")
	waiting, _, err := Spilled(path)
	require.NoError(t, err)
	assert.Equal(t, 300, waiting)
	again := openJournal(t, path, Options{Spill: 1 << 20})
	require.NoError(t, again.awaitWritten(deadline(t)))
	assert.Equal(t, idsOf(want), pending(t, again))
}

func TestACommandThatCannotWriteTheSpilledEventsFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	crashtest.KillAfter(t, 10, "spill", path, nil)
	require.NoError(t, locked(deadline(t), path, func() error {
		soon, cancel := context.WithTimeout(deadline(t), time.Second)
		defer cancel()
		_, err := Open(soon, path, Options{})
		assert.ErrorContains(t, err, "journal.spill")
		return nil
	}))
	waiting, _, err := Spilled(path)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, waiting, 10, "they are kept")
}

func TestInterruptedCallsAreEndedByWhatTheSpillSays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{Spill: 1 << 20})
	start := event.CallStarted{Channel: "ch"}
	routed := event.Routed{Outcome: "verified", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK}
	require.NoError(t, j.Append(eventtest.Of("half", 1, start), eventtest.Of("over", 1, start)))
	require.NoError(t, j.awaitWritten(deadline(t)))
	fillDisk(t, j)
	ended := event.CallEnded{End: event.EndAbandoned, Status: event.StatusNone}
	late := []event.Event{eventtest.Of("half", 2, routed), eventtest.Of("over", 2, ended), eventtest.Of("new", 1, start)}
	for i := range 90 { // more than fits into the pages that the file has
		late = append(late, eventtest.Of("filler", i+1, ended))
	}
	require.NoError(t, j.Append(late...))
	now, cancel := context.WithCancel(deadline(t))
	cancel()
	require.NoError(t, j.Close(now))

	again := openJournal(t, path, Options{Spill: 1 << 20})
	n, err := again.EndInterrupted(deadline(t), "/countersign/a", eventtest.Noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	require.NoError(t, again.awaitWritten(deadline(t)))
	got := slices.DeleteFunc(pending(t, again), func(id string) bool { return strings.HasPrefix(id, "filler") })
	slices.Sort(got)
	assert.Equal(t, []string{"half.1", "half.2", "half.3", "new.1", "new.2", "over.1", "over.2"}, got)
	half, err := again.Call(deadline(t), "half")
	require.NoError(t, err)
	assert.Equal(t, event.EndRouted, half[2].Data.(event.CallEnded).End)
}

func TestASpillReadsUpToWhatIsDamaged(t *testing.T) {
	t.Parallel()
	whole := func() []byte {
		path := filepath.Join(t.TempDir(), "journal.db")
		s, _, err := openSpill(SpillPath(path), 8192)
		require.NoError(t, err)
		var entries []entry
		for _, e := range steps("a", 5) {
			n, err := newEntry(e)
			require.NoError(t, err)
			entries = append(entries, n)
		}
		n, err := s.put(entries)
		require.NoError(t, err)
		require.Equal(t, 5, n)
		require.NoError(t, s.close())
		text, err := os.ReadFile(SpillPath(path))
		require.NoError(t, err)
		return text
	}()
	found := readSpilled(whole)
	one := found.bytes / 5
	for _, c := range []struct {
		name   string
		damage func(text []byte) []byte
		events int
	}{
		{"whole", func(text []byte) []byte { return text }, 5},
		{"no bytes", func([]byte) []byte { return nil }, 0},
		{"zeros", func(text []byte) []byte { clear(text); return text }, 0},
		{"cut in a record", func(text []byte) []byte { return text[:3*one+20] }, 3},
		{"cut in a length", func(text []byte) []byte { return text[:2*one+2] }, 2},
		{"one bit flipped", func(text []byte) []byte { text[one+50] ^= 4; return text }, 1},
		{"a length beyond the end", func(text []byte) []byte { text[4*one+3] = 0xff; return text }, 4},
		{"a length that is negative", func(text []byte) []byte { copy(text[one:], "\xff\xff\xff\xff"); return text }, 1},
		{"zeros in between", func(text []byte) []byte { clear(text[2*one : 3*one]); return text }, 2},
		{"something else", func(text []byte) []byte { return bytes.Repeat([]byte("not a spill "), 100) }, 0},
		{"another database", func([]byte) []byte { return append([]byte("SQLite format 3\x00"), make([]byte, 4096)...) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "journal.db")
			require.NoError(t, os.WriteFile(SpillPath(path), c.damage(bytes.Clone(whole)), 0o600))
			j := openJournal(t, path, Options{Spill: 8192})
			require.NoError(t, j.Append(steps("b", 2)...))
			require.NoError(t, j.awaitWritten(deadline(t)))
			assert.Equal(t, append(idsOf(steps("a", c.events)), "b.1", "b.2"), pending(t, j))
			assertEmptySpill(t, path)
		})
	}
}

func TestTheSpillBelongsToOneProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	service := openJournal(t, path, Options{Spill: 1 << 20})
	fillDisk(t, service)
	require.NoError(t, service.Append(steps("a", 90)...))
	require.NoError(t, service.Sync(deadline(t)))
	command := openJournal(t, path, Options{})
	assert.Nil(t, command.spill)
	require.NoError(t, command.Close(deadline(t)))
	assert.Equal(t, 90, service.Status().InSpill)
	healDisk(t, service)
	require.NoError(t, service.awaitWritten(deadline(t)))
	assert.Len(t, pending(t, service), 90)
}

func TestACommandGivesTheSpillBackOnceTheJournalHasIt(t *testing.T) {
	t.Parallel()
	for name, events := range map[string]int{"with events": 10, "empty": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "journal.db")
			if events > 0 {
				crashtest.KillAfter(t, events, "spill", path, nil)
			} else {
				require.NoError(t, openJournal(t, path, Options{Spill: 1 << 20}).Close(deadline(t)))
			}
			command := openJournal(t, path, Options{})
			assertEmptySpill(t, path)
			service := openJournal(t, path, Options{Spill: 1 << 20, spillWait: 1})
			require.NotNil(t, service.spill)
			had := len(pending(t, service))
			assert.GreaterOrEqual(t, had, events)
			require.NoError(t, locked(deadline(t), path, func() error {
				return errors.Join(service.Append(steps("b", 5)...), service.Sync(deadline(t)))
			}))
			require.NoError(t, service.awaitWritten(deadline(t)))
			assert.Len(t, pending(t, command), had+5)
		})
	}
}

func TestAServiceWaitsForTheCommandThatHasTheSpill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	synced := crashtest.KillAfter(t, 10, "spill", path, nil)
	command, _, err := openSpill(SpillPath(path), 0)
	require.NoError(t, err)
	log, book := newLog()
	opened := make(chan *Journal, 1)
	go func() {
		j, err := Open(deadline(t), path, Options{Spill: 1 << 20, Log: log})
		assert.NoError(t, err)
		opened <- j
	}()
	for soon := deadline(t); !strings.Contains(book.String(), "another Countersign uses the spill of the journal"); {
		require.NoError(t, retry.Pause(soon, time.Millisecond))
	}
	assert.Empty(t, opened)
	require.NoError(t, command.close())
	j := <-opened
	require.NotNil(t, j)
	defer func() { require.NoError(t, j.Close(deadline(t))) }()
	require.NotNil(t, j.spill)
	require.NoError(t, j.awaitWritten(deadline(t)))
	assert.Equal(t, synced, pending(t, j)[:10])
}

func TestAServiceDoesNotStartWithoutTheSpillThatAnotherHas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	other, _, err := openSpill(SpillPath(path), 8192)
	require.NoError(t, err)
	_, err = Open(deadline(t), path, Options{Spill: 8192, spillWait: 1})
	require.ErrorContains(t, err, "journal.spill, is in use by another Countersign")
	stopped, stop := context.WithCancel(deadline(t))
	log, book := newLog()
	done := make(chan error, 1)
	go func() {
		_, err := Open(stopped, path, Options{Spill: 8192, Log: log})
		done <- err
	}()
	for soon := deadline(t); !strings.Contains(book.String(), "waiting for it"); {
		require.NoError(t, retry.Pause(soon, time.Millisecond))
	}
	stop()
	require.ErrorIs(t, <-done, context.Canceled)
	require.NoError(t, other.close())
	openJournal(t, path, Options{Spill: 8192})
}

// readOnly makes writes to the spill fail until restore is called.
func (s *spill) readOnly(t *testing.T) (restore func()) {
	t.Helper()
	writable := s.file
	file, err := os.Open(writable.Name())
	require.NoError(t, err)
	s.file = file
	return func() {
		s.file = writable
		require.NoError(t, file.Close())
	}
}

func TestASpillThatCannotBeEmptiedHidesNothingAndShowsNothingOld(t *testing.T) {
	t.Parallel()
	path := SpillPath(filepath.Join(t.TempDir(), "journal.db"))
	s, _, err := openSpill(path, 8192)
	require.NoError(t, err)
	var entries []entry
	for _, e := range steps("a", 6) {
		n, err := newEntry(e)
		require.NoError(t, err)
		entries = append(entries, n)
	}
	_, err = s.put(entries[:5])
	require.NoError(t, err)
	restore := s.readOnly(t)
	require.Error(t, s.empty())
	_, err = s.put(entries[5:])
	require.Error(t, err)
	restore()
	require.NoError(t, s.wipe(0, 4), "half overwritten")
	_, err = s.put(entries[5:])
	require.NoError(t, err)
	require.NoError(t, s.close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	found := readSpilled(text)
	if assert.Len(t, found.entries, 1) {
		assert.Equal(t, "a.6", found.entries[0].id)
	}
	assert.Empty(t, bytes.Trim(text[found.bytes:], "\x00"))
}

func TestASpillThatCannotBeEmptiedIsEmptiedLater(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func(*testing.T, *Journal){
		"with the next events": func(t *testing.T, j *Journal) {
			require.NoError(t, j.Append(steps("b", 1)...))
			require.NoError(t, j.awaitWritten(deadline(t)))
		},
		"at the stop": func(t *testing.T, j *Journal) { require.NoError(t, j.Close(deadline(t))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, book := newLog()
			path := filepath.Join(t.TempDir(), "journal.db")
			j := openJournal(t, path, Options{Spill: 1 << 20, Log: log, firstRetry: time.Millisecond})
			var restore func()
			require.NoError(t, locked(deadline(t), path, func() error {
				require.NoError(t, j.Append(steps("a", 5)...))
				require.NoError(t, j.Sync(deadline(t)))
				j.spilling.Lock()
				defer j.spilling.Unlock()
				restore = j.spill.readOnly(t)
				return nil
			}))
			require.NoError(t, j.awaitWritten(deadline(t)))
			j.spilling.Lock()
			waiting, _, err := Spilled(path)
			restore()
			j.spilling.Unlock()
			require.NoError(t, err)
			assert.Equal(t, 5, waiting)
			later(t, j)
			assertEmptySpill(t, path)
			assert.Equal(t, 1, strings.Count(book.String(), "the spill of the journal cannot be emptied"), book)
		})
	}
}

func TestThereIsNoSpillWithoutRoomForIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	require.NoError(t, os.Mkdir(SpillPath(path), 0o700))
	_, err := Open(deadline(t), path, Options{Spill: 8192})
	var o *sqlite.OpenError
	require.ErrorAs(t, err, &o)
	assert.Contains(t, o.Sentence, "journal.spill")
}

func TestManyCallsAtOnceAreSafeWhileTheJournalIsLocked(t *testing.T) {
	t.Parallel()
	const calls, each = 16, 100
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{Spill: 1 << 20})
	require.NoError(t, locked(deadline(t), path, func() error {
		var all errgroup.Group
		for c := range calls {
			all.Go(func() error {
				for _, e := range steps(fmt.Sprint("call-", c), each) {
					if err := errors.Join(j.Append(e), j.Sync(deadline(t))); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return all.Wait()
	}))
	require.NoError(t, j.awaitWritten(deadline(t)))
	assert.Len(t, pending(t, j), calls*each)
}

// While the journal fails and recovers again and again, every event gets there once and in order.
func TestOutagesComeAndGo(t *testing.T) {
	t.Parallel()
	const calls, each = 8, 60
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{Spill: 1 << 18, firstRetry: time.Millisecond, patience: time.Millisecond})
	done := make(chan struct{})
	var disk errgroup.Group
	disk.Go(func() error {
		for {
			select {
			case <-done:
				return nil
			default:
			}
			err := locked(context.Background(), path, func() error {
				return retry.Pause(context.Background(), 5*time.Millisecond)
			})
			if err != nil {
				return err
			}
		}
	})
	var all errgroup.Group
	for c := range calls {
		all.Go(func() error {
			for _, e := range steps(fmt.Sprint("call-", c), each) {
				if err := errors.Join(j.Append(e), j.Sync(deadline(t))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	close(done)
	require.NoError(t, disk.Wait())
	require.NoError(t, j.awaitWritten(deadline(t)))
	got, err := j.Pending(deadline(t), 0, math.MaxInt32)
	require.NoError(t, err)
	require.Len(t, got, calls*each)
	last := map[string]int{}
	for _, o := range got {
		var e event.Event
		require.NoError(t, e.UnmarshalJSON(o.Body))
		require.Equal(t, last[e.Call]+1, e.Seq, e.Call)
		last[e.Call] = e.Seq
	}
	assertEmptySpill(t, path)
}
