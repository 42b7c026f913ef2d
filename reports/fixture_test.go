package reports

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
)

// period is what --from and --to say.
func period(t *testing.T, from, to string, z *time.Location) Period {
	t.Helper()
	p, err := ParsePeriod(from, to, z, reportstest.Later)
	require.NoError(t, err)
	return p
}

// read makes a report and its rows.
func read(a *reportstest.Archive, name string, q Query) (r *Report, all []Row) {
	a.T.Helper()
	err := NewReader(a.DB(), func() time.Time {
		return reportstest.Later
	}).Read(context.Background(), name, q, func(made *Report) (err error) {
		all, err = made.Collect(1_000_000)
		made.Rows = Rows(all)
		r = made
		return err
	})
	require.NoError(a.T, err)
	return r, all
}

// cell finds a value by its row's names and its column's key.
func cell(t *testing.T, r *Report, all []Row, key string, names ...string) any {
	t.Helper()
	for _, row := range all {
		fits := true
		for i, n := range names {
			fits = fits && Plain(row[i]) == n
		}
		if fits {
			return row[r.column(key)]
		}
	}
	require.FailNow(t, "no such row", "%v", names)
	return nil
}
