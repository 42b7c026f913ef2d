package customers

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"countersign/store/sqlite"
)

// countArgon2 counts how often argon2id runs, without its cost.
func countArgon2(d *Directory) *atomic.Int64 {
	var n atomic.Int64
	d.hash.argon2 = func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
		n.Add(1)
		return d.hash.ring.Load().current.keyed(fmt.Sprint(time, memory, threads, keyLen), string(salt), password)
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
			d := newDirectory(t, Options{Scheme: scheme})
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
				assert.Equal(t, tt.pin, string(pin.Reveal()), "the caller wipes the PIN")
			}
		})
	}
}

func TestCheckPINCostsTheSameForThoseWhoHaveNone(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
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
	d := newDirectory(t, Options{})
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
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,pin", "thief,83645", "victim,91827")
	_, err := d.db.Write.Exec(`UPDATE credentials
		SET hash = (SELECT hash FROM credentials WHERE customer = 'thief') WHERE customer = 'victim'`)
	require.NoError(t, err)
	ok, err := d.Check(deadline(t), "victim", KindPIN, secret("83645"))
	require.NoError(t, err)
	assert.False(t, ok)
}

func TestChecksWaitTheirTurnAndNotForEver(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	countArgon2(d)
	fill(t, d, "id,pin", "c1,83645")
	require.NoError(t, d.SetPIN(deadline(t), "c1", secret("83645"), false))
	var slots int64
	for d.hash.slots.TryAcquire(1) {
		slots++
	}
	d.hash.wait = 10 * time.Millisecond
	_, err := d.Check(deadline(t), "c1", KindPIN, secret("83645"))
	require.ErrorIs(t, err, sqlite.ErrBusy)
	gone, hangUp := context.WithCancelCause(deadline(t))
	hangUp(fmt.Errorf("hung up"))
	_, err = d.Check(gone, "c1", KindPIN, secret("83645"))
	require.Error(t, err)
	require.NotErrorIs(t, err, sqlite.ErrBusy)
	assert.Equal(t, HashQueue{AtOnce: int(slots), Refused: 1}, d.HashQueue(), "who hung up was not refused")

	d.hash.wait = time.Minute
	var calls errgroup.Group
	for range 20 {
		calls.Go(func() error {
			ok, err := d.Check(deadline(t), "c1", KindPIN, secret("83645"))
			assert.True(t, ok)
			return err
		})
	}
	require.Eventually(t, func() bool { return d.HashQueue().Waiting == 20 }, 30*time.Second, time.Millisecond)
	d.hash.slots.Release(slots)
	require.NoError(t, calls.Wait())
	assert.Equal(t, HashQueue{AtOnce: int(slots), Refused: 1}, d.HashQueue())
}

func TestSetPINRefuses(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	countArgon2(d)
	fill(t, d, "id,account,phones", "100042,AB-4711-08,+4930901826")
	for pin, want := range map[string]string{
		"1111": "repeats itself", "121212": "repeats itself", "83648364": "repeats itself", "1234": "counts up or down",
		"890123": "counts up or down",
		"98765":  "counts up or down", "1985": "looks like a year", "2031": "looks like a year",
		"4711": "id or account number", "0004": "id or account number",
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
	require.ErrorIs(t, d.SetPIN(deadline(t), "nobody", secret("83645"), false), ErrUnknown)
	for _, pin := range []string{"8364", "198512", "9018", "71108364"} {
		require.NoError(t, d.SetPIN(deadline(t), "100042", secret(pin), false), pin)
	}
}

func TestPINsThatAreTheDateOfBirthAreCounted(t *testing.T) {
	t.Parallel()
	for _, pin := range []string{
		"2908", "0829", "290884", "840829", "082984", "842908", "29081984", "08291984", "19840829", "0884", "8408", "081984",
		"198408",
	} {
		assert.Equal(t, "is the customer's date of birth", weakness([]byte(pin), nil, nil, []byte("19840829")), pin)
		assert.Empty(t, weakness([]byte(pin), nil, nil, nil), pin)
	}
	assert.Equal(t, "looks like a year", weakness([]byte("1984"), nil, nil, []byte("19840829")))
	for _, pin := range []string{"2984", "2909", "290885", "8290", "84082"} {
		assert.Empty(t, weakness([]byte(pin), nil, nil, []byte("19840829")), pin)
	}
	d := newDirectory(t, Options{})
	result, err := d.Import(deadline(t), csvOf("id,pin,birth_date", "c1,2908,29.8.1984", "c2,2909,1984-08-29", "c3,2908,"),
		ImportOptions{})
	require.NoError(t, err)
	assert.Equal(t, 1, result.WeakPINs)
}

func TestCheckOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{SchemeArgon2id, SchemeHMAC} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			d := newDirectory(t, Options{Scheme: scheme})
			countArgon2(d)
			fill(t, d, "id,birth_date,passphrase,fact:postcode", "imported,1984-08-29,Grüße aus Köln!,01099", "set,,,",
				"none,,,")
			for kind, raw := range map[string]string{KindBirthDate: "29.08.1984", KindPassphrase: "grüße AUS köln",
				"postcode": "01099"} {
				s := secret(raw)
				require.NoError(t, d.SetSecret(deadline(t), "set", kind, s))
				assert.Equal(t, raw, string(s.Reveal()), "the caller wipes the secret")
			}
			check := func() {
				for kind, answer := range map[string]string{KindBirthDate: "19840829", KindPassphrase: "grüße aus köln",
					"postcode": "01099"} {
					for customer, want := range map[string]bool{"imported": true, "set": true, "none": false, "unknown": false} {
						ok, err := d.Check(deadline(t), customer, kind, secret(answer))
						require.NoError(t, err)
						assert.Equal(t, want, ok, "%s %s", customer, kind)
						ok, err = d.Check(deadline(t), customer, kind, secret(answer[1:]))
						require.NoError(t, err)
						assert.False(t, ok, "%s %s", customer, kind)
					}
				}
				ok, err := d.Check(deadline(t), "set", "postcode", secret("19840829"))
				require.NoError(t, err)
				assert.False(t, ok, "an answer to another question")
			}
			check()
			_, err := d.WrapNext(deadline(t), 3)
			require.NoError(t, err)
			check()
		})
	}
}

