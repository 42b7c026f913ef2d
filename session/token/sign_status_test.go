package token_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/token"
)

func statusKeys(t *testing.T) *token.Keys {
	t.Helper()
	k, err := token.LoadKeys(filepath.Join(t.TempDir(), "token.key"))
	require.NoError(t, err)
	return k
}

func statusEvent(at time.Time) event.Event {
	return event.Event{
		ID: "c.9", Source: "/countersign/a", Time: at, Call: "c", Seq: 9, Line: "retail",
		Data: event.Verified{
			Customer: "C-1", Name: "Maria Lindqvist", Methods: []event.Method{event.MethodPIN}, Status: event.StatusVerified,
			Level: 2, PopURL: "https://crm.example/C-1", Continues: "b",
		},
	}
}

func TestAStatusIsSignedForAnybodyWithThePublicKeys(t *testing.T) {
	t.Parallel()
	k, now := statusKeys(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	jws, err := k.SignStatus(statusEvent(now))
	require.NoError(t, err)
	got, err := k.VerifyStatus(jws, now.Add(time.Minute), 5*time.Minute)
	require.NoError(t, err)
	assert.Equal(t, token.Status{
		ID: "c.9", IssuedAt: jwt.NewNumericDate(now.Local()), Call: "c", Continues: "b", Line: "retail",
		Status: event.StatusVerified, Level: 2, Customer: "C-1", PopURL: "https://crm.example/C-1",
	}, got)

	// As somebody does it who has nothing but jwks.json.
	var set struct{ Keys []struct{ Kid, X string } }
	require.NoError(t, json.Unmarshal(k.JWKS(), &set))
	public, err := base64.RawURLEncoding.DecodeString(set.Keys[0].X)
	require.NoError(t, err)
	at := strings.LastIndex(jws, ".")
	signature, err := base64.RawURLEncoding.DecodeString(jws[at+1:])
	require.NoError(t, err)
	assert.True(t, ed25519.Verify(public, []byte(jws[:at]), signature))
	assert.NotContains(t, mustDecode(t, jws), "Lindqvist", "a name is for the screen alone")
}

func mustDecode(t *testing.T, jws string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(jws, ".")[1])
	require.NoError(t, err)
	return string(b)
}

func TestAStatusThatNobodyOfOursSignedJustNowIsNone(t *testing.T) {
	t.Parallel()
	k, now := statusKeys(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	jws, err := k.SignStatus(statusEvent(now))
	require.NoError(t, err)
	parts := strings.Split(jws, ".")
	encode := base64.RawURLEncoding.EncodeToString
	altered := strings.Replace(mustDecode(t, jws), `"level":2`, `"level":3`, 1)
	signedEvent, err := k.SignEvent([]byte(mustDecode(t, jws)))
	require.NoError(t, err)
	attached := strings.Split(signedEvent, ".")
	for name, forged := range map[string]string{
		"nothing":                   "",
		"no signature":              encode([]byte(`{"alg":"none","typ":"countersign-status+jwt"}`)) + "." + parts[1] + ".",
		"altered":                   parts[0] + "." + encode([]byte(altered)) + "." + parts[2],
		"another signature of ours": attached[0] + "." + parts[1] + "." + attached[2],
	} {
		_, err := k.VerifyStatus(forged, now, 5*time.Minute)
		require.ErrorIs(t, err, token.ErrStatus, name)
	}
	_, err = statusKeys(t).VerifyStatus(jws, now, 5*time.Minute)
	require.ErrorIs(t, err, token.ErrStatus, "another key")
	for name, at := range map[string]time.Time{"old": now.Add(6 * time.Minute), "of the future": now.Add(-2 * time.Minute)} {
		_, err = k.VerifyStatus(jws, at, 5*time.Minute)
		require.ErrorIs(t, err, token.ErrStatus, name)
	}
	require.Error(t, k.VerifyEvent([]byte(mustDecode(t, jws)), parts[0]+".."+parts[2]), "nor is it a signature of an event")
	b := newBench(t)
	jws, err = b.keys.SignStatus(statusEvent(now))
	require.NoError(t, err)
	assert.Equal(t, event.RefusedForeign, b.refusal(t, jws, "retail"), "nor is it a token")
	_, err = k.SignStatus(event.Event{Data: event.Routed{}})
	require.ErrorContains(t, err, "routed says nothing about who the caller is")
}
