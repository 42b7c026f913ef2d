package render

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// show makes text safe for a terminal: it can neither move the cursor nor forge another line.
func (t Terminal) show(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	if t.UTF8 {
		return s
	}
	return reduce(s, func(r rune) bool { return r < unicode.MaxASCII })
}

// cut shortens text to a width, visibly.
func (t Terminal) cut(s string, width int) string {
	if uniseg.StringWidth(s) <= width {
		return s
	}
	end := t.dots()
	width -= uniseg.StringWidth(end)
	var kept strings.Builder
	for letters := uniseg.NewGraphemes(s); letters.Next() && letters.Width() <= width; width -= letters.Width() {
		kept.WriteString(letters.Str())
	}
	return kept.String() + end
}

// cutStart shortens an id to a width, visibly: its end is what people compare.
func (t Terminal) cutStart(s string, width int) string {
	for cut := t.dots(); uniseg.StringWidth(s) > width; {
		_, rest, _, _ := uniseg.FirstGraphemeClusterInString(strings.TrimPrefix(s, cut), -1)
		s = cut + rest
	}
	return s
}

func (t Terminal) dots() string {
	if t.UTF8 {
		return "…"
	}
	return ".."
}

// signs are replacements in ASCII.
var signs = map[rune]string{
	'–': "-", '—': "-", '…': "..", '„': `"`, '“': `"`, '”': `"`, '«': `"`, '»': `"`,
	'‘': "'", '’': "'", 'ß': "ss",
	'æ': "ae", 'Æ': "AE", 'ø': "o", 'Ø': "O",
	'ł': "l", 'Ł': "L", 'đ': "d", 'Đ': "D", '█': "#", '▓': "=", '▒': "+", '░': ".",
}

// reduce writes text in the letters available: without marks where the marked letter is missing, and as ? where nothing
// is close.
func reduce(s string, have func(rune) bool) string {
	var out strings.Builder
	for _, r := range norm.NFC.String(s) {
		if have(r) {
			out.WriteRune(r)
			continue
		}
		if near, ok := signs[r]; ok {
			out.WriteString(near)
			continue
		}
		found := false
		for _, d := range norm.NFKD.String(string(r)) {
			if have(d) && !unicode.Is(unicode.Mn, d) {
				out.WriteRune(d)
				found = true
			}
		}
		if !found && !unicode.Is(unicode.Mn, r) {
			out.WriteByte('?')
		}
	}
	return out.String()
}

// western writes text in the bytes of the fonts that every PDF reader has (Windows-1252). whole says that nothing was
// lost.
func western(s string) (encoded string, whole bool) {
	var out strings.Builder
	reduced := reduce(s, func(r rune) bool {
		_, ok := charmap.Windows1252.EncodeRune(r)
		return ok && unicode.IsPrint(r)
	})
	for _, r := range reduced {
		b, _ := charmap.Windows1252.EncodeRune(r)
		out.WriteByte(b)
	}
	return out.String(), reduced == norm.NFC.String(s)
}
