package session_test

import (
	"strings"
	"testing"

	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEmailAddresses(t *testing.T) {
	t.Parallel()
	for told, want := range map[string]string{
		"ada@example.org": "ada@example.org", "Ada.L+bank@Mail.Example.ORG": "Ada.L+bank@mail.example.org",
		"o'neill@example.co.uk": "o'neill@example.co.uk",
	} {
		got, err := session.ReadEmail(told)
		require.NoError(t, err, told)
		assert.Equal(t, want, got)
	}
	for _, told := range []string{
		"", "ada", "ada@", "@example.org", "ada@example", "Ada <ada@example.org>", "ada@example.org\r\nBcc: eve@example.org",
		"ada@example.org ", "a b@example.org", `"ada"@example.org`, "ada@exa_mple.org", "ada@-example.org",
		".ada@example.org",
		"a..da@example.org", "ada.@example.org", "ada@example..org", "ada@münchen.de", "ada@[127.0.0.1]",
		"ada@eve@example.org",
		strings.Repeat("a", 65) + "@example.org", "a@" + strings.Repeat("example.", 40) + "org",
	} {
		_, err := session.ReadEmail(told)
		assert.ErrorIs(t, err, session.ErrNotAnAddress, "%q", told)
	}
}

// FuzzReadEmail: an address that is taken is one word of plain letters with one @, and is read again as itself.
func FuzzReadEmail(f *testing.F) {
	for _, told := range []string{
		"ada@example.org", "Ada <ada@example.org>", "ada@example.org\r\nBcc: eve@example.org", "a@b", "ada@xn--mnchen-3ya.de",
	} {
		f.Add(told)
	}
	f.Fuzz(func(t *testing.T, told string) {
		got, err := session.ReadEmail(told)
		if err != nil {
			require.Empty(t, got)
			return
		}
		require.Equal(t, 1, strings.Count(got, "@"))
		require.NotContains(t, strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' || strings.ContainsRune(`<>()[],;:\"`, r) {
				return '?'
			}
			return 'a'
		}, got), "?", got)
		again, err := session.ReadEmail(got)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
