package spoken

import "strconv"

// unit is a part of a number that is said as one: «seven», «double seven», «twenty three».
type unit struct {
	end      int // in tokens
	from, to int // in units
	cost     int
}

// manner says what a number may consist of besides digits.
type manner int

const (
	digitsAlone manner = iota
	withLetters
	withPlus
)

// plusSign is the word for the sign at the beginning of international telephone numbers.
const plusSign = "plus"

// findUnits finds the units that begin at each token, from one on. pieces has them by token.
func (u *utterance) findUnits(from int, m manner) {
	u.units = u.units[:0]
	for len(u.pieces) < len(u.tokens) {
		u.pieces = append(u.pieces, nil)
	}
	for at := from; at < u.limit; at++ {
		u.pieces[at] = u.pieces[at][:0]
		if !u.tokens[at].inside {
			u.findUnitsAt(at, m)
		}
	}
}

func (u *utterance) findUnitsAt(at int, m manner) {
	var scratch [maxLength]byte
	defer clear(scratch[:])
	number := func(end, value int) {
		u.addUnit(at, end, strconv.AppendInt(scratch[:0], int64(value), 10))
	}
	t, l := u.tokens[at], u.lang
	if t.digits {
		u.addUnit(at, at+1, u.text[t.from:t.to])
	} else {
		l.digit.match(u, at, number)
	}
	l.cardinal.match(u, at, func(end, value int) {
		if value >= 10 {
			number(end, value)
		}
	})
	l.doubled.match(u, at, func(end, value int) {
		u.addUnit(at, end, repeat(scratch[:0], strconv.AppendInt(nil, int64(value%10), 10), value/10))
	})
	switch {
	case m == withLetters:
		u.findLetters(at)
	case m == withPlus && t.word != unknown && t.word == l.ids[plusSign]:
		u.addUnit(at, at+1, []byte{'+'})
	}
}

func repeat(to, text []byte, times int) []byte {
	for range times {
		to = append(to, text...)
	}
	return to
}

// addUnit adds a unit of the tokens from at to end.
func (u *utterance) addUnit(at, end int, text []byte) {
	if end < u.limit && u.tokens[end].inside {
		return
	}
	if len(u.units)+len(text) > cap(u.units) {
		old := u.units
		u.units = append(make([]byte, 0, max(1024, 2*cap(old))), old...)
		clear(old)
	}
	next := unit{end: end, from: len(u.units), to: len(u.units) + len(text), cost: costOfUnit}
	u.units = append(u.units, text...)
	if at > 0 && u.is(at, scale) && u.is(at-1, numeral) && !u.tokens[at].pause {
		next.cost += costOfScale
	}
	for i := at + 1; i < end; i++ {
		if u.tokens[i].pause {
			next.cost += costOfPause
		}
	}
	u.pieces[at] = append(u.pieces[at], next)
}
