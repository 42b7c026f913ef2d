package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/lines/change"
	"countersign/lines/whatif"
	"countersign/ops/replay"
	"countersign/session/event"
)

// recordedCall is a call to the line retail, whose caller was wrong once and then right, or three times wrong.
func recordedCall(id string, at time.Time, right bool) (events []event.Event) {
	wrong := event.Attempt{Result: event.AttemptRejected, Milliseconds: 20}
	pin := event.StepFinished{
		Step: "pin", Result: event.StepFailed, Reason: event.ReasonWrongAnswer,
		Attempts: []event.Attempt{wrong, wrong, wrong},
	}
	decided, last := event.Data(event.Failed{
		Step: "pin", Reason: event.ReasonWrongAnswer, Status: event.StatusIdentified, Level: 1, Customer: "C-1",
	}), "failure"
	routed := event.Routed{
		Outcome: "identified", Destination: "agents XML default", Status: event.StatusIdentified, Level: 1,
		Reason: event.ReasonWrongAnswer,
	}
	if right {
		pin = event.StepFinished{
			Step: "pin", Result: event.StepPassed,
			Attempts: []event.Attempt{wrong, {Result: event.AttemptAccepted, Milliseconds: 20}},
		}
		decided, last = event.Verified{
			Customer: "C-1", Name: "Ada", Methods: []event.Method{"account", "pin"}, Status: event.StatusVerified, Level: 2,
		}, "confirmation"
		routed = event.Routed{
			Outcome: "verified", Destination: "menu XML default", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK,
		}
	}
	for i, d := range []event.Data{
		event.CallStarted{Channel: "leg " + id, CallerLast4: "0001", DialledLast4: "5000"},
		event.StepStarted{Step: "greeting"}, event.StepFinished{Step: "greeting", Result: event.StepPassed},
		event.StepStarted{Step: "ani"},
		event.StepFinished{Step: "ani", Result: event.StepSkipped, Reason: event.ReasonNotFound},
		event.StepStarted{Step: "account"},
		event.StepFinished{
			Step: "account", Result: event.StepPassed, Attempts: []event.Attempt{{Result: event.AttemptAccepted}},
		},
		event.Identified{Customer: "C-1", Name: "Ada", Method: event.MethodAccount, Status: event.StatusIdentified, Level: 1},
		event.StepStarted{Step: "pin"}, pin, decided,
		event.StepStarted{Step: last}, event.StepFinished{Step: last, Result: event.StepPassed}, routed,
		event.CallEnded{
			End: event.EndRouted, Status: routed.Status, Level: routed.Level, Reason: routed.Reason, Customer: "C-1",
			Methods: []event.Method{"account"},
		},
	} {
		events = append(events, event.Event{
			ID: event.ID(id, i+1), Source: "/countersign/test", Time: at.Add(time.Duration(i) * 20 * time.Millisecond), Call: id,
			Seq: i + 1, Line: "retail", LineVersion: 1, Data: d,
		})
	}
	return events
}

// writeRecorded writes calls to a file, as journal export does.
func writeRecorded(t *testing.T, path string, calls ...[]event.Event) string {
	t.Helper()
	var b strings.Builder
	for _, call := range calls {
		for _, e := range call {
			body, err := json.Marshal(e)
			require.NoError(t, err)
			fmt.Fprintf(&b, "%s\n", body)
		}
	}
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return b.String()
}

// recordedAt is noon of a day not long ago: what is too old is not published once more.
var recordedAt = time.Now().UTC().Truncate(day).Add(-5*day + 12*time.Hour)

// replaySite is a folder with a journal of three calls: two right, one wrong.
type replaySite struct {
	t                *testing.T
	dir, file, whole string
}

