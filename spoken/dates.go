package spoken

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Dates reads a date between two days, both included, and returns every way to understand it, best first, each as
// YYYYMMDD. Months are words («the fourth of July») or numbers («seven four …»). Numbers are in the order of the
// language and its region: month and day in "en" and "en-US", else day and month; the other order counts only where
// that one makes no date. A year of two digits is the latest that fits. A date without a year is none.
func Dates(language string, words []byte, from, to time.Time) []Reading {
	u := languageOf(language).hear(words)
	if u == nil {
		return nil
	}
	defer u.wipe()
	d := dateReader{utterance: u, from: dayOf(from), to: dayOf(to)}
	defer d.wipe()
	usual, other := "dmy", "mdy"
	if slices.Contains(items(u.lang.monthFirst), strings.ToLower(language)) {
		usual, other = other, usual
	}
	u.findUnits(0, digitsAlone)
	d.digitByDigit = d.isDigitByDigit()
	d.inOrder(usual, true)
	d.inOrder("ymd", true)
	d.inOrder(other, false)
	if d.digitByDigit {
		d.inOneGo(usual)
	}
	if len(d.found) == 0 {
		d.inOrder(other, true)
	}
	return d.readings()
}

func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// dateReader is the state of Dates.
type dateReader struct {
	*utterance
	from, to time.Time
	// digitByDigit says that every digit was said alone, or written. Only then is «one two» a twelfth.
	digitByDigit bool
	order        string
	// numbers says that the month may be a number.
	numbers bool
	found   []date
}

// date is a date and what it costs. In a part of one, what is not yet read is 0.
type date struct {
	year, month, day int
	shortYear, named bool
	// spelt says that a year of two digits was said digit by digit, brief that a day or a month was one digit.
	spelt, brief bool
	// likeYear says that the day, after the month and as a word, could be the beginning of a year.
	likeYear bool
	cost     int
}

// and puts parts of a date together.
func (d date) and(e date) date {
	return date{
		d.year + e.year, d.month + e.month, d.day + e.day, d.shortYear || e.shortYear, d.named || e.named,
		d.spelt || e.spelt, d.brief || e.brief, d.likeYear || e.likeYear, d.cost + e.cost,
	}
}

// inDigits is the date as the number YYYYMMDD.
func (d date) inDigits() int { return 10_000*d.year + 100*d.month + d.day }

// isComplete says whether nothing is missing. «July nineteen eighty four» has no day, and «one nine eight four» is a
// year alone.
func (d date) isComplete() bool {
	if d.named {
		return !d.shortYear || !d.likeYear
	}
	return !d.spelt || !d.brief
}

func (d *dateReader) wipe() { clear(d.found[:cap(d.found)]) }

func (d *dateReader) isDigitByDigit() bool {
	for at := range d.limit {
		for _, unit := range d.pieces[at] {
			if unit.to-unit.from > 1 && !d.tokens[at].digits {
				return false
			}
		}
	}
	return true
}

// inOrder finds dates whose parts are in an order, by the letters of day, month and year.
func (d *dateReader) inOrder(order string, numbers bool) {
	d.order, d.numbers = order, numbers
	d.parts(0, 0, date{})
}

// parts reads the parts of a date from the nth on.
func (d *dateReader) parts(at, nth int, so date) {
	for ; ; at++ {
		switch {
		case nth < 3:
			d.part(at, d.order[nth], func(end int, now date) {
				if end < d.limit && d.tokens[end].inside {
					return
				}
				d.parts(end, nth+1, so.and(now))
			})
		case at == d.limit:
			d.keep(so)
		}
		if at >= d.limit || !d.skips(at, nth) {
			return
		}
	}
}

func (d *dateReader) skips(at, nth int) bool {
	return d.is(at, link|before|after|inDate) && (nth == 0 || !d.is(at, numeral))
}

