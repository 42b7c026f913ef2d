package token_test

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/token"
	"countersign/session/token/tokentest"
)

func TestAnEventIsVerifiedOnlyAsItWasSigned(t *testing.T) {
	t.Parallel()
	keys, err := token.LoadKeys(filepath.Join(t.TempDir(), "token.key"))
	require.NoError(t, err)
	others, err := token.LoadKeys(filepath.Join(t.TempDir(), "token.key"))
	require.NoError(t, err)
	body := []byte(`{"type":"countersign.v1.verified","data":{"level":2}}`)
	jws, err := keys.SignEvent(body)
	require.NoError(t, err)
	verify := func(body, jws string) error {
		_, err := tokentest.Verify(keys.JWKS(), tokentest.Event, jws, []byte(body))
		return err
	}
	require.NoError(t, verify(string(body), jws))
	foreign, err := others.SignEvent(body)
	require.NoError(t, err)
	parts := strings.Split(jws, ".")
	header := func(text string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(text)) + ".." + parts[2]
	}
	for name, c := range map[string]struct{ body, jws string }{
		"another level":      {strings.Replace(string(body), "2", "3", 1), jws},
		"a space more":       {string(body) + " ", jws},
		"nothing":            {"", jws},
		"no signature":       {string(body), ""},
		"another's key":      {string(body), foreign},
		"half a signature":   {string(body), jws[:len(jws)-10]},
		"the content inside": {string(body), parts[0] + "." + base64.RawURLEncoding.EncodeToString(body) + "." + parts[2]},
		"no algorithm":       {string(body), header(`{"alg":"none","typ":"countersign-event+jws"}`)},
		"another algorithm":  {string(body), header(`{"alg":"HS256","typ":"countersign-event+jws"}`)},
		"a token's header":   {string(body), header(`{"alg":"EdDSA","typ":"JWT"}`)},
	} {
		assert.Error(t, verify(c.body, c.jws), name)
	}
}
