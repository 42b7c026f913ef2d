package customers

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Replicated is how far a replica is.
type Replicated struct {
	// Stream is when the bucket was made from which it reads, Next the first revision that it does not have.
	Stream time.Time
	Next   uint64
	// AsOf is the time of the source up to which it has everything; zero until it has had every shard.
	AsOf time.Time
	// Node is the source's name.
	Node string
	// Missing counts the shards that have never come.
	Missing int
}

// Replicated returns how far this replica is; false if this machine is none.
func (d *Reader) Replicated(ctx context.Context) (r Replicated, ok bool, err error) {
	var stream, next, asOf int64
	err = d.db.Read.QueryRowContext(ctx, `SELECT stream, next, as_of, node, (SELECT count(*) FROM due) FROM replica`).
		Scan(&stream, &next, &asOf, &r.Node, &r.Missing)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read how far the replica is: %w", err)
	}
	r.Stream, r.Next = time.Unix(0, stream).UTC(), uint64(next)
	if asOf > 0 {
		r.AsOf = time.UnixMilli(asOf).UTC()
	}
	return r, true, nil
}

// Batch is what a replica takes over at once.
type Batch struct {
	// Shards are packed (PackShard), by their numbers.
	Shards map[int][]byte
	// Next and Stream are noted (Replicated).
	Next   uint64
	Stream time.Time
	// AsOf and Node, if set: the source says that everything up to that time has been published before.
	AsOf time.Time
	Node string
	// Present, if set, is which shards of the source had something in them then (Reader.Present).
	Present []byte
}

// TakeOver puts the customers of a batch in place of those of its shards, in one transaction: calls see all of it, or
// nothing. Customers whose record is the one that was taken over last stay as they are, with secrets that were wrapped
// here. Once every shard has come, customers whom the source does not know are removed.
func (d *Directory) TakeOver(ctx context.Context, b Batch) error {
	unpacked := map[int]shard{}
	for n, packed := range b.Shards {
		s, err := unpackShard(packed)
		if err != nil {
			return fmt.Errorf("shard %d: %w", n, err)
		}
		unpacked[n] = s
	}
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		t := takeover{tx}
		for n, s := range unpacked {
			if err := t.shard(ctx, n, s); err != nil {
				return fmt.Errorf("shard %d: %w", n, err)
			}
		}
		if err := t.exec(ctx, `UPDATE replica SET stream = ?, next = ?`, b.Stream.UnixNano(), int64(b.Next)); err != nil {
			return err
		}
		if b.AsOf.IsZero() {
			return nil
		}
		return t.asOf(ctx, b)
	})
}

// takeover is one transaction.
type takeover struct{ tx *sql.Tx }

func (t takeover) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.tx.ExecContext(ctx, query, args...)
	return err
}

