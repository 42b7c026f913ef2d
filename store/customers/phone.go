package customers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"countersign/session"
	"countersign/store/sqlite"
)

// Phones are the numbers of a customer, sorted, none for an unknown one. Those that came with the customer are on file since 1970, so that nobody takes them for
// new.
func (d *Reader) Phones(ctx context.Context, customer string) ([]session.Phone, error) {
	return sqlite.Collect(ctx, d.db, scanPhone, `SELECT e164, since FROM phones WHERE customer = ? ORDER BY e164`, customer)
}

func scanPhone(r sqlite.Row) (p session.Phone, err error) {
	var since int64
	err = r.Scan(&p.E164, &since)
	p.Since = time.Unix(0, since).UTC()
	return p, err
}

// AddPhone puts a number, written as session.E164 writes it, on file from now on. One that is on file stays as it is. Errors are ErrUnknownCustomer,
// session.ErrNotANumber and ErrBusy, or that the file could not be written.
func (d *Directory) AddPhone(ctx context.Context, customer, e164 string) error {
	if written, err := session.E164(e164, ""); err != nil || written != e164 {
		return fmt.Errorf("add phone: %w", session.ErrNotANumber)
	}
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := mustExist(ctx, tx, customer); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO phones (e164, customer, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, e164, customer, d.now().UnixNano())
		return err
	})
	if err != nil {
		return fmt.Errorf("add phone: %w", err)
	}
	return nil
}

// mustExist is ErrUnknownCustomer for one that nobody is.
func mustExist(ctx context.Context, tx *sql.Tx, customer string) error {
	var yes int
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM customers WHERE id = ?`, customer).Scan(&yes)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	return err
}
