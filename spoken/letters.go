package spoken

import (
	"bytes"
)

// Values of letters that are written with several. The values of A to Z are their ASCII codes.
const (
	letterAE = 256 + iota
	letterOE
	letterUE
	letterSS
	letterCH
	letterSCH
)

var severalLetters = []string{"AE", "OE", "UE", "SS", "CH", "SCH"}

func appendLetter(to []byte, value int) []byte {
	if value >= letterAE {
		return append(to, severalLetters[value-letterAE]...)
	}
	return append(to, byte(value))
}

// findLetters finds the letters that begin at a token: alone, explained, doubled, or together in a word of capitals.
func (u *utterance) findLetters(at int) {
	var scratch [maxLength]byte
	defer clear(scratch[:])
	u.matchLetter(at, func(end, value int) { u.addUnit(at, end, appendLetter(scratch[:0], value)) })
	u.lang.times.match(u, at, func(from, times int) {
		u.matchLetter(from, func(end, value int) {
			u.addUnit(at, end, repeat(scratch[:0], appendLetter(nil, value), times/10))
		})
	})
	if t := u.tokens[at]; u.isSpelt(t) {
		text := append(scratch[:0], u.text[t.from:t.to]...)
		for i := range text {
			text[i] -= 'a' - 'A'
		}
		u.addUnit(at, at+1, text)
	}
}

// matchLetter finds one letter: «a», «alpha», «a as in alpha», «a alpha».
func (u *utterance) matchLetter(at int, found func(end, value int)) {
	l := u.lang
	l.spelling.match(u, at, found)
	l.letter.match(u, at, func(end, letter int) {
		found(end, letter)
		l.spelling.match(u, end, func(end, explained int) {
			if explained == letter {
				found(end, letter)
			}
		})
		l.asIn.match(u, end, func(word, _ int) {
			known := false
			l.spelling.match(u, word, func(end, explained int) {
				known = true
				found(end, explained)
			})
			if !known && word < u.limit && u.begins(word, letter) {
				found(word+1, letter)
			}
		})
	})
}

// begins says whether a word begins with a letter.
func (u *utterance) begins(at, letter int) bool {
	t := u.tokens[at]
	return bytes.HasPrefix(u.text[t.from:t.to], bytes.ToLower(appendLetter(nil, letter)))
}

// isSpelt says whether a word is a few letters that the recogniser wrote together: they are capitals, and not
// everything else is, as with recognisers that write everything in capitals.
func (u *utterance) isSpelt(t token) bool {
	n := t.to - t.from
	if t.word != unknown || !t.capitals || n < 2 || n > 4 || !u.written && !u.lower {
		return false
	}
	for _, b := range u.text[t.from:t.to] {
		if b < 'a' || b > 'z' {
			return false
		}
	}
	return true
}
