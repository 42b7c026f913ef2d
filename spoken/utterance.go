package spoken

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxInput bounds an utterance in bytes, maxTokens in words: somebody who speaks fast says three words a second.
	maxInput  = 1024
	maxTokens = 80
	// maxCompound bounds in bytes a word that is taken apart.
	maxCompound = 80
)

// utterance is what was said, taken apart.
type utterance struct {
	lang   *language
	source []byte // the caller's
	text   []byte // the words and the digits in normal form, one after the other
	tokens []token
	// limit is the end of the part that is looked at.
	limit int
	// written says that there are digits, lower that there are small letters.
	written, lower bool

	units  []byte // the texts of units
	pieces [][]unit
	grid   []cell
	next   partial // that is being made: what is on the stack cannot be wiped
}

// token is a word, or a row of digits.
type token struct {
	word     word
	from, to int // in text
	at       int // in source
	digits   bool
	pause    bool // before it
	// inside says that it is within a compound word that is one number: no number begins here.
	inside bool
	// capitals says that it was written in capital letters.
	capitals bool
}

// hear takes apart what was said. Nil means that it is too much, or that there is no such language.
func (l *language) hear(words []byte) *utterance {
	if l == nil || len(words) > maxInput {
		return nil
	}
	u := &utterance{lang: l, source: words, text: make([]byte, 0, 4*len(words)+16)}
	u.tokens = make([]token, 0, maxTokens+1)
	if !u.split() {
		u.wipe()
		return nil
	}
	u.limit = len(u.tokens)
	u.findCompounds()
	return u
}

func (u *utterance) wipe() {
	clear(u.text[:cap(u.text)])
	clear(u.tokens[:cap(u.tokens)])
	clear(u.units[:cap(u.units)])
	for _, p := range u.pieces {
		clear(p[:cap(p)])
	}
	for _, c := range u.grid {
		clear(c[:cap(c)])
	}
	u.next = partial{}
}

func (u *utterance) is(at int, what use) bool { return u.lang.uses[u.tokens[at].word]&what != 0 }

// splitter is the state of split: the token that is being read.
type splitter struct {
	*utterance
	open  bool
	now   token
	pause bool // before the next token
}

// split makes tokens of the source. It is false if there are too many.
func (u *utterance) split() bool {
	s := splitter{utterance: u}
	var it norm.Iter
	defer func() { it = norm.Iter{} }()
	it.Init(norm.NFC, u.source)
	for !it.Done() {
		at := it.Pos()
		for segment := it.Next(); len(segment) > 0; {
			r, size := utf8.DecodeRune(segment)
			segment = segment[size:]
			s.take(r, at)
			if len(u.tokens) > maxTokens || len(u.text)+3*utf8.UTFMax > cap(u.text) {
				return false
			}
		}
	}
	s.close()
	return len(u.tokens) <= maxTokens
}

func (s *splitter) take(r rune, at int) {
	switch {
	case '0' <= r && r <= '9':
		if !s.open || !s.now.digits {
			s.begin(at)
			s.now.digits, s.written = true, true
		}
		s.text = append(s.text, byte(r))
	case unicode.IsLetter(r):
		if !s.open || s.now.digits {
			s.begin(at)
			s.now.capitals = true
		}
		if !unicode.IsUpper(r) {
			s.now.capitals, s.lower = false, true
		}
		r = unicode.ToLower(r)
		if folded, ok := s.lang.fold[r]; ok {
			s.text = append(s.text, folded...)
		} else {
			s.text = utf8.AppendRune(s.text, r)
		}
	case isApostrophe(r): // nobody hears it
	case unicode.IsSpace(r):
		s.close()
	case unicode.In(r, unicode.Pd) || r == '_':
		s.close()
		s.pause = s.pause || r == '–' || r == '—'
	case unicode.IsPunct(r) && r < 0x2100 && !bytes.ContainsRune([]byte("#%&*@§"), r) || r == '<' || r == '>':
		s.close()
		s.pause = true
	case r == '+':
		s.begin(at)
		s.text = append(s.text, plusSign...)
		s.close()
	default: // something that is said, and we do not know what
		s.begin(at)
		s.close()
	}
}

func isApostrophe(r rune) bool { return r == '\'' || r == '\u2018' || r == '\u2019' || r == '\u02bc' }

// begin begins a token, after ending the one before.
func (s *splitter) begin(at int) {
	s.close()
	s.open = true
	s.now = token{from: len(s.text), at: at, pause: s.pause}
}

// close ends the token that is being read.
func (s *splitter) close() {
	if !s.open {
		return
	}
	s.open = false
	s.now.to = len(s.text)
	s.now.word = s.lang.ids[string(s.text[s.now.from:s.now.to])]
	if s.lang.uses[s.now.word]&hesitation != 0 {
		s.pause = true
		return
	}
	s.pause = false
	if s.now.digits || s.now.word != unknown || !s.splitCompound() {
		s.tokens = append(s.tokens, s.now)
	}
}

// splitCompound takes a word apart that the tables have only in parts, such as siebenundvierzig. Longer parts go first.
func (s *splitter) splitCompound() bool {
	whole := s.text[s.now.from:s.now.to]
	if len(whole) == 0 || len(whole) > maxCompound {
		return false
	}
	var dead [maxCompound]bool // from here it cannot be taken apart
	var split func(from int) bool
	split = func(from int) bool {
		if from == len(whole) {
			return true
		}
		if dead[from] || len(s.tokens) > maxTokens {
			return false
		}
		for to := len(whole); to > from; to-- {
			w := s.lang.ids[string(whole[from:to])]
			if s.lang.uses[w]&morpheme == 0 {
				continue
			}
			part := s.now
			part.word, part.from, part.to = w, s.now.from+from, s.now.from+to
			if from > 0 {
				part.pause, part.inside = false, true
			}
			s.tokens = append(s.tokens, part)
			if split(to) {
				return true
			}
			s.tokens = s.tokens[:len(s.tokens)-1]
		}
		dead[from] = true
		return false
	}
	return split(0)
}

// findCompounds keeps together the parts of a compound word that are one number. A recogniser may also write several
// numbers as one word.
func (u *utterance) findCompounds() {
	for at := 0; at < len(u.tokens); {
		end := at + 1
		for end < len(u.tokens) && u.tokens[end].inside {
			end++
		}
		for at < end {
			to := u.longestNumber(at, end)
			u.tokens[at].inside = false
			at = to
		}
	}
}

// longestNumber is the end of the longest number that begins at a token and does not go beyond another.
func (u *utterance) longestNumber(at, end int) int {
	longest := at + 1
	for _, r := range []*rule{u.lang.cardinal, u.lang.doubled, u.lang.ordinal} {
		r.match(u, at, func(to, _ int) {
			if to <= end {
				longest = max(longest, to)
			}
		})
	}
	return longest
}

// normal is the normal form of words of the language's own tables.
func (l *language) normal(text string) []string {
	bare := &language{fold: l.fold, uses: []use{unknown: 0}}
	u := &utterance{lang: bare, source: []byte(text), text: make([]byte, 0, 4*len(text)+16)}
	u.split()
	var all []string
	for _, t := range u.tokens {
		all = append(all, string(u.text[t.from:t.to]))
	}
	return all
}
