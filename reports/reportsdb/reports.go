// Package reportsdb keeps reports.db: the facts of every call, the sums that reports are made of, and when scheduled
// reports ran. It is built from events alone, each counted once, and can be rebuilt from them. Its views are a contract
// (docs/reports.md).
package reportsdb

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

//go:embed migrations
var migrations embed.FS

// Events are acknowledged to the stream once they are stored here, so they must survive a power cut.
var schema = sqlite.Schema{Application: 0x43537265 /* CSre */, Synchronous: "FULL", Name: "reports",
	Anew: "to count again what NATS and the journal still have", Rebuild: "countersign report rebuild", Files: migrations}

// Options are the options of Reports. The zero value works.
type Options struct {
	// Log gets events that cannot be counted. Default: nothing is logged.
	Log *slog.Logger
	// Anew: make a new file even if there was one that is gone.
	Anew bool
}

// Reader reads reports.db and changes nothing. It is safe for use by several goroutines.
type Reader struct{ db *sqlite.DB }

// OpenReadOnly opens the file as sqlite.OpenReadOnly does. The caller closes the Reader.
func OpenReadOnly(ctx context.Context, path string) (*Reader, error) {
	db, err := sqlite.OpenReadOnly(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	return &Reader{db: db}, nil
}

// Reports write the facts of every call to a file whose views analysts may query (docs/reports.md). They are made of
// events alone: each counts once, by its id, in whatever order and however often it comes. Methods are safe for use by
// several goroutines, and several processes may have the file open.
type Reports struct {
	Reader
	log   *slog.Logger
	kinds kindNumbers
}

// Open opens or creates the file. An *OpenError explains what is wrong.
func Open(ctx context.Context, path string, o Options) (*Reports, error) {
	if o.Anew {
		if err := sqlite.Forget(path); err != nil {
			return nil, err
		}
	}
	db, err := sqlite.Open(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Reports{Reader: Reader{db: db}, log: o.Log}, nil
}

// DB is a read-only pool of connections.
func (r *Reader) DB() *sql.DB { return r.db.Read }

// Close closes the file.
func (r *Reader) Close() error { return r.db.Close() }

// Consumer is the name of this file's reader of the stream. Another file, or this one after Reset, has another name, so
// that each gets every event.
func (r *Reader) Consumer(ctx context.Context) (string, error) {
	var id string
	if err := r.db.Read.QueryRowContext(ctx, "SELECT consumer FROM place").Scan(&id); err != nil {
		return "", fmt.Errorf("read reports: %w", err)
	}
	return "reports-" + id, nil
}

// CountedUntil notes that everything that reached the stream until then is counted. Earlier times than before change
// nothing.
func (r *Reports) CountedUntil(ctx context.Context, until time.Time) error {
	err := r.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE place SET counted_until = ?1 WHERE coalesce(counted_until, 0) < ?1",
			until.UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("write reports: %w", err)
	}
	return nil
}

// Apply counts events, all of them or none, and returns how many were new. Replays and events without a call are left
// out.
func (r *Reports) Apply(ctx context.Context, events []event.Event) (fresh int, err error) {
	byCall := r.byCall(events)
	if len(byCall) == 0 {
		return 0, nil
	}
	var found map[callKind]int64
	err = r.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		fresh = 0
		sums := newSums()
		calls := slices.Sorted(maps.Keys(byCall))
		known, err := knownCalls(ctx, tx, calls)
		if err != nil {
			return err
		}
		for _, call := range calls {
			n, err := applyToCall(ctx, tx, call, known[call], byCall[call], sums)
			if err != nil {
				return fmt.Errorf("call %s: %w", call, err)
			}
			fresh += n
		}
		found, err = sums.write(ctx, tx, &r.kinds)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("write reports: %w", err)
	}
	r.kinds.remember(found)
	return fresh, nil
}

// byCall groups the countable events by call, without fields that reports do not use.
func (r *Reports) byCall(events []event.Event) map[string][]event.Event {
	calls := map[string][]event.Event{}
	for _, e := range events {
		if e.Replay != "" || e.Data == nil || !e.OfCall() {
			continue
		}
		switch d := e.Data.(type) {
		case event.Identified:
			d.Name, d.PopURL, d.Proof = "", "", ""
			e.Data = d
		case event.Verified:
			d.Name, d.PopURL, d.Proof = "", "", ""
			e.Data = d
		case event.Failed:
			d.PopURL, d.Proof = "", ""
			e.Data = d
		}
		if e.Seq < 1 || e.ID != event.ID(e.Call, e.Seq) {
			r.log.Warn("event not counted, its id does not match its call and number", "event", e.ID, "call", e.Call,
				"seq", e.Seq)
			continue
		}
		if !countable(e) { // it would be refused for ever, and block all events after it
			r.log.Error("event not counted, its time is impossible", "event", e.ID, "time", e.Time)
			continue
		}
		calls[e.Call] = append(calls[e.Call], e)
	}
	return calls
}

// knownCall is what is stored of a call: its row, or 0, and the events kept until it is complete.
type knownCall struct {
	n        int64
	complete bool
	row      callRow
	events   []event.Event
}

