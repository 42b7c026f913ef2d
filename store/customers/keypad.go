package customers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"countersign/session"
)

// maxOnSameKeys bounds the result of ByKeypad.
const maxOnSameKeys = 100

// withKeys selects the customers with an identifier for which a caller keys ?2. SQLite would rather read all
// identifiers of the kind than use the index, so it is named.
const withKeys = `SELECT customer FROM identifiers WHERE kind = ?1 AND value = ?2
	UNION SELECT customer FROM identifiers INDEXED BY identifiers_by_keys WHERE kind = ?1 AND keys = ?2`

// ByKeypad finds the customers with an identifier of a kind for which callers key these digits, as session.Keypad has
// them: 22 is AA, AB, BA, …, A2, 2A and 22. It returns up to 100, ordered by id. The kind KindCustomer is the
// customer's id, which is found only if it has only digits.
func (d *Reader) ByKeypad(ctx context.Context, kind, keys string) ([]session.Customer, error) {
	if kind == KindCustomer {
		c, found, err := d.ByID(ctx, keys)
		if !found {
			return nil, err
		}
		return []session.Customer{c}, err
	}
	return d.customers(ctx, `SELECT `+customerColumns+` FROM customers c WHERE c.id IN (`+withKeys+`)
		ORDER BY c.id LIMIT ?3`, kind, keys, maxOnSameKeys)
}

// sharedKeypad is the query of sharedKeys, for the generation ?1; of few customers, ?2 has the ids.
func sharedKeypad(few bool) string {
	among := ""
	if few {
		among = ` AND (i.kind, i.keys) IN (SELECT kind, keys FROM identifiers
			WHERE customer IN (SELECT value FROM json_each(?2)) AND keys IS NOT NULL)`
	}
	return `SELECT count(*) OVER (), kind, keys FROM (
			SELECT i.kind, i.keys, count(*) + (SELECT count(*) FROM identifiers d WHERE d.kind = i.kind AND d.value = i.keys) n,
				max(c.imported = ?1) new
			FROM identifiers i INDEXED BY identifiers_by_keys JOIN customers c ON c.id = i.customer
			WHERE i.keys IS NOT NULL` + among + ` GROUP BY i.kind, i.keys)
		WHERE n > 1 AND new ORDER BY kind, keys LIMIT 1`
}

// sharedKeys counts the keys that are those of several customers' identifiers, one of which was imported now and one of
// which has letters, and names the first.
func (im *importer) sharedKeys(ctx context.Context) error {
	if len(im.columns.identifiers) == 0 {
		return nil
	}
	few, err := im.fewIDs()
	if err != nil {
		return err
	}
	row := im.tx.QueryRowContext(ctx, sharedKeypad(few != nil), im.generation, few)
	s := &im.result.SharedKeys
	err = row.Scan(&s.Count, &s.Kind, &s.Keys)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look for identifiers with the same keys: %w", err)
	}
	return nil
}