func TestSetSecretRefuses(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	countArgon2(d)
	fill(t, d, "id", "c1")
	for _, tt := range []struct{ kind, raw, want string }{
		{KindBirthDate, "29.08.84", "the birth_date must be"}, {KindPassphrase, "sesame",
			"the passphrase must have"}, {"postcode", "EC1A", "the postcode must have"},
		{KindTOTP, "nonsense!", "the totp_secret must be"}, {KindPIN, "83645", `"pin" cannot be set`}, {"tracking", "83645",
			`"tracking" cannot be set`},
		{"", "83645", "cannot be set"},
	} {
		err := d.SetSecret(deadline(t), "c1", tt.kind, secret(tt.raw))
		require.ErrorContains(t, err, tt.want)
		assert.NotContains(t, err.Error(), tt.raw)
	}
	for kind, raw := range map[string]string{KindBirthDate: "1984-08-29", KindTOTP: rfcKey} {
		require.ErrorIs(t, d.SetSecret(deadline(t), "nobody", kind, secret(raw)), ErrUnknown)
	}
	r, err := d.Show(deadline(t), "c1")
	require.NoError(t, err)
	assert.Empty(t, r.Credentials)
}

func TestNoFileHoldsASecret(t *testing.T) {
	t.Parallel()
	const imported, set, wrong = "739150264817", "408261957304", "615937048263"
	const totp, setTOTP = "OBZGC5DFNZSXQ5DSMFQXG53FOJSA", "KRSXG5CTMVRXEZLUKN2XAZLSKNSWG4TF"
	secrets := []string{
		imported, set, wrong, "1984-08-29", "29.08.1984", "19840829", "29081984", "08291984", "840829", "1985-07-13",
		"19850713", "zebras", "waltz", "Zebras", "gnomes",
		"92746103", totp, strings.ToLower(totp), setTOTP,
	}
	for _, s := range []string{totp, setTOTP} {
		key, problem := totpKey([]byte(s))
		require.Empty(t, problem)
		secrets = append(secrets, string(key), hex.EncodeToString(key), string(key[:10]))
	}
	folder := t.TempDir()
	d := openDirectory(t, filepath.Join(folder, "directory.db"), Options{})
	search := func() {
		for range 2 { // the content of the log, then that of the file itself
			files, err := filepath.Glob(filepath.Join(folder, "*"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, file := range files {
				content, err := os.ReadFile(file)
				require.NoError(t, err)
				for _, secret := range secrets {
					assert.False(t, bytes.Contains(content, []byte(secret)), "%s in %s", secret, file)
				}
			}
			_, err = d.db.Write.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
			require.NoError(t, err)
		}
	}
	row := imported + ",1984-08-29,Zebras waltz at eventtest.Noon,92746103," + totp
	fill(t, d, "id,pin,birth_date,passphrase,fact:membership,totp_secret", "c1,"+row, "c2,"+row)
	search()
	for kind, answers := range map[string][]string{
		KindPIN: {imported, wrong}, KindBirthDate: {"19840829"}, KindPassphrase: {"zebras waltz at eventtest.Noon",
			"gnomes waltz"}, "membership": {"92746103"},
	} {
		for _, answer := range answers {
			_, err := d.Check(deadline(t), "c1", kind, secret(answer))
			require.NoError(t, err)
		}
	}
	_, _, err := d.CheckTOTP(deadline(t), "c1", secret("123456"), time.Now())
	require.NoError(t, err)
	require.NoError(t, d.SetPIN(deadline(t), "c2", secret(set), false))
	for kind, raw := range map[string]string{KindBirthDate: "1985-07-13", KindPassphrase: "gnomes waltz",
		KindTOTP: setTOTP} {
		require.NoError(t, d.SetSecret(deadline(t), "c2", kind, secret(raw)))
	}
	_, err = d.WrapNext(deadline(t), 2)
	require.NoError(t, err)
	search()
}

func BenchmarkCheckPIN(b *testing.B) {
	d := newDirectory(b, Options{})
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
	d, other := openDirectory(t, path, Options{}), openDirectory(t, path, Options{})
	countArgon2(d)
	fill(t, d, "id,pin", "c1,83645")
	_, err := d.db.Write.Exec("PRAGMA busy_timeout = 1") // 5 s otherwise
	require.NoError(t, err)
	require.NoError(t, other.db.InTx(deadline(t), func(context.Context, *sql.Tx) error {
		require.ErrorIs(t, d.SetPIN(deadline(t), "c1", secret("91827"), false), sqlite.ErrBusy)
		_, err := d.Import(deadline(t), csvOf("id", "c2"), ImportOptions{})
		require.ErrorIs(t, err, sqlite.ErrBusy)
		ok, err := d.Check(deadline(t), "c1", KindPIN, secret("83645"))
		assert.True(t, ok, "a caller does not notice")
		return err
	}))
	before := d.Writes()
	assert.EqualValues(t, 2, before.Busy)
	require.NoError(t, d.SetPIN(deadline(t), "c1", secret("91827"), false))
	after := d.Writes()
	assert.Equal(t, before.Done+1, after.Done)
	assert.Greater(t, after.Took, before.Took)
}
