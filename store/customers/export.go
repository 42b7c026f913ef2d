package customers

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"

	"countersign/session"
	"countersign/store/sqlite"
)

// exportPage is how many customers are read at once.
const exportPage = 1000

// Export writes all customers as CSV that Import reads back, ordered by id: everything but the secrets. Customers who
// are changed meanwhile are written as they were or as they are.
func (d *Reader) Export(ctx context.Context, w io.Writer) (customers int, err error) {
	kinds, err := sqlite.Collect(ctx, d.db, sqlite.ScanString, `SELECT DISTINCT kind FROM identifiers ORDER BY kind`)
	if err != nil {
		return 0, fmt.Errorf("export customers: %w", err)
	}
	header := []string{"id", "name", "phones", "emails", "language"}
	for _, kind := range kinds {
		header = append(header, columnOf(kind))
	}
	var habits bool
	if err := d.db.Read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM habits)`).Scan(&habits); err != nil {
		return 0, fmt.Errorf("export customers: %w", err)
	}
	if habits {
		header = append(header, habitColumn)
	}
	out := csv.NewWriter(w)
	_ = out.Write(header) // its error stays for Flush
	scan := func(r sqlite.Row) (record []string, err error) {
		record = make([]string, 5, len(header))
		var identifiers []byte
		var h session.Habit
		if err := r.Scan(&record[0], &record[1], &record[2], &record[3], &record[4], &identifiers, &h.Language, &h.Slow,
			&h.Answers); err != nil {
			return nil, err
		}
		of := map[string]string{}
		if err := json.Unmarshal(identifiers, &of); err != nil {
			return nil, err
		}
		for _, kind := range kinds {
			record = append(record, of[kind])
		}
		if habits {
			record = append(record, HabitWords(h))
		}
		return record, nil
	}
	for after := ""; ; {
		page, err := sqlite.Collect(ctx, d.db, scan, `SELECT id, name,
			(SELECT coalesce(group_concat(e164, ';'), '') FROM (SELECT e164 FROM phones WHERE customer = c.id ORDER BY e164)),
			(SELECT coalesce(group_concat(address, ';'), '')
				FROM (SELECT address FROM emails WHERE customer = c.id ORDER BY address)),
			c.language, (SELECT json_group_object(kind, value) FROM identifiers WHERE customer = c.id),
			coalesce(h.language, ''), coalesce(h.slow, 0), coalesce(h.answers, '')
			FROM customers c LEFT JOIN habits h ON h.customer = c.id WHERE id > ? ORDER BY id LIMIT ?`, after, exportPage)
		if err != nil {
			return customers, fmt.Errorf("export customers: %w", err)
		}
		for _, record := range page {
			_ = out.Write(record)
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return customers, fmt.Errorf("write customers: %w", err)
		}
		if customers += len(page); len(page) < exportPage {
			return customers, nil
		}
		after = page[len(page)-1][0]
	}
}
