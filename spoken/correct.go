package spoken

import (
	"bytes"
	"math/bits"
)

// Values of language.place are sums: which place, counted from the start or from the end; what it is; and how many
// there are of the first or the last, as in «the last two».
const (
	placeDigit = 10 // «the second digit»
	placeGroup = 20 // «the second group»
	placeOpen  = 30 // «at the end»: as many digits as are said
	fromStart  = 100
	fromEnd    = 10000
)

// Correct reads a correction of a number that was read back to the caller in these groups, and returns the corrected
// numbers of min to max digits, best first; none if it does not understand. A «no» may be before it. It understands
//   - a new number: «no, four five six»,
//   - a place and what is there: «the last two are five six», «at the end five six», «the second digit is a nine», «the
//     second group is fifty six»,
//   - what is to be replaced: «not seven but nine», «nine instead of seven», wherever the wrong part is in the number.
//
// A place that is neither called a digit nor a group is a digit if one is said, and a group if as many are said as it
// has. A reading that equals what was read back says that it was right.
func Correct(language string, heard [][]byte, words []byte, min, max int) []Reading {
	return correct(language, heard, words, min, max, digitsAlone)
}

// CorrectLetters is Correct for an identifier of letters and digits: «the first letter is D as in delta», «not bravo but
// delta».
func CorrectLetters(language string, heard [][]byte, words []byte, min, max int) []Reading {
	return correct(language, heard, words, min, max, withLetters)
}

func correct(language string, heard [][]byte, words []byte, min, max int, m manner) []Reading {
	u := languageOf(language).hear(words)
	if u == nil {
		return nil
	}
	defer u.wipe()
	c := correction{utterance: u, least: min, most: max, manner: m}
	defer c.wipe()
	c.heard, c.starts = join(heard)
	if len(c.heard) > maxLength {
		return nil
	}
	c.read(c.skipNo())
	return c.found
}

// correction is the state of Correct.
type correction struct {
	*utterance
	heard       []byte
	starts      uint32
	least, most int
	manner      manner
	found       []Reading
}

func (c *correction) wipe() { clear(c.heard) }

func join(groups [][]byte) (text []byte, starts uint32) {
	n := 0
	for _, g := range groups {
		n += len(g)
	}
	text = make([]byte, 0, n)
	for _, g := range groups {
		if len(text) > 0 {
			starts |= 1 << len(text)
		}
		text = append(text, g...)
	}
	return text, starts
}

// skipNo returns the token after «no» and what is polite.
func (c *correction) skipNo() int {
	at := 0
	for end := c.afterNo(at); end > 0; end = c.afterNo(at) {
		at = end
	}
	for at < c.limit && c.is(at, polite) && !c.is(at, numeral) {
		at++
	}
	return at
}

func (c *correction) read(from int) {
	c.whole(from)
	c.placed(from)
	c.trailingPlace(from)
	c.replaced(from)
}

// whole is a new number.
func (c *correction) whole(from int) {
	for _, r := range c.readings(from, c.limit, c.least, c.most, c.manner) {
		c.found = addReading(c.found, r)
		r.Wipe()
	}
}

// placed is a place followed by what is there.
func (c *correction) placed(from int) {
	for at := from; at < c.limit; at++ {
		c.lang.place.match(c.utterance, at, func(end, place int) {
			c.atPlace(end, c.limit, place, false)
			c.lang.is.match(c.utterance, end, func(end, _ int) { c.atPlace(end, c.limit, place, true) })
		})
		if !c.is(at, before|link) {
			return
		}
	}
}

// trailingPlace is what is there followed by the place: «five six at the end».
func (c *correction) trailingPlace(from int) {
	for at := from + 1; at < c.limit; at++ {
		c.lang.place.match(c.utterance, at, func(end, place int) {
			if end == c.limit && place%fromStart/10*10 == placeOpen {
				c.atPlace(from, at, place, false)
			}
		})
	}
}

// atPlace puts the number between two tokens at a place. is says that «is» was said before it.
func (c *correction) atPlace(from, to, place int, is bool) {
	for _, r := range c.readings(from, to, 1, c.most, c.manner) {
		c.put(place, r.text, is)
		r.Wipe()
	}
}

