package customers

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestWrapNext(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	n := countArgon2(d)
	fill(t, d, "id,pin", "c1,83645", "c2,91827", "c3,50628", "c4,")
	fill(t, d, "id,birth_date", "c1,1980-12-31")
	unwrapped, err := d.Unwrapped(deadline(t))
	require.NoError(t, err)
	assert.Equal(t, 3, unwrapped, "customers, not secrets")
	wrapped, err := d.WrapNext(deadline(t), 2)
	require.NoError(t, err)
	assert.Equal(t, 2, wrapped)
	wrapped, err = d.WrapNext(deadline(t), 3)
	require.NoError(t, err)
	assert.Equal(t, 2, wrapped, "there were no more")
	unwrapped, err = d.Unwrapped(deadline(t))
	require.NoError(t, err)
	assert.Zero(t, unwrapped)
	assert.EqualValues(t, 4, n.Load())
	for customer, pin := range map[string]string{"c1": "83645", "c2": "91827", "c3": "50628"} {
		ok, err := d.Check(deadline(t), customer, KindPIN, secret(pin))
		require.NoError(t, err)
		assert.True(t, ok, customer)
	}
}

func TestWrapBeginsWithWhatIsWorthMost(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	countArgon2(d)
	fill(t, d, "id,birth_date,passphrase,pin,fact:postcode", "c1,1984-08-29,open sesame,,12345",
		"c2,1984-08-29,,83645,12345")
	var order []string
	for range 5 {
		var customer, kind string
		var hash []byte
		var pepper any
		require.NoError(t, d.db.Read.QueryRow(nextUnwrapped).Scan(&customer, &kind, &hash, &pepper))
		order = append(order, kind)
		n, err := d.WrapNext(deadline(t), 1)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	assert.Equal(t, []string{KindPIN, KindPassphrase, KindBirthDate, "postcode", KindBirthDate}, order)
	assert.Contains(t, plan(t, d, nextUnwrapped), "USING INDEX credentials_unwrapped",
		"a million of them must not be sorted each time")
	assert.NotContains(t, plan(t, d, nextUnwrapped), "B-TREE")
}

// plan is how SQLite goes about a query.
func plan(t *testing.T, d *Directory, query string) (steps string) {
	t.Helper()
	rows, err := d.db.Read.Query("EXPLAIN QUERY PLAN " + query)
	require.NoError(t, err)
	defer func() { assert.NoError(t, rows.Close()) }()
	for rows.Next() {
		var id, parent, unused int
		var step string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
		steps += step + "\n"
	}
	require.NoError(t, rows.Err())
	return steps
}

func TestWrapDoesNothingWithoutArgon2id(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,pin", "c1,83645")
	n, err := d.WrapNext(deadline(t), 1)
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.Equal(t, SchemeHMAC, schemeOf(t, d, "c1"))
}

func TestWrapWorksNextToAnotherProcessAndStops(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	d, other := openDirectory(t, path, Options{}), openDirectory(t, path, Options{})
	fill(t, d, "id,pin", "c1,83645", "c2,91827", "c3,50628", "c4,71936", "c5,20485")
	ctx, stop := context.WithCancel(deadline(t))
	var wrappers errgroup.Group
	for _, d := range []*Directory{d, other} {
		countArgon2(d)
		wrappers.Go(func() error {
			d.Wrap(ctx)
			return nil
		})
	}
	for left := 1; left > 0; {
		require.NoError(t, other.SetPIN(deadline(t), "c1", secret("604812"), false))
		var err error
		left, err = other.Unwrapped(deadline(t))
		require.NoError(t, err)
	}
	stop()
	require.NoError(t, wrappers.Wait())
	for customer, pin := range map[string]string{"c1": "604812", "c2": "91827", "c5": "20485"} {
		ok, err := d.Check(deadline(t), customer, KindPIN, secret(pin))
		require.NoError(t, err)
		assert.True(t, ok, customer)
	}
}
