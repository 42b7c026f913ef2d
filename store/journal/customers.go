package journal

import (
	"context"

	"countersign/store/sqlite"
)

// Customers are the ids of the customers whom calls of the journal name, sorted: also those whom the local directory
// does not have.
func (r *Reader) Customers(ctx context.Context) ([]string, error) {
	return sqlite.Collect(ctx, r.db, sqlite.ScanString,
		`SELECT DISTINCT customer FROM calls WHERE customer IS NOT NULL AND customer <> '' ORDER BY customer`)
}