func newReplaySite(t *testing.T) *replaySite {
	t.Helper()
	s := &replaySite{t: t, dir: t.TempDir()}
	s.file = filepath.Join(s.dir, "calls.ndjson")
	s.whole = writeRecorded(t, s.file, recordedCall("call-one-00000001", recordedAt, true),
		recordedCall("call-two-00000002", recordedAt.Add(time.Hour), true),
		recordedCall("call-three-000003", recordedAt.Add(48*time.Hour), false))
	return s
}

func (s *replaySite) run(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	return countersign(s.t, "", append([]string{"--data", filepath.Join(s.dir, "data")}, args...)...)
}

func (s *replaySite) must(args ...string) (stdout string) {
	s.t.Helper()
	code, stdout, stderr := s.run(args...)
	require.Equal(s.t, exitDone, code, stderr)
	return stdout
}

func (s *replaySite) imported() *replaySite {
	s.t.Helper()
	assert.Equal(s.t, "45 events imported, 0 were there already; none was published\n",
		s.must("journal", "import", s.file))
	return s
}

func (s *replaySite) line(questions string) string {
	path := filepath.Join(s.dir, "retail.yaml")
	require.NoError(s.t, os.WriteFile(path, []byte(retail("5000", questions)), 0o600))
	return path
}

func TestAJournalGoesIntoAFileAndBack(t *testing.T) {
	t.Parallel()
	s := newReplaySite(t).imported()
	assert.Equal(t, "0 events imported, 45 were there already; none was published\n",
		s.must("journal", "import", s.file))
	assert.Equal(t, s.whole, s.must("journal", "export"))
	out := filepath.Join(s.dir, "out.ndjson")
	assert.Empty(t, s.must("journal", "export", "-o", out))
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, s.whole, string(text))
	info, err := os.Stat(out)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it names customers")

	assert.Equal(t, 15, strings.Count(s.must("journal", "export", "--call", "000003"), `"call":"call-three-000003"`))
	assert.Equal(t, 15, strings.Count(s.must("journal", "export", "--from", recordedAt.Add(day).Format(time.DateOnly)),
		"\n"))
	assert.Equal(t, 30, strings.Count(s.must("journal", "export", "--to", recordedAt.Add(day).Format(time.RFC3339)), "\n"))
	audited := s.must("audit", "list")
	assert.Contains(t, audited, "45 events")
	assert.Contains(t, audited, "exported")

	for args, words := range map[string][]string{
		"journal export --call nobody":                   {"no call", "nobody", "journal.db"},
		"journal export --call 0000000":                  {"there is no call"},
		"journal import " + s.dir:                        {s.dir, "folder"},
		"journal import " + s.dir + "/none":              {"none"},
		"--data " + s.dir + "/x journal export":          {"no journal", "--data"},
		"--data " + s.dir + "/x replay --speed 0 call-1": {"no file", "no journal"},
		"replay --speed 0 nobody":                        {"no call", "nobody"},
	} {
		code, _, stderr := s.run(strings.Fields(args)...)
		assert.Equal(t, exitFailed, code, args)
		oneSentence(t, stderr, words...)
	}
	require.NoDirExists(t, filepath.Join(s.dir, "x"))
}

func TestAFileWithGarbageIsNotImported(t *testing.T) {
	t.Parallel()
	s := newReplaySite(t)
	require.NoError(t, os.WriteFile(s.file, []byte(s.whole+"\ngarbage\n"), 0o600))
	code, _, stderr := s.run("journal", "import", s.file)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, s.file, "line 47", "nothing was imported")
	require.NoFileExists(t, filepath.Join(s.dir, "data", "journal.db"))

	code, _, stderr = countersign(t, s.whole+"garbage\n", "--data", filepath.Join(s.dir, "data"), "journal", "import", "-")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "line 46", "45 events were imported before that")
}

