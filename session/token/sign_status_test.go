package token_test

import (
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
	"countersign/session/token/tokentest"
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
	text, err := tokentest.Verify(k.JWKS(), tokentest.Status, jws, nil)
	require.NoError(t, err)
	var got token.Status
	require.NoError(t, json.Unmarshal(text, &got))
	assert.Equal(t, token.Status{
		ID: "c.9", IssuedAt: jwt.NewNumericDate(now.Local()), Call: "c", Continues: "b", Line: "retail",
		Status: event.StatusVerified, Level: 2, Customer: "C-1", PopURL: "https://crm.example/C-1",
	}, got)
	assert.NotContains(t, string(text), "Lindqvist", "a name is for the screen alone")
}

func mustDecode(t *testing.T, jws string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(jws, ".")[1])
	require.NoError(t, err)
	return string(b)
}

func TestAStatusCountsForNothingElse(t *testing.T) {
	t.Parallel()
	k, now := statusKeys(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	jws, err := k.SignStatus(statusEvent(now))
	require.NoError(t, err)
	signedEvent, err := k.SignEvent([]byte(mustDecode(t, jws)))
	require.NoError(t, err)
	parts, attached := strings.Split(jws, "."), strings.Split(signedEvent, ".")
	for name, forged := range map[string]string{
		"altered":           parts[0] + "." + attached[0] + "." + parts[2],
		"that of an event":  attached[0] + "." + parts[1] + "." + attached[2],
		"by another's keys": must(statusKeys(t).SignStatus(statusEvent(now))),
	} {
		_, err := tokentest.Verify(k.JWKS(), tokentest.Status, forged, nil)
		require.ErrorIs(t, err, tokentest.ErrForged, name)
	}
	_, err = tokentest.Verify(k.JWKS(), tokentest.Event, parts[0]+".."+parts[2], []byte(mustDecode(t, jws)))
	require.Error(t, err, "nor is it a signature of an event")
	b := newBench(t)
	jws, err = b.keys.SignStatus(statusEvent(now))
	require.NoError(t, err)
	assert.Equal(t, event.RefusedForeign, b.refusal(t, jws, "retail"), "nor is it a token")
	_, err = k.SignStatus(event.Event{Data: event.Routed{}})
	require.ErrorContains(t, err, "routed says nothing about who the caller is")
}
