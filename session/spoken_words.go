package session

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words is the normal form in which a spoken phrase is hashed and compared: NFKC and lower case, with one space between
// words. A word is letters, their marks, digits, and apostrophes between them; everything else separates. German ß and
// umlauts are kept. Words is idempotent.
func Words(s string) string {
	s = norm.NFKC.String(strings.Map(small, norm.NFKC.String(s)))
	words := strings.FieldsFunc(
		s, func(r rune) bool { return r != '\'' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd) },
	)
	kept := words[:0]
	for _, w := range words {
		if w = strings.Trim(w, "'"); w != "" { // quotes
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// small lowers a letter and writes every apostrophe as the ASCII one, as speech engines do; spreadsheets do not.
func small(r rune) rune {
	switch r {
	case '\u2018', '\u2019', '\u02bc':
		return '\''
	}
	return unicode.ToLower(r)
}
