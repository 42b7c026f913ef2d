package customers

import (
	"context"
	"time"

	"countersign/session"
	"countersign/store/sqlite"
)

// Emails returns the e-mail addresses of a customer, sorted; none for an unknown customer. Addresses that were imported
// with the customer are on file since 1970, so they never count as new.
func (d *Reader) Emails(ctx context.Context, customer string) ([]session.Email, error) {
	return sqlite.Collect(ctx, d.db, scanEmail, `SELECT address, since FROM emails WHERE customer = ? ORDER BY address`,
		customer)
}

func scanEmail(r sqlite.Row) (e session.Email, err error) {
	var since int64
	err = r.Scan(&e.Address, &since)
	e.Since = time.Unix(0, since).UTC()
	return e, err
}
