package customers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"
	"unicode/utf8"

	"countersign/session/event"
	"countersign/store/sqlite"
	"countersign/store/traces"
)

// Removed counts the rows that were removed, by table.
type Removed map[string]int

// Erase removes everything about a customer and notes the erasure under their Alias, for Erased. Erasing an unknown
// customer removes nothing. traces are the byte strings that files may still hold, for traces.Search; the caller
// wipes them.
func (d *Directory) Erase(ctx context.Context, customer string) (removed Removed, traces traces.Set, err error) {
	if traces, err = d.tracesOf(ctx, customer); err != nil {
		return nil, nil, err
	}
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if removed, err = removeRows(ctx, tx, customer); err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, `INSERT INTO erased (alias, at, shard) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET at = excluded.at, shard = excluded.shard`,
			d.Alias(customer), d.now().UnixMilli(), ShardOf(customer)); err != nil {
			return err
		}
		return markChanged(ctx, tx, customer) // replicas remember the erasure, too
	})
	if err != nil {
		return nil, nil, fmt.Errorf("erase from %s: %w", filepath.Base(d.db.Path), err)
	}
	return removed, traces, nil
}

func removeRows(ctx context.Context, tx *sql.Tx, customer string) (removed Removed, err error) {
	removed = Removed{}
	for _, table := range []string{"phones", "emails", "identifiers", "credentials", "sealed", "habits"} {
		if removed[table], err = sqlite.Exec(ctx, tx, `DELETE FROM `+table+` WHERE customer = ?`, customer); err != nil {
			return nil, err
		}
	}
	removed["customers"], err = sqlite.Exec(ctx, tx, `DELETE FROM customers WHERE id = ?`, customer)
	return removed, err
}

// Remove takes a customer out of the directory, with their numbers and secrets, or returns ErrUnknown. Unlike Erase it
// leaves what others know of them, and they may come back with an import.
func (d *Directory) Remove(ctx context.Context, customer string) error {
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := mustExist(ctx, tx, customer); err != nil {
			return err
		}
		_, err := removeRows(ctx, tx, customer)
		return err
	})
	if err != nil && !errors.Is(err, ErrUnknown) {
		return fmt.Errorf("remove customer: %w", err)
	}
	return err
}

// ForgetErasure removes the note of an erasure that erased nobody.
func (d *Directory) ForgetErasure(ctx context.Context, customer string) error {
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM erased WHERE alias = ?`, d.Alias(customer))
		return err
	})
}

// tracesOf collects the values on file that belong to this customer alone. With many customers that takes seconds,
// during which others can write.
func (d *Reader) tracesOf(ctx context.Context, customer string) (set traces.Set, err error) {
	scan := func(r sqlite.Row) (value []byte, err error) { return value, r.Scan(&value) }
	values, err := sqlite.Collect(ctx, d.db, scan,
		`SELECT name FROM customers WHERE id = ?1 UNION ALL SELECT e164 FROM phones WHERE customer = ?1
		UNION ALL SELECT address FROM emails WHERE customer = ?1
		UNION ALL SELECT value FROM identifiers WHERE customer = ?1
		UNION ALL SELECT keys FROM identifiers WHERE customer = ?1 AND keys IS NOT NULL
		UNION ALL SELECT hash FROM credentials WHERE customer = ?1
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
			set.Add(value)
		}
	}
	return append(set, traces.Named(customer)), nil
}

// shared reports whether other customers have a value too, such as a name or a family's number.
func (d *Reader) shared(ctx context.Context, customer string, value []byte) (shared bool, err error) {
	if !utf8.Valid(value) {
		return false, nil // a hash, or a sealed secret
	}
	err = d.db.Read.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM customers WHERE id <> ?2 AND (instr(id, ?1) OR instr(name, ?1)))
		OR EXISTS (SELECT 1 FROM phones WHERE customer <> ?2 AND instr(e164, ?1))
		OR EXISTS (SELECT 1 FROM emails WHERE customer <> ?2 AND instr(address, ?1))
		OR EXISTS (SELECT 1 FROM identifiers WHERE customer <> ?2 AND (instr(value, ?1) OR instr(keys, ?1)))`,
		string(value), customer).Scan(&shared)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", filepath.Base(d.db.Path), err)
	}
	return shared, nil
}

// Erased returns who has been erased until now.
func (d *Reader) Erased(ctx context.Context) (event.Erased, error) {
	type tombstone struct {
		alias string
		at    int64
	}
	scan := func(r sqlite.Row) (t tombstone, err error) { return t, r.Scan(&t.alias, &t.at) }
	all, err := sqlite.Collect(ctx, d.db, scan, `SELECT alias, at FROM erased`)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	erased := map[string]int64{}
	for _, t := range all {
		erased[t.alias] = t.at
	}
	return func(customer string, at time.Time) bool {
		gone, found := erased[d.Alias(customer)]
		return found && at.UnixMilli() <= gone
	}, nil
}