// knownCalls reads what is stored of calls. Unknown calls are missing in the result.
func knownCalls(ctx context.Context, tx *sql.Tx, calls []string) (map[string]knownCall, error) {
	list, err := json.Marshal(calls)
	if err != nil {
		return nil, err
	}
	known := map[string]knownCall{}
	err = eachRow(ctx, tx, func(row *sql.Rows) error {
		var call string
		var k knownCall
		err := row.Scan(&call, &k.n, &k.complete, &k.row.line, &k.row.started, &k.row.counted, &k.row.anonymous)
		known[call] = k
		return err
	}, `SELECT call, n, complete, line, started, counted, complete AND coalesce(customer, caller_last4, channel) IS NULL
		FROM call_data WHERE call IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return nil, err
	}
	err = eachRow(ctx, tx, func(row *sql.Rows) error {
		e, err := readEvent(row)
		k := known[e.Call]
		k.events = append(k.events, e)
		known[e.Call] = k
		return err
	}, "SELECT json FROM events WHERE call IN (SELECT value FROM json_each(?)) ORDER BY call, seq", string(list))
	return known, err
}

func eachRow(ctx context.Context, tx *sql.Tx, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// longest is a time that no call takes, even if its end was noticed much later.
const longest = 10 * 366 * dayWidth

// countable says whether the times of an event can be added up.
func countable(e event.Event) bool {
	fits := func(ms int64) bool { return -longest <= ms && ms <= longest }
	switch d := e.Data.(type) {
	case event.CallEnded:
		if !fits(d.Milliseconds) {
			return false
		}
	case event.StepFinished:
		if !fits(d.Milliseconds) || slices.ContainsFunc(d.Attempts, func(a event.Attempt) bool {
			return !fits(a.Milliseconds)
		}) {
			return false
		}
	}
	if f, ok := agentFactOf(e); ok && !(fits(f.waitedMs) && fits(f.rangMs) && fits(f.talkedMs)) {
		return false
	}
	year := e.Time.UTC().Year()
	return 1970 <= year && year < 3000
}

// applyToCall counts what is new about a call: our part, and what agents did with it afterwards.
func applyToCall(
	ctx context.Context, tx *sql.Tx, call string, known knownCall, more []event.Event, sums *sums,
) (fresh int, err error) {
	var own []event.Event
	var agents []agentFact
	for _, e := range more {
		if f, ok := agentFactOf(e); ok {
			agents = append(agents, f)
		} else {
			own = append(own, e)
		}
	}
	report, fresh, err := applyOwnPart(ctx, tx, call, known, own, sums)
	if err != nil {
		return 0, err
	}
	var row *callRow
	switch {
	case known.n != 0:
		row = &known.row
	case report != nil:
		row = &callRow{line: report.line, started: report.started, counted: report.counted()}
	}
	added, err := applyAgents(ctx, tx, call, row, known.n == 0 && row != nil, agents, sums)
	return fresh + added, err
}

// applyOwnPart derives the call again from all its events, and returns it; nil if nothing is new or its start is not
// known.
func applyOwnPart(
	ctx context.Context, tx *sql.Tx, call string, known knownCall, more []event.Event, sums *sums,
) (after *reportedCall, fresh int, err error) {
	if known.complete || len(more) == 0 {
		return nil, 0, nil
	}
	before := reportOf(known.events)
	all, added := merge(known.events, more)
	if len(added) == 0 {
		return nil, 0, nil
	}
	after = reportOf(all)
	if after != nil && after.complete {
		if len(known.events) > 0 {
			_, err = tx.ExecContext(ctx, "DELETE FROM events WHERE call = ?", call)
		}
	} else {
		err = keepEvents(ctx, tx, added)
	}
	if err != nil {
		return nil, 0, err
	}
	if after != nil {
		if err := after.write(ctx, tx, known.n); err != nil {
			return nil, 0, err
		}
	}
	sums.add(before, -1)
	sums.add(after, 1)
	return after, len(added), nil
}

// merge inserts events in order, and returns those that were new.
func merge(known, more []event.Event) (all, added []event.Event) {
	all = slices.Clone(known)
	for _, e := range more {
		at, found := slices.BinarySearchFunc(all, e.Seq, func(e event.Event, seq int) int { return cmp.Compare(e.Seq, seq) })
		if !found {
			all, added = slices.Insert(all, at, e), append(added, e)
		}
	}
	return all, added
}

func keepEvents(ctx context.Context, tx *sql.Tx, events []event.Event) error {
	for _, e := range events {
		body, err := e.MarshalJSON()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO events (call, seq, json) VALUES (?, ?, ?)", e.Call, e.Seq,
			string(body)); err != nil {
			return err
		}
	}
	return nil
}

// Reset forgets all calls that began at since or later, rounded up to a day (UTC), so that they can be counted again
// from a stream that goes back that far. Older ones stay. The zero time forgets everything.
func (r *Reports) Reset(ctx context.Context, since time.Time) error {
	from := int64(-1 << 62)
	if !since.IsZero() {
		from = bucket(since.UnixMilli()+dayWidth-1, dayWidth)
	}
	err := r.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range []string{
			"DELETE FROM events WHERE call IN (SELECT call FROM call_data WHERE started >= ?1) " +
				"OR call NOT IN (SELECT call FROM call_data)",
			"DELETE FROM agent_data WHERE call IN (SELECT call FROM call_data WHERE started >= ?1) " +
				"OR call NOT IN (SELECT call FROM call_data)",
			"DELETE FROM call_data WHERE started >= ?1",
			"DELETE FROM tallies WHERE started >= ?1",
			"DELETE FROM questions WHERE started >= ?1",
			"DELETE FROM step_tallies WHERE started >= ?1",
			"DELETE FROM kind_days WHERE started >= ?1",
		} {
			if _, err := tx.ExecContext(ctx, statement, from); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE place SET consumer = lower(hex(randomblob(8))), counted_until = NULL")
		return err
	})
	if err != nil {
		return fmt.Errorf("reset reports: %w", err)
	}
	return nil
}

func readEvent(row *sql.Rows) (e event.Event, err error) {
	var body []byte
	if err := row.Scan(&body); err != nil {
		return e, err
	}
	err = e.UnmarshalJSON(body)
	return e, err
}