func TestACallIsShownOnceMore(t *testing.T) {
	t.Parallel()
	s := newReplaySite(t).imported()
	began := time.Now()
	stdout := s.must("replay", "--speed", "1", "00000001")
	assert.GreaterOrEqual(t, time.Since(began), 14*20*time.Millisecond, "in the time that it took")
	var lines []string
	for _, e := range recordedCall("call-one-00000001", recordedAt, true) {
		lines = append(lines, eventLine(e))
	}
	assert.Equal(t, strings.Join(lines, "\n")+"\n", stdout, "as watch shows it")
	assert.Contains(t, stdout, "[rejected accepted]")

	assert.Equal(t, stdout, s.must("replay", "--speed", "0", "call-one-00000001"))
	assert.Equal(t, 45, strings.Count(s.must("replay", "--speed", "0", s.file), "\n"))
	assert.Equal(t, 30, strings.Count(s.must("replay", "--speed", "0", "last:2"), "\n"))
	assert.Equal(t, s.whole, s.must("replay", "--speed", "0", "--json", s.file))
}

func TestAReplayIsPublishedOnceAndMarked(t *testing.T) {
	t.Parallel()
	s, n := newReplaySite(t).imported(), startLinesNATS(t)
	stdout := s.must("replay", "--publish", "--nats", n.url, "--speed", "0", s.file)
	assert.Equal(t, 45, strings.Count(stdout, "(replay)"))
	s.must("replay", "--publish", "--nats", n.url, "--speed", "0", "00000001")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got []event.Event
	_ = bus.Watch(ctx, n.endpoint, bus.WatchOptions{
		Since: time.Now().Add(-time.Hour), Log: slog.New(slog.DiscardHandler),
	}, func(e event.Event) {
		if got = append(got, e); len(got) == 60 {
			cancel()
		}
	})
	require.Len(t, got, 60)
	replays := map[string]int{}
	for i, e := range got {
		replays[e.Replay]++
		if e.Replay = ""; i < 15 {
			want := recordedCall("call-one-00000001", recordedAt, true)[i]
			switch d := want.Data.(type) {
			case event.Identified:
				d.Name = ""
				want.Data = d
			case event.Verified:
				d.Name = ""
				want.Data = d
			}
			assert.Equal(t, want, e, "but for the mark and names it is what happened")
		}
	}
	assert.Len(t, replays, 2, "each replay is one of its own")
	assert.NotContains(t, replays, "")
	assert.Contains(t, s.must("audit", "list", "--action", "replayed"), "45 events as ")

	old := filepath.Join(s.dir, "old.ndjson")
	writeRecorded(t, old, recordedCall("call-old-00000009", recordedAt.Add(-91*day), true))
	code, stdout, stderr := s.run("replay", "--publish", "--nats", n.url, "--speed", "0", old)
	assert.Equal(t, exitDone, code, stderr)
	assert.Empty(t, stdout, "NATS would keep it for as long again")
	assert.Contains(t, stderr, "15 events left out: older than retention.journal, 2160h0m0s")

	code, _, stderr = s.run("replay", "--publish", "--nats", "nats://127.0.0.1:1", "--speed", "0", s.file)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "NATS is away")
}

func TestACallThatIsTakenFromTheJournalWhileItIsShownIsNotShown(t *testing.T) {
	t.Parallel()
	s := newReplaySite(t).imported()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// 10 s between two events
	cmd := command(ctx, "--data", filepath.Join(s.dir, "data"), "replay", "--speed", "0.002", "00000001")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(out)
	_, err = lines.ReadString('\n')
	require.NoError(t, err)
	db, err := sql.Open("sqlite3", filepath.Join(s.dir, "data", "journal.db")+"?_busy_timeout=5000")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("DELETE FROM events WHERE call LIKE '%00000001'")
	require.NoError(t, err)
	var checkpoint, log, moved int
	require.NoError(t, db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&checkpoint, &log, &moved))
	assert.Zero(t, checkpoint, "the replay keeps nobody from the journal")
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	assert.LessOrEqual(t, strings.Count(string(rest), "\n"), 1, "but for the one that was waited for")
}

