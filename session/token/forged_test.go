package token_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func encode(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	good := b.issued(t)
	header, said, parts := part(t, good, 0), part(t, good, 1), strings.Split(good, ".")
	public, err := base64.RawURLEncoding.DecodeString(jwks(t, b.keys)[0]["x"])
	require.NoError(t, err)
	_, other, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{
		Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(ed25519.PublicKey(public))),
	})
	sign := func(m jwt.SigningMethod, key any, change func(*jwt.Token)) string {
		forged := jwt.NewWithClaims(m, jwt.MapClaims(said))
		forged.Header["kid"] = header["kid"]
		if change != nil {
			change(forged)
		}
		raw, err := forged.SignedString(key)
		require.NoError(t, err)
		return raw
	}
	claim := func(name string, value any) string {
		changed := part(t, good, 1)
		changed[name] = value
		return parts[0] + "." + encode(t, changed) + "." + parts[2]
	}
	for name, raw := range map[string]string{
		"another key": sign(jwt.SigningMethodEdDSA, other, nil),
		"another key under its own id": sign(
			jwt.SigningMethodEdDSA, other, func(f *jwt.Token) { f.Header["kid"] = "mine" },
		),
		"another key that it brings along": sign(
			jwt.SigningMethodEdDSA, other, func(f *jwt.Token) { f.Header["jwk"] = map[string]any{"kty": "OKP", "x": "AA"} },
		),
		"no key id": sign(
			jwt.SigningMethodEdDSA, other, func(f *jwt.Token) { delete(f.Header, "kid") },
		),
		"a key id that is a number": sign(
			jwt.SigningMethodEdDSA, other, func(f *jwt.Token) { f.Header["kid"] = 1 },
		),
		"no algorithm":              sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"no algorithm, in capitals": encode(t, map[string]any{"alg": "None", "kid": header["kid"]}) + "." + parts[1] + ".",
		"no algorithm, with the signature": encode(
			t, map[string]any{"alg": "none", "kid": header["kid"]},
		) + "." + parts[1] + "." + parts[2],
		"HMAC under the public key":        sign(jwt.SigningMethodHS256, public, nil),
		"HMAC under the public key as PEM": sign(jwt.SigningMethodHS256, publicPEM, nil),
		"RSA":                              sign(jwt.SigningMethodRS256, weak, nil),
		"an algorithm that nobody knows": encode(
			t, map[string]any{"alg": "XYZ", "kid": header["kid"]},
		) + "." + parts[1] + "." + parts[2],
		"a higher level":                 claim("acr", "countersign:4"),
		"a longer life":                  claim("exp", said["exp"].(float64)+1e6),
		"another line":                   claim("line", "*"),
		"another call":                   claim("call", "another"),
		"another subject":                claim("sub", "another"),
		"another id":                     claim("jti", "another"),
		"the signature of another token": parts[0] + "." + parts[1] + "." + strings.Split(b.issued(t), ".")[2],
		"a signature of zeroes": parts[0] + "." + parts[1] + "." +
			base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"an algorithm that is a number": encode(t, map[string]any{"alg": 1}) + "." + parts[1] + "." + parts[2],
		"no signature":                  parts[0] + "." + parts[1] + ".",
		"one more header, and the same signature": encode(
			t, map[string]any{"alg": "EdDSA", "kid": header["kid"], "crit": []string{"x"}},
		) + "." + parts[1] + "." + parts[2],
	} {
		assert.Equal(t, event.RefusedForged, b.refusal(t, raw, "retail"), name)
		_, active, err := b.Introspect(deadline(t), secret(raw))
		assert.NoError(t, err, name)
		assert.False(t, active, name)
	}
	_, err = b.Redeem(deadline(t), secret(good), "retail")
	require.NoError(t, err)
}

// Our key signs nothing else. If it did, a token without times must not be valid for ever.
func TestTokensOfOurOwnKeyNeedTheirTimes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token.key")
	keys, err := token.LoadKeys(path)
	require.NoError(t, err)
	block, _ := pem.Decode(must(os.ReadFile(path)))
	private := must(x509.ParsePKCS8PrivateKey(block.Bytes))
	b := benchOn(t, shared.NewMemory(), keys)
	good := b.issued(t)
	for name, test := range map[string]struct {
		change func(said map[string]any)
		why    event.Refusal
	}{
		"no expiry":     {func(c map[string]any) { delete(c, "exp") }, event.RefusedExpired},
		"no begin":      {func(c map[string]any) { delete(c, "iat") }, event.RefusedExpired},
		"a long life":   {func(c map[string]any) { c["exp"] = c["iat"].(float64) + 901 }, event.RefusedExpired},
		"no audience":   {func(c map[string]any) { delete(c, "aud") }, event.RefusedForeign},
		"two audiences": {func(c map[string]any) { c["aud"] = []string{"countersign", "elsewhere"} }, event.RefusedForeign},
		"no line":       {func(c map[string]any) { delete(c, "line") }, event.RefusedForeign},
		"no id":         {func(c map[string]any) { delete(c, "jti") }, event.RefusedUnknown},
		"words as time": {func(c map[string]any) { c["exp"] = "never" }, event.RefusedMalformed},
	} {
		said := part(t, good, 1)
		test.change(said)
		forged := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims(said))
		forged.Header["kid"] = part(t, good, 0)["kid"]
		raw, err := forged.SignedString(private)
		require.NoError(t, err)
		assert.Equal(t, test.why, b.refusal(t, raw, "retail"), name)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
