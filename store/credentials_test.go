package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// countArgon2 counts how often argon2id runs, without its cost.
func countArgon2(d *Directory) *atomic.Int64 {
	var n atomic.Int64
	d.hash.argon2 = func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
		n.Add(1)
		return d.hash.keyed(fmt.Sprint(time, memory, threads, keyLen), string(salt), password)
	}
	return &n
}

func schemeOf(t *testing.T, d *Directory, customer string) string {
	t.Helper()
	c, found, err := d.credential(deadline(t), customer, KindPIN)
	require.NoError(t, err)
	require.True(t, found)
	return c.scheme
}

func TestCheckPIN(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{SchemeArgon2id, SchemeHMAC} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			d := newDirectory(t, DirectoryOptions{Scheme: scheme})
			fill(t, d, "id,pin", "imported,83645", "set,", "none,")
			require.NoError(t, d.SetPIN(deadline(t), "set", secret("73915026"), false))
			assert.Equal(t, SchemeHMAC, schemeOf(t, d, "imported"))
			assert.Equal(t, scheme, schemeOf(t, d, "set"))
			for _, tt := range []struct {
				customer, pin string
				want          bool
			}{
				{"imported", "83645", true}, {"imported", "83646", false}, {"imported", "", false},
				{"set", "73915026", true}, {"set", "7391502", false}, {"none", "83645", false}, {"unknown", "83645", false},
			} {
				pin := secret(tt.pin)
				ok, err := d.Check(deadline(t), tt.customer, KindPIN, pin)
				require.NoError(t, err)
				assert.Equal(t, tt.want, ok, "%s %s", tt.customer, tt.pin)
				assert.Equal(t, tt.pin, string(pin.Reveal()), "the PIN is its owner's to wipe")
			}
		})
	}
}

func TestCheckPINCostsTheSameForThoseWhoHaveNone(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, DirectoryOptions{})
	n := countArgon2(d)
	fill(t, d, "id,pin", "hmac,83645", "argon2id,", "none,")
	require.NoError(t, d.SetPIN(deadline(t), "argon2id", secret("83645"), false))
	for customer, cost := range map[string]int{"unknown": 1, "none": 1, "argon2id": 1, "hmac": 1} {
		for _, pin := range []string{"83640", "83645"} {
			before := n.Load()
			_, err := d.Check(deadline(t), customer, KindPIN, secret(pin))
			require.NoError(t, err)
			assert.EqualValues(t, cost, n.Load()-before, "%s %s", customer, pin)
		}
	}
}

func TestAnUpgradeDoesNotUndoANewPIN(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, DirectoryOptions{})
	fill(t, d, "id,pin", "c1,83645")
	old, _, err := d.credential(deadline(t), "c1", KindPIN)
	require.NoError(t, err)
	require.NoError(t, d.SetPIN(deadline(t), "c1", secret("91827"), false))
	require.NoError(t, d.replace(deadline(t), "c1", KindPIN, old, d.hash.dummy))
	ok, err := d.Check(deadline(t), "c1", KindPIN, secret("91827"))
	require.NoError(t, err)
	assert.True(t, ok)
}

func TestAHashIsWorthNothingInAnotherRow(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, DirectoryOptions{Scheme: SchemeHMAC})
	fill(t, d, "id,pin", "thief,83645", "victim,91827")
	_, err := d.db.write.Exec(`UPDATE credentials SET hash = (SELECT hash FROM credentials WHERE customer = 'thief') WHERE customer = 'victim'`)
	require.NoError(t, err)
	ok, err := d.Check(deadline(t), "victim", KindPIN, secret("83645"))
	require.NoError(t, err)
	assert.False(t, ok)
}

func TestChecksWaitTheirTurnAndNotForEver(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, DirectoryOptions{})
	countArgon2(d)
	fill(t, d, "id,pin", "c1,83645")
	require.NoError(t, d.SetPIN(deadline(t), "c1", secret("83645"), false))
	var slots int64
	for d.hash.slots.TryAcquire(1) {
		slots++
	}
	d.hash.wait = 10 * time.Millisecond
	_, err := d.Check(deadline(t), "c1", KindPIN, secret("83645"))
	require.ErrorIs(t, err, ErrBusy)
	gone, hangUp := context.WithCancelCause(deadline(t))
	hangUp(fmt.Errorf("hung up"))
	_, err = d.Check(gone, "c1", KindPIN, secret("83645"))
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrBusy)

	d.hash.wait = time.Minute
	var calls errgroup.Group
	for range 20 {
		calls.Go(func() error {
			ok, err := d.Check(deadline(t), "c1", KindPIN, secret("83645"))
			assert.True(t, ok)
			return err
		})
	}
	d.hash.slots.Release(slots)
	require.NoError(t, calls.Wait())
}

