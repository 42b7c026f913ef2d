package customers

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var benchCustomers = flag.Int("customers", 2000, "customers that are on file in BenchmarkAmongMany")

// BenchmarkAmongMany measures what a call and an operator ask of many customers, each with a telephone, an account, a
// policy with letters and a PIN. Ten million take some minutes and 5 GB: go run ./scripts/growth -parts customers
func BenchmarkAmongMany(b *testing.B) {
	d, all := newDirectory(b, Options{Scheme: SchemeHMAC}), *benchCustomers
	ctx := context.Background()
	exec := func(query string, args ...any) {
		_, err := d.db.Write.ExecContext(ctx, query, args...)
		require.NoError(b, err)
	}
	exec("PRAGMA synchronous = OFF")
	const block = 100_000 // a transaction of all would double the disk
	for from := 0; from < all; from += block {
		require.NoError(b, d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
			return insertMany(ctx, tx, from, min(from+block, all))
		}))
	}
	exec("PRAGMA wal_checkpoint(TRUNCATE)")
	var size int64
	require.NoError(b, d.db.Read.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size))

	random := rand.New(rand.NewPCG(1, 2))
	wrong := secret("000000")
	changed := 0
	for _, m := range []struct {
		name string
		do   func(i int) error
		of   int // of them are one operation
	}{
		{"by telephone", func(i int) error { _, err := d.ByPhone(ctx, fmt.Sprintf("+1%010d", i)); return err }, 200},
		{"by account", func(i int) error {
			_, _, err := d.ByIdentifier(ctx, KindAccount, fmt.Sprintf("%08d", i))
			return err
		}, 200},
		{"by keys", func(i int) error { _, err := d.ByKeypad(ctx, "policy", fmt.Sprintf("2%08d", i)); return err }, 200},
		{"check a PIN", func(i int) error { _, err := d.Check(ctx, fmt.Sprintf("C-%08d", i), KindPIN, wrong); return err }, 200},
		{"first page of the list", func(int) error { _, err := d.List(ctx, "", 50, ""); return err }, 20},
		{"search for a name", func(i int) error { _, err := d.List(ctx, "", 50, fmt.Sprintf("Customer %08d", i)); return err }, 1},
		{"count", func(int) error { _, err := d.Count(ctx); return err }, 1},
		{"without argon2id", func(int) error { _, err := d.Unwrapped(ctx); return err }, 1},
		{"import of 100 changed rows", func(int) error {
			rows := []string{"id,phones,account,id:policy"}
			for range min(100, all) {
				rows = append(rows, fmt.Sprintf("C-%08d,+1212555%04d;+1213%07d,,", changed%all, changed%10_000, changed))
				changed++
			}
			_, err := d.Import(ctx, strings.NewReader(strings.Join(rows, "\n")), ImportOptions{})
			return err
		}, 1},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				for range m.of {
					require.NoError(b, m.do(random.IntN(all)))
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N*m.of), "ns/each")
			b.ReportMetric(float64(size)/float64(all), "B/customer")
		})
	}
}

func insertMany(ctx context.Context, tx *sql.Tx, from, to int) error {
	const numbers = "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2) "
	for _, query := range []string{
		"INSERT INTO customers SELECT printf('C-%08d', i), printf('Customer %08d', i), 'en', 1 FROM n",
		"INSERT INTO phones (e164, customer) SELECT printf('+1%010d', i), printf('C-%08d', i) FROM n",
		"INSERT INTO identifiers (kind, value, customer) SELECT 'account', printf('%08d', i), printf('C-%08d', i) FROM n",
		"INSERT INTO identifiers (kind, value, customer) SELECT 'policy', printf('A%08d', i), printf('C-%08d', i) FROM n",
		`INSERT INTO credentials (customer, kind, scheme, salt, params, hash)
			SELECT printf('C-%08d', i), 'pin', 'hmac', x'', '', randomblob(32) FROM n`,
	} {
		if _, err := tx.ExecContext(ctx, numbers+query, from, to); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
	}
	return nil
}
