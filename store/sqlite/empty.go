package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
)

// OpenEmpty stands in for a file that is not there yet: a database in memory with the newest schema and nothing in it, under that path.
// It is for readers to whom a missing file and an empty one are the same.
func OpenEmpty(ctx context.Context, path string, s Schema) (*DB, error) {
	memory := "file:/" + rand.Text() + "?vfs=memdb" // all connections in this process share it
	db := &DB{Path: path}
	var err error
	if db.Write, err = sql.Open("sqlite3", memory); err != nil {
		return nil, fmt.Errorf("open an empty database: %w", err)
	}
	db.Write.SetMaxOpenConns(1) // and is always open: the database goes with its last connection
	if db.Read, err = sql.Open("sqlite3", memory+"&_query_only=1"); err != nil {
		return nil, errors.Join(fmt.Errorf("open an empty database: %w", err), db.Write.Close())
	}
	if err := db.fill(ctx, s); err != nil {
		return nil, errors.Join(fmt.Errorf("open an empty database: %w", err), db.Close())
	}
	return db, nil
}

func (db *DB) fill(ctx context.Context, s Schema) error {
	steps, err := s.migrations()
	if err != nil {
		return err
	}
	return db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, name := range steps {
			if err := apply(ctx, tx, s.Files, name); err != nil {
				return err
			}
		}
		return nil
	})
}