// part reads a day, a month or a year.
func (d *dateReader) part(at int, which byte, found func(end int, part date)) {
	if at >= d.limit {
		return
	}
	switch which {
	case 'd':
		d.ordinal(at, 31, func(end, value int) { found(end, date{day: value, cost: costOfUnit}) })
		d.oneOrTwoDigits(at, 31, func(end int, n number) {
			likeYear := d.order == "mdy" && (n.value == 19 || n.value == 20) && !d.tokens[at].digits
			found(end, date{day: n.value, brief: n.length == 1, likeYear: likeYear, cost: n.cost})
		})
	case 'm':
		d.lang.month.match(d.utterance, at, func(end, value int) { found(end, date{month: value, named: true}) })
		if !d.numbers {
			return
		}
		if d.order[0] == 'd' { // nobody says «the seventh, the fourth» with the month first
			d.ordinal(at, 12, func(end, value int) { found(end, date{month: value, cost: costOfUnit}) })
		}
		d.oneOrTwoDigits(at, 12, func(end int, n number) {
			found(end, date{month: n.value, brief: n.length == 1, cost: n.cost})
		})
	case 'y':
		d.number(at, 4, number{}, func(end int, n number) {
			switch {
			case n.length == 4 && n.value > 0:
				found(end, date{year: n.value, cost: n.cost})
			case n.length == 2 && d.order != "ymd":
				found(end, date{year: n.value, shortYear: true, spelt: n.units == 2 && n.value > 9, cost: n.cost + 1})
			}
		})
	}
}

func (d *dateReader) ordinal(at, most int, found func(end, value int)) {
	d.lang.ordinal.match(d.utterance, at, func(end, value int) {
		if value <= most {
			found(end, value)
		}
	})
}

func (d *dateReader) oneOrTwoDigits(at, most int, found func(end int, n number)) {
	d.number(at, 2, number{}, func(end int, n number) {
		if n.value >= 1 && n.value <= most && (n.units == 1 || n.value < 10 || d.digitByDigit) {
			found(end, n)
		}
	})
}

// number is a number in a date, of units.
type number struct {
	value, length, units, cost int
}

// number reads a number of at most so many digits that begins with what is read so far.
func (d *dateReader) number(at, most int, so number, found func(end int, n number)) {
	if so.length > 0 {
		found(at, so)
	}
	if at >= d.limit {
		return
	}
	for _, next := range d.pieces[at] {
		longer := number{so.value, so.length + next.to - next.from, so.units + 1, so.cost + next.cost}
		if longer.length > most {
			continue
		}
		for _, digit := range d.units[next.from:next.to] {
			longer.value = 10*longer.value + int(digit-'0')
		}
		d.number(next.end, most, longer, found)
	}
}

// inOneGo reads six or eight digits without separation, as on a keypad.
func (d *dateReader) inOneGo(order string) {
	d.numbers = true
	for _, r := range d.utterance.readings(0, d.limit, 6, 8, digitsAlone) {
		long := len(r.text) - 4
		rest := r.text
		take := func(n int) (v int) {
			for _, digit := range rest[:n] {
				v = 10*v + int(digit-'0')
			}
			rest = rest[n:]
			return v
		}
		for _, d.order = range []string{order, "ymd"} {
			rest = r.text
			if long != 2 && long != 4 || d.order == "ymd" && long != 4 {
				continue
			}
			so := date{shortYear: long == 2, cost: 100}
			for _, part := range d.order {
				switch part {
				case 'd':
					so.day = take(2)
				case 'm':
					so.month = take(2)
				case 'y':
					so.year = take(long)
				}
			}
			d.keep(so)
		}
		r.Wipe()
	}
}

// keep keeps a date that is one, and in time.
func (d *dateReader) keep(so date) {
	if !so.isComplete() || !d.numbers && !so.named {
		return
	}
	if so.shortYear {
		for century := d.to.Year() / 100; century >= d.from.Year()/100; century-- {
			if d.isInTime(100*century+so.year, so) {
				so.year += 100 * century
				break
			}
		}
	}
	if !d.isInTime(so.year, so) {
		return
	}
	for i, have := range d.found {
		if have.inDigits() == so.inDigits() {
			d.found[i].cost = min(have.cost, so.cost)
			return
		}
	}
	d.found = append(d.found, so)
}

func (d *dateReader) isInTime(year int, so date) bool {
	t := time.Date(year, time.Month(so.month), so.day, 0, 0, 0, 0, time.UTC)
	return t.Month() == time.Month(so.month) && t.Day() == so.day && !t.Before(d.from) && !t.After(d.to)
}

func (d *dateReader) readings() []Reading {
	slices.SortStableFunc(d.found, func(a, b date) int { return cmp.Compare(a.cost, b.cost) })
	var all []Reading
	for _, f := range d.found[:min(len(d.found), maxReadings)] {
		text := make([]byte, 8) // not by fmt, which keeps its buffers
		for i, rest := len(text)-1, f.inDigits(); i >= 0; i, rest = i-1, rest/10 {
			text[i] = byte('0' + rest%10)
		}
		all = append(all, Reading{text, 1<<4 | 1<<6})
	}
	return all
}
