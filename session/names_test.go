package session_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/session"
)

func TestNamesThatGoToFreeSWITCHHaveOnlySafeCharacters(t *testing.T) {
	t.Parallel()
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for name, c := range map[string]struct {
		is   func(string) bool
		also string
	}{
		"an extension": {session.IsExtension, "_-.*#+@"},
		"an engine":    {session.IsEngine, "_:.-"},
		"a grammar":    {session.IsGrammar, "_:/.-"},
	} {
		assert.False(t, c.is(""), "%s of nothing", name)
		for r := rune(0); r < 0x180; r++ {
			want := strings.ContainsRune(letters+c.also, r)
			assert.Equal(t, want, c.is("a"+string(r)+"9"), "%s with %q", name, r)
		}
	}
	assert.True(t, session.IsGrammar(strings.Repeat("g", 512)))
	assert.False(t, session.IsGrammar(strings.Repeat("g", 513)))
	for r := rune(0); r < 0x180; r++ {
		want := r >= ' ' && r <= '~' && !strings.ContainsRune("|$\\'\"`^", r)
		assert.Equal(t, want, session.IsValue("a"+string(r)+"9"), "a value with %q", r)
	}
}
