package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"countersign/session/event"
)

// ErasedCustomer stands in the journal where the id of a customer was that is erased, so that counts stay what they are.
const ErasedCustomer = "erased"

// Removed counts the rows that were removed, by table.
type Removed map[string]int

// Erase removes everything about a customer. Whoever is not there has nothing to remove. That they were erased is remembered under their Alias, for Erased. traces are what
// the files may still hold of it, for Search; the caller wipes them.
func (d *Directory) Erase(ctx context.Context, customer string) (removed Removed, traces Traces, err error) {
	if traces, err = d.tracesOf(ctx, customer); err != nil {
		return nil, nil, err
	}
	removed = Removed{}
	err = d.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, table := range []string{"phones", "identifiers", "credentials", "sealed"} {
			if removed[table], err = remove(ctx, tx, `DELETE FROM `+table+` WHERE customer = ?`, customer); err != nil {
				return err
			}
		}
		removed["customers"], err = remove(ctx, tx, `DELETE FROM customers WHERE id = ?`, customer)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO erased VALUES (?, ?) ON CONFLICT DO UPDATE SET at = excluded.at`, d.Alias(customer), d.now().UnixMilli())
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("erase from %s: %w", filepath.Base(d.db.path), err)
	}
	return removed, traces, nil
}

func remove(ctx context.Context, tx *sql.Tx, query string, args ...any) (rows int, err error) {
	done, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// ErasedCalls is what Erase found in the journal.
type ErasedCalls struct {
	// Calls are those on which the customer was named, and Events how many of their events were changed.
	Calls  []string
	Events int
	// Running is how many of the calls are going on: what they still write names the customer again.
	Running int
	// Unpublished is the last place in the outbox that such an event has, 0 if all of them are published.
	Unpublished int64
}

// eraseCalls is how many calls are changed in one transaction.
const eraseCalls = 50

// Erase takes a customer out of the journal: id, name, address for the screen pop, and the caller's last four digits. The calls themselves and what can be
// counted stay, also in the outbox.
func (j *Journal) Erase(ctx context.Context, customer string) (found ErasedCalls, err error) {
	found.Calls, err = collect(ctx, j.db, scanString, `SELECT call FROM calls WHERE customer = ?1
		UNION SELECT call FROM events WHERE json ->> '$.data.customer' = ?1`, customer)
	if err != nil {
		return found, err
	}
	for from := 0; from < len(found.Calls); from += eraseCalls {
		calls := found.Calls[from:min(len(found.Calls), from+eraseCalls)]
		err := j.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, call := range calls {
				if err := eraseCall(ctx, tx, call, customer, &found); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return found, fmt.Errorf("erase from %s: %w", filepath.Base(j.db.path), err)
		}
	}
	return found, nil
}

func eraseCall(ctx context.Context, tx *sql.Tx, call, customer string, found *ErasedCalls) error {
	// Several customers may be named on one call: names go with the id beside them.
	n, err := remove(ctx, tx, `UPDATE events SET json = json_remove(json_replace(json, '$.data.customer', ?3), '$.data.name', '$.data.pop_url')
		WHERE call = ?1 AND json ->> '$.data.customer' = ?2`, call, customer, ErasedCustomer)
	if err != nil {
		return err
	}
	found.Events += n
	n, err = remove(ctx, tx, `UPDATE events SET json = json_remove(json, '$.data.caller_last4') WHERE call = ? AND fact = ? AND json ->> '$.data.caller_last4' IS NOT NULL`,
		call, string(event.FactCallStarted))
	if err != nil {
		return err
	}
	found.Events += n
	if _, err := tx.ExecContext(ctx, `UPDATE calls SET customer = ? WHERE call = ? AND customer = ?`, ErasedCustomer, call, customer); err != nil {
		return err
	}
	var running bool
	err = tx.QueryRowContext(ctx, `SELECT ended IS NULL FROM calls WHERE call = ?`, call).Scan(&running)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if running {
		found.Running++
	}
	var waits sql.NullInt64
	if err := tx.QueryRowContext(ctx, `SELECT max(o.n) FROM outbox o JOIN events e ON e.id = o.event WHERE e.call = ?`, call).Scan(&waits); err != nil {
		return err
	}
	found.Unpublished = max(found.Unpublished, waits.Int64)
	return nil
}

// AwaitPublished returns when the outbox is empty up to and with N = upTo, or with ctx's error.
func (j *Journal) AwaitPublished(ctx context.Context, upTo int64) error {
	for {
		var first sql.NullInt64
		if err := j.db.read.QueryRowContext(ctx, `SELECT min(n) FROM outbox`).Scan(&first); err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		if !first.Valid || first.Int64 > upTo {
			return nil
		}
		if err := pause(ctx, outboxLook); err != nil {
			return err
		}
	}
}

const outboxLook = 20 * time.Millisecond

// tracesOf reads what is on file about a customer, and about nobody else. With many customers that takes seconds, in which others can write.
func (d *Directory) tracesOf(ctx context.Context, customer string) (traces Traces, err error) {
	values, err := collect(ctx, d.db, func(r row) (value []byte, err error) { return value, r.Scan(&value) },
		`SELECT name FROM customers WHERE id = ?1 UNION ALL SELECT e164 FROM phones WHERE customer = ?1
		UNION ALL SELECT value FROM identifiers WHERE customer = ?1 UNION ALL SELECT hash FROM credentials WHERE customer = ?1
		UNION ALL SELECT box FROM sealed WHERE customer = ?1`, customer)
	if err != nil {
		return nil, err
	}
	for _, value := range append([][]byte{[]byte(customer)}, values...) {
		shared, err := d.shared(ctx, customer, value)
		if err != nil {
			return nil, err
		}
		if !shared {
			traces.add(value)
		}
	}
	return append(traces, named(customer)), nil
}

// named is how an event names a customer.
func named(customer string) []byte {
	return slices.Concat([]byte(`"customer":"`), inJSON([]byte(customer)), []byte(`"`))
}

// inJSON is how text stands in an event: Smith & Sons as Smith \u0026 Sons.
func inJSON(value []byte) []byte {
	quoted, err := json.Marshal(string(value))
	if err != nil {
		panic(err) // strings can be written
	}
	return quoted[1 : len(quoted)-1]
}

// Least lengths of what is looked for, in bytes.
const (
	leastText   = 5
	leastDigits = 8
)

// Traceable says whether text is long enough to be looked for: what is shorter turns up by chance.
func Traceable(text string) bool {
	if strings.Trim(text, "+0123456789") == "" {
		return len(text) >= leastDigits
	}
	return len(text) >= leastText
}

// add adds a value that can be looked for, as it is and as events spell it.
func (t *Traces) add(value []byte) {
	if !Traceable(string(value)) {
		return
	}
	*t = append(*t, bytes.Clone(value))
	if !utf8.Valid(value) {
		return
	}
	if spelled := inJSON(value); !bytes.Equal(spelled, value) {
		*t = append(*t, spelled)
	}
}

// shared says that others have a value too: a name, or the number of a family.
func (d *Directory) shared(ctx context.Context, customer string, value []byte) (shared bool, err error) {
	if !utf8.Valid(value) {
		return false, nil // a hash, or a sealed secret
	}
	err = d.db.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM customers WHERE id <> ?2 AND (instr(id, ?1) OR instr(name, ?1)))
		OR EXISTS (SELECT 1 FROM phones WHERE customer <> ?2 AND instr(e164, ?1)) OR EXISTS (SELECT 1 FROM identifiers WHERE customer <> ?2 AND instr(value, ?1))`,
		string(value), customer).Scan(&shared)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", filepath.Base(d.db.path), err)
	}
	return shared, nil
}