func TestWhatWouldHaveBecomeOfCallsOnAnotherLine(t *testing.T) {
	t.Parallel()
	s := newReplaySite(t).imported()
	same := s.must("replay", "--what-if", s.line("pin: {}"), "last:100")
	assert.Equal(t, "3 calls run on retail: 3 end as they did, 0 differently, 0 unknown\n", same)

	strict := s.must("replay", "--what-if", s.line("pin: {reasks: 0}"), s.file)
	assert.Contains(t, strict, "3 calls run on retail: 1 ends as it did, 2 differently, 0 unknown\n")
	assert.Contains(t, strict, "       2  verified to menu XML default → identified (wrong_answer) to agents XML "+
		"default\n")
	assert.Contains(t, strict, "00000001  retail  verified to menu XML default → identified (wrong_answer) to agents "+
		"XML default; pin: passed → failed wrong_answer\n")
	assert.Contains(t, s.must("replay", "--what-if", s.line("pin: {reasks: 0}"), "--limit", "1", s.file), "and 1 more")

	var got replay.Tried
	require.NoError(t, json.Unmarshal([]byte(s.must("replay", "--json", "--what-if", s.line("birth_date: {}, pin: {}"),
		"00000001")), &got))
	assert.Equal(t, whatif.Summary{
		Calls: 1, Unknown: 1, Changes: []whatif.Count{},
		Doubts: []whatif.Count{{What: "birth_date: not asked in the recorded call", Calls: 1}},
	}, got.Summary)
	assert.Equal(t, []string{"retail"}, got.Lines)

	other := filepath.Join(s.dir, "other.yaml")
	require.NoError(t, os.WriteFile(other,
		[]byte(strings.Replace(retail("5000", "pin: {}"), "line: retail", "line: other", 1)), 0o600))
	assert.Equal(t, "0 calls run on other: 0 end as they did, 0 differently, 0 unknown\n3 calls of other lines left out\n",
		s.must("replay", "--what-if", other, s.file))
	assert.Contains(t, s.must("replay", "--what-if", other, "--what-if", s.line("pin: {}"), s.file),
		"3 calls run on other, retail: 3 end as they did")

	code, _, stderr := s.run("replay", "--what-if", s.line("pinn: {}"), s.file)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "pinn")
	require.NoError(t, os.WriteFile(s.file, []byte(s.whole+"garbage\n"), 0o600))
	code, _, stderr = s.run("replay", "--what-if", s.line("pin: {}"), s.file)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, s.file, "line 46")
	for _, args := range []string{
		"replay", "replay a b", "replay --speed -1 x", "replay --what-if a.yaml --publish x",
		"replay --what-if a.yaml --speed 2 x", "replay last:0", "journal import",
	} {
		code, _, _ = s.run(strings.Fields(args)...)
		assert.Equal(t, exitWrongUse, code, args)
	}
}

func TestADryRunIsHeldAgainstRecordedCalls(t *testing.T) {
	t.Parallel()
	s, n := newReplaySite(t).imported(), startLinesNATS(t)
	stdout := n.must("apply", "--dry-run", "--against", s.file, s.line("pin: {reasks: 0}"))
	assert.Contains(t, stdout, "retail: not changed, would be version 1\n  new line\n\n3 calls run on retail: "+
		"1 ends as it did, 2 differently")
	assert.Contains(t, s.must("lines", "apply", "--nats", n.url, "--dry-run", "--against", "last:1", s.line("pin: {}")),
		"1 call run on retail: 1 ends as it did")
	var got struct {
		Changes []change.Change `json:"changes"`
		Against replay.Tried    `json:"against"`
	}
	require.NoError(t, json.Unmarshal([]byte(n.must("apply", "--dry-run", "--json", "--against", s.file,
		s.line("pin: {reasks: 0}"))), &got))
	assert.Len(t, got.Changes, 1)
	assert.Equal(t, 2, got.Against.Changed)
	code, _, stderr := n.run("", "apply", "--against", s.file, s.line("pin: {}"))
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "--dry-run")
}
