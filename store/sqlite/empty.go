package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
)

// OpenEmpty returns an empty in-memory database with the newest schema, in place of the missing file at path. It is
// for readers that treat a missing file as empty.
func OpenEmpty(ctx context.Context, path string, s Schema) (*DB, error) {
	memory := "file:/" + rand.Text() + "?vfs=memdb" // shared by all connections in this process
	db := &DB{Path: path}
	var err error
	if db.Write, err = sql.Open("sqlite3", memory); err != nil {
		return nil, fmt.Errorf("open an empty database: %w", err)
	}
	db.Write.SetMaxOpenConns(1) // always open: the database disappears with its last connection
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
