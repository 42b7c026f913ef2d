package journal

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// ExportOptions select the calls to export. The zero value selects all.
type ExportOptions struct {
	// From and To bound the start of a call: From <= start < To. The zero time is no bound.
	From, To time.Time
	// Calls are ids of calls; none selects every call.
	Calls []string
	// Last selects that many calls, the latest; 0 selects all.
	Last int
	// Erased selects only calls that named a customer who has been erased.
	Erased bool
}

// Export calls each with the JSON of every event of the selected calls, in the order in which they were journalled.
// each may keep body. Export reads a snapshot of the journal while calls go on.
func (j *Reader) Export(ctx context.Context, o ExportOptions, each func(body []byte) error) error {
	query := `SELECT e.json FROM events e LEFT JOIN calls c ON c.call = e.call WHERE true`
	var args []any
	if !o.From.IsZero() {
		query, args = query+` AND c.started >= ?`, append(args, o.From.UnixMilli())
	}
	if !o.To.IsZero() {
		query, args = query+` AND c.started < ?`, append(args, o.To.UnixMilli())
	}
	if len(o.Calls) > 0 {
		ids, err := json.Marshal(o.Calls)
		if err != nil {
			return err
		}
		query, args = query+` AND e.call IN (SELECT value FROM json_each(?))`, append(args, string(ids))
	}
	if o.Last > 0 {
		query, args = query+` AND e.call IN (SELECT call FROM calls ORDER BY started DESC, call DESC LIMIT ?)`, append(args,
			o.Last)
	}
	if o.Erased {
		query, args = query+` AND e.call IN (SELECT call FROM calls WHERE customer = ?
			UNION SELECT call FROM events WHERE json ->> '$.data.customer' = ?)`,
			append(args, event.ErasedCustomer, event.ErasedCustomer)
	}
	rows, err := j.db.Read.QueryContext(ctx, query+` ORDER BY e.rowid`, args...)
	if err != nil {
		return fmt.Errorf("export the journal: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return fmt.Errorf("export the journal: %w", err)
		}
		if err := each(body); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("export the journal: %w", err)
	}
	return nil
}

// Event returns the JSON of an event by its id.
func (j *Reader) Event(ctx context.Context, id string) (body []byte, found bool, err error) {
	err = j.db.Read.QueryRowContext(ctx, `SELECT json FROM events WHERE id = ?`, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the journal: %w", err)
	}
	return body, true, nil
}

// Find returns the call with this id; if there is none, up to ten calls whose id ends so.
func (j *Reader) Find(ctx context.Context, idOrEnd string) ([]string, error) {
	exact, err := sqlite.Collect(ctx, j.db, sqlite.ScanString, `SELECT call FROM calls WHERE call = ?`, idOrEnd)
	if err != nil || len(exact) > 0 {
		return exact, err
	}
	return sqlite.Collect(ctx, j.db, sqlite.ScanString, `SELECT call FROM calls
		WHERE substr(call, -length(?1)) = ?1 ORDER BY started DESC LIMIT 10`, idOrEnd)
}

// importGroup is how many events share a transaction. In between, the running service can write.
const importGroup = 1000

// Imported is the result of an import.
type Imported struct {
	// Events is how many the file had; New is how many of them were not in the journal before.
	Events int `json:"events"`
	New    int `json:"new"`
	// Erased is how many calls named a customer who has been erased; they are anonymised now.
	Erased int `json:"erased_calls"`
}

// Import reads events that another journal exported, one a line. Events with a known id are left as they are; none is
// published again. A call that was running when it was exported does not run here: it counts as ended without a
// call_ended event. Erased customers are removed from their calls, as by Erase.
//
// Import stops at the first line that cannot be imported, with an *event.LineError; the lines before it are imported.
// CheckImport finds such lines beforehand.
func (j *Journal) Import(ctx context.Context, r io.Reader, erased event.Erased, progress func(Imported)) (done Imported,
	err error) {
	var group []entry
	calls := map[string]bool{} // of erased customers
	write := func() error {
		added, err := j.importGroup(ctx, group, erased, calls)
		if err != nil {
			return fmt.Errorf("import into the journal: %w", err)
		}
		done.Events, done.New, done.Erased, group = done.Events+len(group), done.New+added, len(calls), group[:0]
		if progress != nil {
			progress(done)
		}
		return nil
	}
	err = readImport(r, func(n entry) error {
		if group = append(group, n); len(group) < importGroup {
			return nil
		}
		return write()
	})
	if bad := (*event.LineError)(nil); err == nil || errors.As(err, &bad) {
		err = errors.Join(write(), err)
	}
	if done.Erased > 0 { // the log may hold the data that was removed again
		err = errors.Join(err, j.db.EmptyLog(ctx))
	}
	return done, err
}

func (j *Journal) importGroup(ctx context.Context, group []entry, erased event.Erased,
	calls map[string]bool) (added int, err error) {
	if len(group) == 0 {
		return 0, context.Cause(ctx)
	}
	err = j.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, n := range group {
			isNew, err := n.keep(ctx, tx)
			if err != nil {
				return fmt.Errorf("write event %s: %w", n.id, err)
			}
			if !isNew {
				continue
			}
			added++
			if err := eraseImported(ctx, tx, erased, n, calls); err != nil {
				return fmt.Errorf("write call %s: %w", n.call, err)
			}
			if n.ended.Valid {
				continue
			}
			_, err = tx.ExecContext(ctx, `UPDATE calls SET ended = ? WHERE call = ? AND ended IS NULL`, n.time, n.call)
			if err != nil {
				return fmt.Errorf("write call %s: %w", n.call, err)
			}
		}
		return nil
	})
	return added, err
}

// CheckImport reads a file as Import does, without changing anything.
func CheckImport(r io.Reader) (events int, err error) {
	err = readImport(r, func(entry) error { events++; return nil })
	return events, err
}

var errReplayed = errors.New("a replayed event cannot be imported: remove the lines with \"replay\"")

func readImport(r io.Reader, each func(entry) error) error {
	return event.ReadLines(r, func(line int, body []byte, e event.Event) error {
		if e.Replay != "" {
			return &event.LineError{Line: line, Err: errReplayed}
		}
		n, err := newEntry(e)
		if err != nil {
			return &event.LineError{Line: line, Err: err}
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, body); err != nil {
			return &event.LineError{Line: line, Err: err}
		}
		n.body = strings.ToValidUTF8(compact.String(), "\uFFFD") // keeps the fields of later versions
		return each(n)
	})
}
