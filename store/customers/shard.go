package customers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"countersign/session"
)

// Shards is how many parts customers are shared in: of a million customers, each has about 60, and 27 KB
// (store/customers/share/DESIGN.md).
const Shards = 1 << 14

// maxShard bounds a shard once it is unpacked.
const maxShard = 64 << 20

// ShardOf is the part that a customer is in.
func ShardOf(customer string) int {
	sum := sha256.Sum256([]byte(customer))
	return int(binary.BigEndian.Uint16(sum[:])) % Shards
}

// shard is what a source publishes: all customers of a part, in the order of their ids, and who of it was erased.
type shard struct {
	Customers []sharedCustomer `json:"customers"`
	Erased    []sharedErasure  `json:"erased,omitempty"`
}

// sharedCustomer is all that is on file about a customer. Habits are each machine's own; those of the source count on a
// machine that has none.
type sharedCustomer struct {
	ID          string             `json:"id"`
	Name        string             `json:"name,omitempty"`
	Language    string             `json:"language,omitempty"`
	Phones      []sharedAddress    `json:"phones,omitempty"`
	Emails      []sharedAddress    `json:"emails,omitempty"`
	Identifiers []Identifier       `json:"identifiers,omitempty"`
	Secrets     []sharedCredential `json:"secrets,omitempty"`
	Sealed      []sharedSealed     `json:"sealed,omitempty"`
	Habit       *session.Habit     `json:"habit,omitempty"`
}

type sharedAddress struct {
	At    string `json:"at"`
	Since int64  `json:"since,omitempty"`
}

type sharedCredential struct {
	Kind   string `json:"kind"`
	Scheme string `json:"scheme"`
	Salt   []byte `json:"salt,omitempty"`
	Params string `json:"params,omitempty"`
	Hash   []byte `json:"hash"`
	Pepper []byte `json:"pepper,omitempty"`
}

type sharedSealed struct {
	Kind   string `json:"kind"`
	Box    []byte `json:"box"`
	Pepper []byte `json:"pepper,omitempty"`
}

type sharedErasure struct {
	Alias string `json:"alias"`
	At    int64  `json:"at"`
}

// digest tells two records of a customer apart.
func (c sharedCustomer) digest() ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	sum := sha256.Sum256(text)
	return sum[:16], nil
}

// packer compresses shards, unpacker reverses it. Both may be used by several goroutines.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxShard))
)

func (s shard) pack() ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	return packer.EncodeAll(text, nil), nil
}

func unpackShard(packed []byte) (s shard, err error) {
	text, err := unpacker.DecodeAll(packed, nil)
	if err != nil {
		return s, fmt.Errorf("unpack: %w", err)
	}
	defer clear(text)
	from := json.NewDecoder(bytes.NewReader(text))
	if err := from.Decode(&s); err != nil {
		return s, fmt.Errorf("decode: %w", err)
	}
	if _, err := from.Token(); err != io.EOF {
		return s, fmt.Errorf("decode: text after its end")
	}
	return s, nil
}

// readShard reads all customers of a part as they are at one moment.
func (d *Reader) readShard(ctx context.Context, n int) (s shard, err error) {
	tx, err := d.db.Read.BeginTx(ctx, nil)
	if err != nil {
		return s, err
	}
	defer func() { _ = tx.Rollback() }()
	at := map[string]int{}
	read := func(query string, take func(*sql.Rows) error) {
		if err == nil {
			err = eachRow(ctx, tx, query, n, take)
		}
	}
	of := func(customer string) *sharedCustomer { // foreign keys say that there is one
		if i, ok := at[customer]; ok {
			return &s.Customers[i]
		}
		return &sharedCustomer{}
	}
	read(`SELECT c.id, c.name, c.language FROM shards s JOIN customers c ON c.id = s.customer WHERE s.shard = ?
		ORDER BY c.id`, func(r *sql.Rows) error {
		var c sharedCustomer
		err := r.Scan(&c.ID, &c.Name, &c.Language)
		at[c.ID] = len(s.Customers)
		s.Customers = append(s.Customers, c)
		return err
	})
	read(`SELECT p.customer, p.e164, p.since FROM shards s JOIN phones p ON p.customer = s.customer WHERE s.shard = ?
		ORDER BY p.customer, p.e164`, func(r *sql.Rows) error {
		var customer string
		var a sharedAddress
		err := r.Scan(&customer, &a.At, &a.Since)
		of(customer).Phones = append(of(customer).Phones, a)
		return err
	})
	read(`SELECT e.customer, e.address, e.since FROM shards s JOIN emails e ON e.customer = s.customer WHERE s.shard = ?
		ORDER BY e.customer, e.address`, func(r *sql.Rows) error {
		var customer string
		var a sharedAddress
		err := r.Scan(&customer, &a.At, &a.Since)
		of(customer).Emails = append(of(customer).Emails, a)
		return err
	})
	read(`SELECT i.customer, i.kind, i.value FROM shards s JOIN identifiers i ON i.customer = s.customer WHERE s.shard = ?
		ORDER BY i.customer, i.kind, i.value`, func(r *sql.Rows) error {
		var customer string
		var i Identifier
		err := r.Scan(&customer, &i.Kind, &i.Value)
		of(customer).Identifiers = append(of(customer).Identifiers, i)
		return err
	})
	read(`SELECT c.customer, c.kind, c.scheme, c.salt, c.params, c.hash, c.pepper FROM shards s
		JOIN credentials c ON c.customer = s.customer WHERE s.shard = ? ORDER BY c.customer, c.kind`,
		func(r *sql.Rows) error {
			var customer string
			var c sharedCredential
			err := r.Scan(&customer, &c.Kind, &c.Scheme, &c.Salt, &c.Params, &c.Hash, &c.Pepper)
			of(customer).Secrets = append(of(customer).Secrets, c)
			return err
		})
	read(`SELECT x.customer, x.kind, x.box, x.pepper FROM shards s JOIN sealed x ON x.customer = s.customer WHERE s.shard = ?
		ORDER BY x.customer, x.kind`, func(r *sql.Rows) error {
		var customer string
		var x sharedSealed
		err := r.Scan(&customer, &x.Kind, &x.Box, &x.Pepper)
		of(customer).Sealed = append(of(customer).Sealed, x)
		return err
	})
	read(`SELECT h.customer, h.language, h.slow, h.answers FROM shards s JOIN customers c ON c.id = s.customer
		JOIN habits h ON h.customer = s.customer WHERE s.shard = ?`, func(r *sql.Rows) error {
		var customer string
		var h session.Habit
		err := r.Scan(&customer, &h.Language, &h.Slow, &h.Answers)
		of(customer).Habit = &h
		return err
	})
	read(`SELECT alias, at FROM erased WHERE shard = ? ORDER BY alias`, func(r *sql.Rows) error {
		var e sharedErasure
		err := r.Scan(&e.Alias, &e.At)
		s.Erased = append(s.Erased, e)
		return err
	})
	if err != nil {
		return shard{}, fmt.Errorf("read customers of shard %d: %w", n, err)
	}
	return s, nil
}

func eachRow(ctx context.Context, tx *sql.Tx, query string, arg any, take func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query, arg)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