func (c *correction) put(place int, text []byte, is bool) {
	last, first, noun, count := place/fromEnd, place%fromEnd/fromStart, place%fromStart/10*10, place%10
	outer := last == 1 || first == 1
	n := len(text)
	switch {
	case count > 0:
		if n == count {
			c.putOuter(last == 1, text)
		}
	case noun == placeOpen:
		c.putOuter(last == 1, text)
	case noun == placeDigit:
		if n == 1 {
			c.putDigit(first, last, text)
		}
	case noun == placeGroup:
		c.putGroup(first, last, text)
	case n == 1:
		c.putDigit(first, last, text)
	default:
		if from, to := c.group(first, last); to-from == n {
			c.putGroup(first, last, text)
		} else if outer && is { // «the last two five six» is about two digits
			c.putOuter(last == 1, text)
		}
	}
}

// putOuter replaces the last or the first digits.
func (c *correction) putOuter(atEnd bool, text []byte) {
	switch n := len(text); {
	case n >= len(c.heard):
	case atEnd:
		c.replace(len(c.heard)-n, len(c.heard), text)
	default:
		c.replace(0, n, text)
	}
}

// putDigit replaces one digit, counted from 1.
func (c *correction) putDigit(first, last int, text []byte) {
	at := first - 1
	if last > 0 {
		at = len(c.heard) - last
	}
	if at >= 0 && at < len(c.heard) {
		c.replace(at, at+1, text)
	}
}

func (c *correction) putGroup(first, last int, text []byte) {
	if from, to := c.group(first, last); from < to {
		c.replace(from, to, text)
	}
}

// group returns where a group is, counted from 1. An empty one means that there is none.
func (c *correction) group(first, last int) (from, to int) {
	k := first
	if last > 0 {
		k = bits.OnesCount32(c.starts) + 2 - last
	}
	if k < 1 {
		return 0, 0
	}
	for to = 1; to <= len(c.heard); to++ {
		if to < len(c.heard) && c.starts&(1<<to) == 0 {
			continue
		}
		if k--; k == 0 {
			return from, to
		}
		from = to
	}
	return 0, 0
}

// replaced is a wrong part and the right one.
func (c *correction) replaced(from int) {
	c.lang.not.match(c.utterance, from, func(wrong, _ int) {
		for right := wrong + 1; right < c.limit; right++ {
			c.swap(wrong, right, right, c.limit)
			c.lang.but.match(c.utterance, right, func(after, _ int) { c.swap(wrong, right, after, c.limit) })
		}
	})
	for at := from + 1; at < c.limit; at++ {
		c.lang.insteadOf.match(c.utterance, at, func(wrong, _ int) { c.swap(wrong, c.limit, from, at) })
	}
	c.lang.insteadOf.match(c.utterance, from, func(wrong, _ int) { // «instead of seven nine»
		for right := wrong + 1; right < c.limit; right++ {
			c.swap(wrong, right, right, c.limit)
		}
	})
}

// swap replaces the wrong part, wherever it is, by a right one of the same length.
func (c *correction) swap(wrongFrom, wrongTo, rightFrom, rightTo int) {
	wrongs := c.readings(wrongFrom, wrongTo, 1, len(c.heard), c.manner)
	rights := c.readings(rightFrom, rightTo, 1, len(c.heard), c.manner)
	for _, wrong := range wrongs {
		for _, right := range rights {
			n := len(wrong.text)
			if n != len(right.text) {
				continue
			}
			for at := 0; at+n <= len(c.heard); at++ {
				if bytes.Equal(c.heard[at:at+n], wrong.text) {
					c.replace(at, at+n, right.text)
				}
			}
		}
	}
	Wipe(wrongs)
	Wipe(rights)
}

// replace is the number with a part replaced. Groups outside the part stay as they are.
func (c *correction) replace(from, to int, text []byte) {
	n := len(c.heard) - (to - from) + len(text)
	if n < c.least || n > min(c.most, maxLength) {
		return
	}
	corrected := make([]byte, 0, n)
	corrected = append(append(append(corrected, c.heard[:from]...), text...), c.heard[to:]...)
	starts := c.starts
	if moved := len(text) - (to - from); moved != 0 {
		ahead := starts & (1<<(from+1) - 1)
		behind := starts &^ (1<<to - 1)
		if moved > 0 {
			behind <<= moved
		} else {
			behind >>= -moved
		}
		starts = ahead | behind
	}
	c.found = addReading(c.found, Reading{corrected, starts})
	clear(corrected)
}
