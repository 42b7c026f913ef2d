package reportsdb

import (
	"context"
	"database/sql"
	"fmt"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// Erase removes a customer from the reports, and returns on how many calls the customer was. Counts do not change.
func (r *Reports) Erase(ctx context.Context, customer string) (calls int, err error) {
	err = r.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE events SET json = iif(json ->> '$.data.customer' = ?1, json_replace(json,
			'$.data.customer', ?2),
				json_remove(json, '$.data.caller_last4', '$.data.number'))
			WHERE call IN (SELECT call FROM events WHERE json ->> '$.data.customer' = ?1)`, customer, event.ErasedCustomer)
		if err != nil {
			return err
		}
		calls, err = sqlite.Exec(ctx, tx, `UPDATE call_data SET customer = ?, caller_last4 = NULL
			WHERE customer = ?`, event.ErasedCustomer, customer)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase from reports: %w", err)
	}
	return calls, nil
}
