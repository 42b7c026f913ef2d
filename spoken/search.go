package spoken

import (
	"bytes"
	"cmp"
	"slices"
)

const (
	// maxLength is the length of the longest reading.
	maxLength = 32
	// keptOfALength is how many readings of the same length are kept.
	keptOfALength = 8
)

// What a reading costs. The cheapest is the best.
const (
	// costOfUnit makes «twenty three» 23 rather than 20 3.
	costOfUnit = 2
	// costOfPause makes «twenty, three» 20 3 rather than 23.
	costOfPause = 3
	// costOfScale makes «drei hundert» 300 rather than 3 100.
	costOfScale = 5
	// costOfDropping makes «a» in «a b c» a letter rather than an article, and «oh» in «oh one two» a digit rather than a
	// sigh.
	costOfDropping = 5
)

// partial is the beginning of a reading, and what it costs.
type partial struct {
	text   [maxLength]byte
	length int
	starts uint32 // of groups
	cost   int
	// apart says that the next unit begins a group.
	apart bool
}

// cell is the cheapest partials of the same end and length.
type cell []partial

// search finds the cheapest ways through the units of the tokens from one on, and through the words between them.
type search struct {
	*utterance
	from        int
	least, most int
	m           manner
	// Something that is not dropped must be said before first, and after last.
	first, last int
	// reach has for each token a bit for each length that the rest of a number can have.
	reach [maxTokens + 1]uint64
}

// readings are the ways to read the tokens from one to another as text of least to most bytes, best first.
func (u *utterance) readings(from, to, least, most int, m manner) []Reading {
	s := search{utterance: u, from: from, least: max(least, 1), most: min(most, maxLength), m: m}
	if s.least > s.most || from >= to {
		return nil
	}
	outer := u.limit
	u.limit = to
	defer func() { u.limit = outer }()
	u.findUnits(from, m)
	s.findEdges()
	s.findReach()
	u.clearGrid((to - from + 1) * (s.most + 1))
	s.run()
	return s.collect()
}

func (s *search) findEdges() {
	s.first, s.last = s.from, s.limit
	for s.first < s.limit && s.is(s.first, before|link) {
		s.first++
	}
	for s.last > s.from && s.is(s.last-1, after|link) {
		s.last--
	}
}

func (s *search) findReach() {
	for at := s.limit; at >= s.from; at-- {
		if at >= s.last {
			s.reach[at] |= 1
		}
		if at == s.limit {
			continue
		}
		for _, next := range s.pieces[at] {
			s.reach[at] |= s.reach[next.end] << (next.to - next.from)
		}
		if s.is(at, link|before) {
			s.reach[at] |= s.reach[at+1]
		}
	}
}

// fits says whether a reading of the wanted length can come of so much up to a token.
func (s *search) fits(at, length int) bool {
	wanted := uint64(1)<<(s.most+1) - uint64(1)<<s.least
	return length <= s.most && s.reach[at]<<length&wanted != 0
}

// clearGrid wipes the cells and keeps their memory.
func (u *utterance) clearGrid(n int) {
	for i, c := range u.grid {
		clear(c)
		u.grid[i] = c[:0]
	}
	for len(u.grid) < n {
		u.grid = append(u.grid, nil)
	}
}

func (s *search) cell(at, length int) *cell { return &s.grid[(at-s.from)*(s.most+1)+length] }

func (s *search) run() {
	dropped := 0
	for at := s.from; at < s.limit; at++ {
		if at <= s.first && s.fits(at, 0) {
			s.next = partial{cost: dropped}
			s.keep(at)
		}
		for length := range s.most + 1 {
			here := *s.cell(at, length)
			for i := range here {
				s.goOn(at, &here[i])
			}
		}
		dropped += s.costOfDropping(at)
	}
}

// goOn continues a partial that ends at a token.
func (s *search) goOn(at int, p *partial) {
	for _, next := range s.pieces[at] {
		inside := p.length > 0 && s.units[next.from] == '+'
		if !inside && s.fits(next.end, p.length+next.to-next.from) {
			s.next = *p
			s.append(at, next)
			s.keep(next.end)
		}
	}
	if p.length > 0 && s.is(at, link) && s.fits(at+1, p.length) {
		s.next = *p
		s.next.cost += s.costOfDropping(at)
		s.next.apart = true
		s.keep(at + 1)
	}
}

func (s *search) costOfDropping(at int) int {
	if t := s.tokens[at]; s.is(at, numeral) || s.m == withLetters && t.to-t.from == 1 {
		return costOfDropping
	}
	return 0
}

// append adds a unit to the next partial.
func (s *search) append(at int, next unit) {
	p, n := &s.next, next.to-next.from
	if p.length > 0 && (n > 1 || p.apart || s.tokens[at].pause) {
		p.starts |= 1 << p.length
	}
	copy(p.text[p.length:], s.units[next.from:next.to])
	p.length += n
	p.cost += next.cost
	p.apart = n > 1
}

// keep keeps the next partial if it is one of the cheapest of its end and length.
func (s *search) keep(end int) {
	p := &s.next
	at := s.cell(end, p.length)
	c := *at
	dearest := 0
	for i := range c {
		if bytes.Equal(c[i].text[:p.length], p.text[:p.length]) {
			if p.cost < c[i].cost {
				c[i] = *p
			}
			return
		}
		if c[i].cost >= c[dearest].cost {
			dearest = i
		}
	}
	switch {
	case cap(c) == 0:
		*at = append(make(cell, 0, keptOfALength), *p)
	case len(c) < keptOfALength:
		*at = append(c, *p)
	case p.cost < c[dearest].cost:
		c[dearest] = *p
	}
}

// collect copies what has reached the end, best first.
func (s *search) collect() []Reading {
	var all []*partial
	dropped := 0
	for at := s.limit; at >= s.last; at-- {
		if at < s.limit {
			dropped += s.costOfDropping(at)
		}
		for length := s.least; length <= s.most; length++ {
			c := *s.cell(at, length)
			for i := range c {
				c[i].cost += dropped
				all = append(all, &c[i])
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *partial) int { return cmp.Compare(a.cost, b.cost) })
	var readings []Reading
	for _, p := range all {
		readings = addReading(readings, Reading{text: p.text[:p.length], starts: p.starts})
	}
	return readings
}

// addReading appends a copy of a reading, unless it is there already or there are enough.
func addReading(readings []Reading, r Reading) []Reading {
	have := slices.ContainsFunc(readings, func(have Reading) bool { return bytes.Equal(have.text, r.text) })
	if have || len(readings) == maxReadings {
		return readings
	}
	return append(readings, Reading{bytes.Clone(r.text), r.starts})
}