func TestSetPINRefuses(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, DirectoryOptions{})
	countArgon2(d)
	fill(t, d, "id,account,phones", "100042,AB-4711-08,+4930901826")
	for pin, want := range map[string]string{
		"1111": "repeats itself", "121212": "repeats itself", "83648364": "repeats itself", "1234": "counts up or down", "890123": "counts up or down",
		"98765": "counts up or down", "1985": "looks like a year", "2031": "looks like a year", "4711": "id or account number", "0004": "id or account number",
		"1826": "the end of the customer's telephone number", "901826": "the end of the customer's telephone number",
	} {
		err := d.SetPIN(deadline(t), "100042", secret(pin), false)
		var weak *WeakPINError
		require.ErrorAs(t, err, &weak, pin)
		assert.Contains(t, weak.Why, want, pin)
		assert.NotContains(t, err.Error(), pin)
		require.NoError(t, d.SetPIN(deadline(t), "100042", secret(pin), true), pin)
	}
	for _, pin := range []string{"", "123", "1234567890123", "12a4", "１２３４", " 1234"} {
		require.ErrorIs(t, d.SetPIN(deadline(t), "100042", secret(pin), true), ErrPINFormat, pin)
	}
	require.ErrorIs(t, d.SetPIN(deadline(t), "nobody", secret("83645"), false), ErrUnknownCustomer)
	for _, pin := range []string{"8364", "198512", "9018", "71108364"} {
		require.NoError(t, d.SetPIN(deadline(t), "100042", secret(pin), false), pin)
	}
}

func TestNoFileHoldsAPIN(t *testing.T) {
	t.Parallel()
	const imported, set, wrong = "739150264817", "408261957304", "615937048263"
	folder := t.TempDir()
	d := openDirectory(t, filepath.Join(folder, "directory.db"), DirectoryOptions{})
	search := func() {
		for range 2 { // what is in the log, then what is in the file itself
			files, err := filepath.Glob(filepath.Join(folder, "*"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, file := range files {
				content, err := os.ReadFile(file)
				require.NoError(t, err)
				for _, pin := range []string{imported, set, wrong} {
					assert.False(t, bytes.Contains(content, []byte(pin)), "%s in %s", pin, file)
				}
			}
			_, err = d.db.write.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
			require.NoError(t, err)
		}
	}
	fill(t, d, "id,pin", "c1,"+imported, "c2,"+imported)
	search()
	for _, pin := range []string{imported, wrong} {
		_, err := d.Check(deadline(t), "c1", KindPIN, secret(pin))
		require.NoError(t, err)
	}
	require.NoError(t, d.SetPIN(deadline(t), "c2", secret(set), false))
	search()
}

func BenchmarkCheckPIN(b *testing.B) {
	d := newDirectory(b, DirectoryOptions{})
	fill(b, d, "id,pin", "c1,")
	require.NoError(b, d.SetPIN(context.Background(), "c1", secret("83645"), false))
	pin := secret("83645")
	for b.Loop() {
		ok, err := d.Check(context.Background(), "c1", KindPIN, pin)
		if err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}

func TestWritingWhileAnotherProcessWritesForLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	d, other := openDirectory(t, path, DirectoryOptions{}), openDirectory(t, path, DirectoryOptions{})
	countArgon2(d)
	fill(t, d, "id,pin", "c1,83645")
	_, err := d.db.write.Exec("PRAGMA busy_timeout = 1") // 5 s otherwise
	require.NoError(t, err)
	require.NoError(t, other.db.inTx(deadline(t), func(context.Context, *sql.Tx) error {
		require.ErrorIs(t, d.SetPIN(deadline(t), "c1", secret("91827"), false), ErrBusy)
		_, err := d.Import(deadline(t), csvOf("id", "c2"), ImportOptions{})
		require.ErrorIs(t, err, ErrBusy)
		ok, err := d.Check(deadline(t), "c1", KindPIN, secret("83645"))
		assert.True(t, ok, "a caller does not notice")
		return err
	}))
}
