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

// Phones returns the numbers of a customer, sorted; none for an unknown customer. Numbers that were imported with the
// customer are on file since 1970, so they never count as new.
func (d *Reader) Phones(ctx context.Context, customer string) ([]session.Phone, error) {
	return sqlite.Collect(ctx, d.db, scanPhone, `SELECT e164, since FROM phones WHERE customer = ? ORDER BY e164`,
		customer)
}

func scanPhone(r sqlite.Row) (p session.Phone, err error) {
	var since int64
	err = r.Scan(&p.E164, &since)
	p.Since = time.Unix(0, since).UTC()
	return p, err
}

// AddPhone puts a number in the form of session.E164 on file from now on. A number that is on file keeps its date.
// Its errors are ErrUnknown, session.ErrNotANumber, sqlite.ErrBusy, and those of a failing disk.
func (d *Directory) AddPhone(ctx context.Context, customer, e164 string) error {
	if written, err := session.E164(e164, ""); err != nil || written != e164 {
		return fmt.Errorf("add phone: %w", session.ErrNotANumber)
	}
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := mustExist(ctx, tx, customer); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO phones (e164, customer, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			e164, customer, d.now().UnixNano())
		return err
	})
	if err != nil {
		return fmt.Errorf("add phone: %w", err)
	}
	return nil
}

// mustExist returns ErrUnknown if no customer has that id.
func mustExist(ctx context.Context, tx *sql.Tx, customer string) error {
	var yes int
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM customers WHERE id = ?`, customer).Scan(&yes)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	return err
}
