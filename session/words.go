package session

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words is the normal form of a spoken phrase, in which it is hashed and compared: NFKC and small letters, with one space between words. A word is letters, their
// marks, digits, and apostrophes between them; everything else only separates. German ß and umlauts stay what they are. The normal form of a normal form is itself.
func Words(s string) string {
	s = norm.NFKC.String(strings.Map(small, norm.NFKC.String(s)))
	words := strings.FieldsFunc(s, func(r rune) bool { return r != '\'' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd) })
	kept := words[:0]
	for _, w := range words {
		if w = strings.Trim(w, "'"); w != "" { // quotes
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// small writes a letter small, and every apostrophe as the one on the keyboard: spreadsheets make others of it, and speech engines do not.
func small(r rune) rune {
	switch r {
	case '\u2018', '\u2019', '\u02bc':
		return '\''
	}
	return unicode.ToLower(r)
}
