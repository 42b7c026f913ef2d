package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	s := session.NewSecret([]byte("246813"))
	entry := session.Entry{Class: session.Input, Digits: s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", s, entry)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", s, "entry", entry)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", s, "entry", entry)
	b, err := json.Marshal(map[string]any{"s": s, "e": entry})
	require.NoError(t, err)
	out.Write(b)
	assert.NotContains(t, out.String(), "246813")
	assert.NotContains(t, out.String(), "323436383133", "hexadecimal")
	assert.NotContains(t, out.String(), "50 52 54", "byte by byte")
	assert.Equal(t, 6, s.Len())
	s.Wipe()
	s.Wipe()
	assert.Equal(t, make([]byte, 6), s.Reveal())
}