func (t takeover) asOf(ctx context.Context, b Batch) error {
	if len(b.Present) > 0 {
		if err := t.onlyPresent(ctx, b.Present); err != nil {
			return err
		}
	}
	var missing, first bool
	if err := t.tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM due), as_of = 0 FROM replica`).
		Scan(&missing, &first); err != nil {
		return err
	}
	if missing {
		return nil
	}
	if first {
		// What was here before the machine became a replica, and the source does not have.
		var strangers []string
		if err := eachRow(ctx, t.tx, `SELECT id FROM customers EXCEPT SELECT customer FROM shards WHERE shard >= ?`, 0,
			func(r *sql.Rows) error {
				var id string
				err := r.Scan(&id)
				strangers = append(strangers, id)
				return err
			}); err != nil {
			return err
		}
		for _, id := range strangers {
			if _, err := removeRows(ctx, t.tx, id); err != nil {
				return err
			}
		}
	}
	return t.exec(ctx, `UPDATE replica SET as_of = ?, node = ?`, b.AsOf.UnixMilli(), b.Node)
}

// onlyPresent removes what is in shards in which the source has nothing.
func (t takeover) onlyPresent(ctx context.Context, present []byte) error {
	if len(present) != Shards/8 {
		return fmt.Errorf("the source has %d shards, and this version %d: run the same version on all machines",
			len(present)*8, Shards)
	}
	absent := func(n int) bool { return present[n/8]&(1<<(n%8)) == 0 }
	var gone []int
	if err := eachRow(ctx, t.tx, `SELECT shard FROM due UNION SELECT shard FROM shards WHERE shard >= ?`, 0,
		func(r *sql.Rows) error {
			var n int
			err := r.Scan(&n)
			if absent(n) {
				gone = append(gone, n)
			}
			return err
		}); err != nil {
		return err
	}
	for _, n := range gone {
		if err := t.shard(ctx, n, shard{}); err != nil {
			return err
		}
	}
	return nil
}

func (t takeover) shard(ctx context.Context, n int, s shard) error {
	digests := map[string][]byte{}
	if err := eachRow(ctx, t.tx, `SELECT customer, digest FROM shards WHERE shard = ?`, n, func(r *sql.Rows) error {
		var id string
		var digest []byte
		err := r.Scan(&id, &digest)
		digests[id] = digest
		return err
	}); err != nil {
		return err
	}
	for _, e := range s.Erased {
		if err := t.exec(ctx, `INSERT INTO erased (alias, at, shard) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET at = max(at, excluded.at), shard = excluded.shard`, e.Alias, e.At, n); err != nil {
			return err
		}
	}
	for _, c := range s.Customers {
		if ShardOf(c.ID) != n {
			return errors.New("it has a customer of another shard")
		}
		digest, err := c.digest()
		if err != nil {
			return err
		}
		known := digests[c.ID]
		delete(digests, c.ID)
		if bytes.Equal(known, digest) {
			continue
		}
		if err := t.customer(ctx, c); err != nil {
			return err
		}
		if err := t.exec(ctx, `INSERT INTO shards VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET digest = excluded.digest`, n, c.ID,
			digest); err != nil {
			return err
		}
	}
	for id := range digests {
		if _, err := removeRows(ctx, t.tx, id); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM shards WHERE shard = ? AND customer = ?`, n, id); err != nil {
			return err
		}
	}
	return t.exec(ctx, `DELETE FROM due WHERE shard = ?`, n)
}

// customer writes what is on file about a customer anew.
func (t takeover) customer(ctx context.Context, c sharedCustomer) error {
	all := []statement{{`INSERT INTO customers (id, name, language, imported) VALUES (?, ?, ?, 0)
		ON CONFLICT DO UPDATE SET name = excluded.name, language = excluded.language`, []any{c.ID, c.Name, c.Language}}}
	for _, table := range []string{"phones", "emails", "identifiers", "credentials", "sealed"} {
		all = append(all, statement{`DELETE FROM ` + table + ` WHERE customer = ?`, []any{c.ID}})
	}
	for _, p := range c.Phones {
		all = append(all, statement{`INSERT INTO phones (e164, customer, since) VALUES (?, ?, ?)`, []any{p.At, c.ID, p.Since}})
	}
	for _, e := range c.Emails {
		all = append(all, statement{`INSERT INTO emails (customer, address, since) VALUES (?, ?, ?)`, []any{c.ID, e.At, e.Since}})
	}
	for _, i := range c.Identifiers {
		if err := t.giveUp(ctx, i); err != nil {
			return err
		}
		all = append(all, statement{`INSERT INTO identifiers (kind, value, customer) VALUES (?, ?, ?)`, []any{i.Kind, i.Value, c.ID}})
	}
	for _, s := range c.Secrets {
		all = append(all, statement{`INSERT INTO credentials (customer, kind, scheme, salt, params, hash, pepper)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, []any{c.ID, s.Kind, s.Scheme, append([]byte{}, s.Salt...), s.Params, s.Hash,
			append([]byte{}, s.Pepper...)}})
	}
	for _, x := range c.Sealed {
		all = append(all, statement{`INSERT INTO sealed (customer, kind, box, pepper) VALUES (?, ?, ?, ?)`,
			[]any{c.ID, x.Kind, x.Box, append([]byte{}, x.Pepper...)}})
	}
	if h := c.Habit; h != nil {
		all = append(all, statement{`INSERT INTO habits VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			[]any{c.ID, h.Language, h.Slow, h.Answers}})
	}
	for _, s := range all {
		if err := t.exec(ctx, s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// giveUp takes an identifier from whoever has it. Shards come one by one: the customer who has given it up may still have
// it here. Their record counts as another then, so that it is taken over again whatever it is.
func (t takeover) giveUp(ctx context.Context, i Identifier) error {
	var owner string
	err := t.tx.QueryRowContext(ctx, `DELETE FROM identifiers WHERE kind = ? AND value = ? RETURNING customer`, i.Kind, i.Value).
		Scan(&owner)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE shards SET digest = x'' WHERE shard = ? AND customer = ?`, ShardOf(owner), owner)
}
