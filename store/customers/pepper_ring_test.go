package customers

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peppers reads a file with these lines.
func peppers(t *testing.T, lines ...string) Peppers {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pepper")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	p, err := LoadPepper(path)
	require.NoError(t, err)
	return p
}

var pepperA, pepperB, pepperC = strings.Repeat("0a", 32), strings.Repeat("0b", 32), strings.Repeat("0c", 32)

func TestPeppersAreUsedOnceTheyAreNoLongerNext(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 0, peppers(t, pepperA).current)
	assert.Equal(t, 0, peppers(t, pepperA, pepperB+" next").current)
	assert.Equal(t, 1, peppers(t, pepperA, pepperB, pepperC+" next").current)
	p := peppers(t, pepperA, pepperB, pepperC+" next")
	assert.Regexp(t, `^[0-9a-f]{8}, [0-9a-f]{8} \(in use\), [0-9a-f]{8} \(next\)$`, p.String())
	assert.NotContains(t, p.String(), "0a0a0a0a")
}

// fakeArgon2 costs nothing.
func fakeArgon2(password, salt []byte, _, _ uint32, _ uint8, keyLen uint32) []byte {
	sum := sha256.Sum256(append(bytes.Clone(password), salt...))
	return sum[:keyLen]
}

// Secrets of every kind, stored under the first pepper, are right under the second, and move to it as they are used.
func TestThePepperChangesWhileAnswersAreChecked(t *testing.T) {
	t.Parallel()
	ctx, path := deadline(t), filepath.Join(t.TempDir(), "directory.db")
	d := openDirectory(t, path, Options{Pepper: peppers(t, pepperA)})
	d.hash.argon2 = fakeArgon2
	fill(t, d, "id,pin,birth_date,totp_secret", "a,83645,1980-12-31,"+rfcKey, "b,97531,,", "c,86420,,")
	_, err := d.WrapNext(ctx, 3) // the PINs
	require.NoError(t, err)
	other := openDirectory(t, path, Options{Pepper: peppers(t, pepperA, pepperB+" next")}) // another process, which is earlier
	other.hash.argon2 = fakeArgon2

	running, stop := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() { d.Wrap(running) })
	defer func() { stop(); working.Wait() }()
	check := func(d *Directory) {
		for id, pin := range map[string]string{"a": "83645", "b": "97531"} {
			ok, err := d.Check(ctx, id, KindPIN, secret(pin))
			assert.NoError(t, err)
			assert.True(t, ok)
			ok, err = d.Check(ctx, id, KindPIN, secret("11111"))
			assert.NoError(t, err)
			assert.False(t, ok)
		}
		ok, err := d.Check(ctx, "a", KindBirthDate, secret("19801231"))
		assert.NoError(t, err)
		assert.True(t, ok)
		_, ok, err = d.CheckTOTP(ctx, "a", secret("287082"), time.Unix(59, 0))
		assert.NoError(t, err)
		assert.True(t, ok)
	}
	key := d.PepperKey("guard/v1")
	working.Go(func() {
		for running.Err() == nil {
			check(d)
			check(other)
		}
	})
	require.NoError(t, d.SetPeppers(peppers(t, pepperA, pepperB+" next")))
	require.NoError(t, d.SetPeppers(peppers(t, pepperA, pepperB)))
	require.Eventually(t, func() bool {
		n, err := d.UnderOlderPeppers(ctx)
		return err == nil && n == 1 // c has not called
	}, time.Minute, time.Millisecond)
	assert.Equal(t, key, d.PepperKey("guard/v1"), "locks and aliases stay")
	c, found, err := d.credential(ctx, "b", KindPIN)
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, d.hash.ring.Load().current.id, c.pepper)
	require.NoError(t, d.SetPIN(ctx, "c", secret("73915026"), false))
	n, err := d.UnderOlderPeppers(ctx)
	require.NoError(t, err)
	assert.Zero(t, n)

	// A third one.
	require.NoError(t, d.SetPeppers(peppers(t, pepperA, pepperB, pepperC)))
	require.NoError(t, other.SetPeppers(peppers(t, pepperA, pepperB, pepperC)))
	require.Eventually(t, func() bool {
		n, err := d.UnderOlderPeppers(ctx)
		return err == nil && n == 1
	}, time.Minute, time.Millisecond)
}

func TestAPepperThatIsNeededStaysInTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	d := openDirectory(t, path, Options{Pepper: peppers(t, pepperA, pepperB)})
	for _, lines := range [][]string{{pepperA}, {pepperB}, {pepperB, pepperA}, {pepperA, pepperC}} {
		require.ErrorContains(t, d.SetPeppers(peppers(t, lines...)), "put its line back", lines)
	}
	fill(t, d, "id,pin", "a,83645")
	_, err := Open(deadline(t), path, Options{Pepper: peppers(t, pepperA, pepperC)})
	require.ErrorIs(t, err, ErrWrongPepper)
	_, err = OpenReadOnly(deadline(t), path, Options{Pepper: peppers(t, pepperA)})
	require.ErrorIs(t, err, ErrWrongPepper)
}

func TestWhatWasSealedUnderAnOlderPepperIsOpened(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Pepper: peppers(t, pepperA)})
	later := newDirectory(t, Options{Pepper: peppers(t, pepperA, pepperB+" next")})
	seal := func(s cipher.AEAD) []byte { return s.Seal(nil, nil, []byte("value"), []byte("key")) }
	opens := func(s cipher.AEAD, sealed []byte) bool {
		v, err := s.Open(nil, nil, sealed, []byte("key"))
		return err == nil && string(v) == "value"
	}
	ours, theirs := d.Sealer("state/v1"), later.Sealer("state/v1")
	before := seal(ours)
	assert.True(t, opens(theirs, before))
	require.NoError(t, d.SetPeppers(peppers(t, pepperA, pepperB)))
	after := seal(ours)
	assert.True(t, opens(ours, before))
	assert.True(t, opens(theirs, after), "the machine that is not as far reads it, too")
	assert.True(t, opens(ours, seal(theirs)))
	assert.False(t, opens(newDirectory(t, Options{Pepper: peppers(t, pepperA)}).Sealer("state/v1"), after))
	assert.False(t, opens(d.Sealer("other/v1"), after))
}
