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

// ExportOptions say which calls to export. The zero value is all of them.
type ExportOptions struct {
	// From and To bound when a call started: From is the first moment, To the first one behind. The zero time is no bound.
	From, To time.Time
	// Calls are ids of calls; none means every call.
	Calls []string
	// Last is how many calls, those that started last; 0 means all.
	Last int
	// Erased is whether only calls are wanted that named a customer who is erased.
	Erased bool
}

// Export hands over the events of calls as they are published, whole calls, in the order in which they were journalled: each of them as JSON, to be kept.
// It sees one state of the journal, while calls go on.
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
		query, args = query+` AND e.call IN (SELECT call FROM calls ORDER BY started DESC, call DESC LIMIT ?)`, append(args, o.Last)
	}
	if o.Erased {
		query, args = query+` AND e.call IN (SELECT call FROM calls WHERE customer = ? UNION SELECT call FROM events WHERE json ->> '$.data.customer' = ?)`,
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

// Event is an event as it is published, by its id.
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

// Find returns the ids of the calls that have that id, or whose id ends so, up to ten of them.
func (j *Reader) Find(ctx context.Context, idOrEnd string) ([]string, error) {
	exact, err := sqlite.Collect(ctx, j.db, sqlite.ScanString, `SELECT call FROM calls WHERE call = ?`, idOrEnd)
	if err != nil || len(exact) > 0 {
		return exact, err
	}
	return sqlite.Collect(ctx, j.db, sqlite.ScanString, `SELECT call FROM calls WHERE substr(call, -length(?1)) = ?1 ORDER BY started DESC LIMIT 10`, idOrEnd)
}

// importGroup is how many events share a transaction, so that a journal that is in use can be written between them.
const importGroup = 1000

// Imported says what came of an import.
type Imported struct {
	// Events were in the file; New of them were not in the journal before.
	Events int `json:"events"`
	New    int `json:"new"`
	// Erased is how many calls named a customer who was erased since then, and now name nobody.
	Erased int `json:"erased_calls"`
}

// Import takes events into the journal that another one exported, one a line. Those that are there already, by their id, are left as they are; none is published
// again. A call that had not ended when it was exported is no call that runs here: it keeps what is known of it, without an end. Customers who were erased are taken out of
// their calls, as Journal.Erase does.
//
// It ends with the first line that cannot be imported, as an *event.LineError; those before it are in the journal. CheckImport finds such lines beforehand.
func (j *Journal) Import(ctx context.Context, r io.Reader, erased event.Erased, progress func(Imported)) (done Imported, err error) {
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
	if done.Erased > 0 { // last digits of telephone numbers may have been there for a moment
		err = errors.Join(err, j.db.EmptyLog(ctx))
	}
	return done, err
}

func (j *Journal) importGroup(ctx context.Context, group []entry, erased event.Erased, calls map[string]bool) (added int, err error) {
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
			if _, err := tx.ExecContext(ctx, `UPDATE calls SET ended = ? WHERE call = ? AND ended IS NULL`, n.time, n.call); err != nil {
				return fmt.Errorf("write call %s: %w", n.call, err)
			}
		}
		return nil
	})
	return added, err
}

// CheckImport reads a file as Import does, and changes nothing.
func CheckImport(r io.Reader) (events int, err error) {
	err = readImport(r, func(entry) error { events++; return nil })
	return events, err
}

// errReplayed is why a replayed event is not imported.
var errReplayed = errors.New("it is an event that was replayed, not one that happened: leave out what has \"replay\"")

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
		n.body = strings.ToValidUTF8(compact.String(), "\uFFFD") // what a later version added stays
		return each(n)
	})
}
