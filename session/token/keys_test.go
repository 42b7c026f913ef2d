package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func jwks(t testing.TB, k *token.Keys) []map[string]string {
	t.Helper()
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	require.NoError(t, json.Unmarshal(k.JWKS(), &set))
	return set.Keys
}

func TestProcessesThatCreateTheKeyAtOnceGetTheSame(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "token.key")
	got := make([]*token.Keys, 20)
	var all errgroup.Group
	for i := range got {
		all.Go(func() (err error) {
			got[i], err = token.LoadKeys(path)
			return err
		})
	}
	require.NoError(t, all.Wait())
	for _, g := range got {
		assert.Equal(t, string(got[0].JWKS()), string(g.JWKS()))
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no drafts are left behind")
}

func TestThePublicKeysVerifyTokensAndShowNothingOfThePrivateOnes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	set := jwks(t, b.keys)
	require.Len(t, set, 1)
	assert.Equal(t, "OKP", set[0]["kty"])
	assert.Equal(t, "Ed25519", set[0]["crv"])
	assert.Equal(t, "EdDSA", set[0]["alg"])
	assert.Equal(t, "sig", set[0]["use"])
	assert.NotContains(t, set[0], "d")
	raw := b.issued(t)
	assert.Equal(t, part(t, raw, 0)["kid"], set[0]["kid"])
	public, err := base64.RawURLEncoding.DecodeString(set[0]["x"])
	require.NoError(t, err)
	signed := raw[:strings.LastIndex(raw, ".")]
	signature, err := base64.RawURLEncoding.DecodeString(raw[len(signed)+1:])
	require.NoError(t, err)
	assert.True(t, ed25519.Verify(public, []byte(signed), signature))
	assert.Equal(t, "[redacted] [redacted] [redacted]", fmt.Sprintf("%v %+v %#v", b.keys, b.keys, b.keys))
}

// The example key of RFC 8037, appendix A, and its thumbprint.
func TestTheIDOfAKeyIsItsThumbprint(t *testing.T) {
	t.Parallel()
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "token.key")
	require.NoError(t, os.WriteFile(path, pemOf(t, ed25519.NewKeyFromSeed(seed)), 0o600))
	keys, err := token.LoadKeys(path)
	require.NoError(t, err)
	set := jwks(t, keys)
	assert.Equal(t, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", set[0]["x"])
	assert.Equal(t, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", set[0]["kid"])
}

func pemOf(t testing.TB, key any) []byte {
	t.Helper()
	if public, ok := key.(ed25519.PublicKey); ok {
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(public))})
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
}

func TestAnOldKeyVerifiesAndDoesNotSign(t *testing.T) {
	t.Parallel()
	publicOld, privateOld, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	_, privateNew, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	load := func(keys ...any) *token.Keys {
		path := filepath.Join(t.TempDir(), "token.key")
		var text []byte
		for _, k := range keys {
			text = append(text, pemOf(t, k)...)
		}
		require.NoError(t, os.WriteFile(path, text, 0o600))
		loaded, err := token.LoadKeys(path)
		require.NoError(t, err)
		return loaded
	}
	store := shared.NewMemory()
	before := benchOn(t, store, load(privateOld))
	for name, keys := range map[string]*token.Keys{
		"the old key": load(privateNew, privateOld), "its public half": load(privateNew, publicOld),
		"twice": load(privateNew, publicOld, privateOld),
	} {
		after := benchOn(t, store, keys)
		assert.Len(t, jwks(t, keys), 2, name)
		_, err = after.Redeem(deadline(t), secret(before.issued(t)), "retail")
		require.NoError(t, err, name)
		assert.Equal(t, event.RefusedForged, before.refusal(t, after.issued(t), "retail"), name)
	}
	gone := benchOn(t, store, load(privateNew))
	assert.Equal(t, event.RefusedForged, gone.refusal(t, before.issued(t), "retail"))
}

func TestADamagedKeyIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	good := string(pemOf(t, private))
	for name, test := range map[string]struct{ text, says string }{
		"empty":                  {"", "no key"},
		"no PEM":                 {"key\n", "no key"},
		"cut short":              {good[:len(good)/2], "no key"},
		"a tail":                 {good + "tail\n", "after its last key"},
		"a second one cut short": {good + good[:len(good)/2], "after its last key"},
		"not PKCS #8": {
			string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})), "key 1: cannot be parsed",
		},
		"another kind of block": {
			string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})),
			"key 1: not an Ed25519 key",
		},
		"another kind of key":      {string(pemOf(t, curve)), "key 1: not an Ed25519 key"},
		"the second one is wrong":  {good + string(pemOf(t, curve)), "key 2: not an Ed25519 key"},
		"only public: cannot sign": {string(pemOf(t, public)), "the first key must be a private one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "token.key")
			require.NoError(t, os.WriteFile(path, []byte(test.text), 0o600))
			_, err := token.LoadKeys(path)
			require.ErrorContains(t, err, path+" is damaged: ")
			require.ErrorContains(t, err, test.says)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, test.text, string(after))
		})
	}
}

func TestOthersMayNotReadTheKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token.key")
	_, err := token.LoadKeys(path)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = token.LoadKeys(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}
