package customers

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"countersign/store/sqlite"
)

// Role is what a machine does for the customers of several machines.
type Role int

const (
	// Alone: the customers are this machine's own.
	Alone Role = iota
	// Source: customers are imported and changed here, and published for the replicas.
	Source
	// Replica: customers come from the source.
	Replica
)

// Published is what the source notes of what it has published.
type Published struct {
	// ID is the source's own; it moves with directory.db.
	ID string
	// Rounds counts how often changes were published.
	Rounds int64
	// Stream is when the bucket was made that has them.
	Stream time.Time
}

// SetRole prepares the directory for a role. A new source has everything to publish; a new replica keeps what it has
// until the source says otherwise.
func (d *Directory) SetRole(ctx context.Context, r Role) error {
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var source, replica bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM source), EXISTS (SELECT 1 FROM replica)`).
			Scan(&source, &replica); err != nil {
			return err
		}
		if source == (r == Source) && replica == (r == Replica) {
			return nil
		}
		for _, table := range []string{"source", "replica", "changed", "due", "shards"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		switch r {
		case Source:
			if _, err := tx.ExecContext(ctx, `INSERT INTO source VALUES (1, ?, 0, 0)`, hex.EncodeToString(random(8))); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO changed SELECT id FROM customers`)
			return err
		case Replica:
			if _, err := tx.ExecContext(ctx, `INSERT INTO replica VALUES (1, 0, 0, 0, '')`); err != nil {
				return err
			}
			return allDue(ctx, tx)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("share customers: %w", err)
	}
	return nil
}

func allDue(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `WITH RECURSIVE n(shard) AS (SELECT 0 UNION ALL SELECT shard + 1 FROM n WHERE shard + 1 < ?)
		INSERT INTO due SELECT shard FROM n WHERE true ON CONFLICT DO NOTHING`, Shards)
	return err
}

// markChanged notes that a customer has to be published, if this is the source.
func markChanged(ctx context.Context, tx *sql.Tx, customer string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO changed SELECT ? WHERE EXISTS (SELECT 1 FROM source)
		ON CONFLICT DO NOTHING`, customer)
	return err
}

// Published returns what the source has noted; false if this machine is none.
func (d *Reader) Published(ctx context.Context) (p Published, ok bool, err error) {
	var stream int64
	err = d.db.Read.QueryRowContext(ctx, `SELECT id, rounds, stream FROM source`).Scan(&p.ID, &p.Rounds, &stream)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	p.Stream = time.Unix(0, stream).UTC()
	return p, err == nil, err
}

// NotePublished notes it.
func (d *Directory) NotePublished(ctx context.Context, p Published) error {
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE source SET rounds = ?, stream = ? WHERE id = ?`, p.Rounds, p.Stream.UnixNano(),
			p.ID)
		return err
	})
}

// PublishAll makes every shard due that has something in it, and others that NATS has something of.
func (d *Directory) PublishAll(ctx context.Context, others []int) error {
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, n := range others {
			if _, err := tx.ExecContext(ctx, `INSERT INTO due VALUES (?) ON CONFLICT DO NOTHING`, n); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO due `+present+` ON CONFLICT DO NOTHING`)
		return err
	})
}

// present selects the shards that have something in them.
const present = `SELECT shard FROM (SELECT shard FROM shards UNION SELECT shard FROM erased WHERE shard IS NOT NULL) WHERE true`

// Present is which shards have something in them, a bit for each. It reads all customers, and is called as DueShards is.
func (d *Reader) Present(ctx context.Context) (bits []byte, err error) {
	scan := func(r sqlite.Row) (n int, err error) { return n, r.Scan(&n) }
	all, err := sqlite.Collect(ctx, d.db, scan, present)
	bits = make([]byte, Shards/8)
	for _, n := range all {
		bits[n/8] |= 1 << (n % 8)
	}
	return bits, err
}

// Unpublished counts the customers and shards that have still to be published.
func (d *Reader) Unpublished(ctx context.Context) (n int, err error) {
	err = d.db.Read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM due)`).Scan(&n)
	return n, err
}

// changedAtOnce bounds a transaction, for which calls wait that write.
const changedAtOnce = 5000

// DueShards returns shards that have to be published, up to most; none if there is nothing to publish. Only one goroutine
// of all processes may call it at a time.
func (d *Directory) DueShards(ctx context.Context, most int) (due []int, err error) {
	for more := true; more; {
		if more, err = d.sortChanged(ctx); err != nil {
			return nil, fmt.Errorf("find changed customers: %w", err)
		}
	}
	scan := func(r sqlite.Row) (n int, err error) { return n, r.Scan(&n) }
	return sqlite.Collect(ctx, d.db, scan, `SELECT shard FROM due ORDER BY shard LIMIT ?`, most)
}

// sortChanged finds the shards of changed customers. more says that there may be further ones.
func (d *Directory) sortChanged(ctx context.Context) (more bool, err error) {
	ids, err := sqlite.Collect(ctx, d.db, sqlite.ScanString, `SELECT customer FROM changed LIMIT ?`, changedAtOnce)
	if len(ids) == 0 || err != nil {
		return false, err
	}
	return len(ids) == changedAtOnce, d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range ids {
			n := ShardOf(id)
			for _, change := range []statement{
				{`INSERT INTO shards SELECT ?, id, x'' FROM customers WHERE id = ? ON CONFLICT DO NOTHING`, []any{n, id}},
				{`DELETE FROM shards WHERE shard = ?1 AND customer = ?2 AND NOT EXISTS (SELECT 1 FROM customers WHERE id = ?2)`,
					[]any{n, id}},
				{`INSERT INTO due VALUES (?) ON CONFLICT DO NOTHING`, []any{n}},
				{`DELETE FROM changed WHERE customer = ?`, []any{id}},
			} {
				if _, err := tx.ExecContext(ctx, change.query, change.args...); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// PackShard returns a shard as it is published: compressed, not sealed.
func (d *Reader) PackShard(ctx context.Context, n int) ([]byte, error) {
	s, err := d.readShard(ctx, n)
	if err != nil {
		return nil, err
	}
	return s.pack()
}

// ShardsPublished notes that NATS has them. What changed since PackShard is due again.
func (d *Directory) ShardsPublished(ctx context.Context, done []int) error {
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, n := range done {
			if _, err := tx.ExecContext(ctx, `DELETE FROM due WHERE shard = ?`, n); err != nil {
				return err
			}
		}
		return nil
	})
}
