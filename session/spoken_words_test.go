package session_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"countersign/session"

	"github.com/stretchr/testify/assert"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ said, want string }{
		"nothing":                       {"", ""},
		"nothing but signs":             {" …!? '' – ", ""},
		"spaces and capitals":           {"  My  voice\tis\nMy PASSWORD ", "my voice is my password"},
		"signs separate":                {"open,sesame-now/please", "open sesame now please"},
		"digits are words":              {"Room 101, floor 3.", "room 101 floor 3"},
		"an apostrophe is in the word":  {"Don't; don’t donʼt", "don't don't don't"},
		"quotes are not":                {"'Open' ‘sesame’ \"now\"", "open sesame now"},
		"umlauts and ß stay":            {"Größe ÄÖÜ Straße", "größe äöü straße"},
		"a great ß is a small one":      {"STRAẞE", "straße"},
		"composed and decomposed":       {"Gru\u0308n", "grün"},
		"wide letters and ligatures":    {"Ｏｐｅｎ ﬁle ①", "open file 1"},
		"marks belong to their letters": {"मेरी आवा\u095b", "मेरी आवा\u091c\u093c"},
		"no text at all":                {"a\xffb", "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, session.Words(tt.said))
		})
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{
		"", "My voice is my password", "Größe’s", "İ ẞ ς", "a\xffb", "\u0345\u0300'", "ﬁ①½", "ﷺ",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words := session.Words(s)
		if again := session.Words(words); again != words {
			t.Errorf("%q became %q, and then %q", s, words, again)
		}
		if !utf8.ValidString(words) || strings.TrimSpace(words) != words || strings.Contains(words, "  ") {
			t.Errorf("%q became %q", s, words)
		}
		if strings.ContainsFunc(
			words, func(r rune) bool { return r != ' ' && r != '\'' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd) },
		) {
			t.Errorf("%q became %q", s, words)
		}
	})
}
