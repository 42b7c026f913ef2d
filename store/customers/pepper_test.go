package customers

import (
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

var otherPepper = OnePepper(make([]byte, PepperSize))

func TestPepperIsMadeOnceByWhoeverIsFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "pepper")
	got := make([]Peppers, 20)
	var all errgroup.Group
	for i := range got {
		all.Go(func() (err error) {
			got[i], err = LoadPepper(path)
			return err
		})
	}
	require.NoError(t, all.Wait())
	for _, g := range got {
		assert.Len(t, g.keys[0], 32)
		assert.Equal(t, got[0], g)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no drafts are left behind")
}

func TestDamagedPepperIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "too short": "abcd\n",
		"not hexadecimal": "zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
		"another word":    strings.Repeat("0a", 32) + " old\n",
		"twice":           strings.Repeat("0a", 32) + "\n" + strings.Repeat("0a", 32) + "\n",
		"only next":       strings.Repeat("0a", 32) + " next\n",
		"next first":      strings.Repeat("0a", 32) + "\n" + strings.Repeat("0b", 32) + " next\n" + strings.Repeat("0c", 32) + "\n",
		"too long":        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef00\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "pepper")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			_, err := LoadPepper(path)
			require.ErrorContains(t, err, path+" is damaged: each line must hold 64 hexadecimal digits")
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, text, string(after))
		})
	}
}

func TestDirectoryRefusesAnotherPepper(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	openDirectory(t, path, Options{})
	fill(t, openDirectory(t, path, Options{Pepper: otherPepper}), "id,pin", "a,83645") // nothing was stored under the first one
	_, err := Open(deadline(t), path, Options{Pepper: testPepper})
	require.ErrorIs(t, err, ErrWrongPepper)
	assert.EqualError(t, err,
		"the secrets in directory.db were stored under another pepper: restore the pepper file that belongs to it")
}

func TestADirectoryWithNothingButSealedSecretsRefusesAnotherPepperToo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	fill(t, openDirectory(t, path, Options{}), "id,totp_secret", "a,"+rfcKey)
	_, err := Open(deadline(t), path, Options{Pepper: otherPepper})
	require.ErrorIs(t, err, ErrWrongPepper)
}

func TestPepperKey(t *testing.T) {
	t.Parallel()
	d, other := newDirectory(t, Options{}), newDirectory(t, Options{Pepper: otherPepper})
	key := d.PepperKey("guard/v1")
	assert.Len(t, key, 32)
	assert.Equal(t, "64f63af2cf4da2236218fd81bc6420ec902aeb3bf3df976851d14b64f0e64419", hex.EncodeToString(key),
		"it must never change")
	assert.NotEqual(t, key, d.PepperKey("token/v1"))
	assert.NotEqual(t, key, other.PepperKey("guard/v1"))
	clear(key)
	assert.NotEqual(t, key, d.PepperKey("guard/v1"), "the caller clears the key")
}
