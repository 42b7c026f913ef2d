package spoken

import "strings"

// rule is a piece of a language. The grammars for recognisers and the readers of what was recognised are made from the
// same rules, so that the one understands what the other lets through.
type rule struct {
	// name is that of a rule of its own in a grammar. A rule without one is written where it is used.
	name    string
	kind    kind
	entries []entry // of a list
	parts   []*rule // of all others

	single map[word]int // a list's entries of one word, after compile
	longer []phrase     // a list's other entries
}

type kind int

const (
	// list is one of its entries, with its value.
	list kind = iota
	// either is one of its parts.
	either
	// sum is its parts in a row; their values are added. product multiplies.
	sum
	product
	// maybe is its part, or nothing, with value 0.
	maybe
	// many is its part, once or more. Only grammars have it: it has no value.
	many
)

// entry is words with a value. Both lists are separated by commas. An item may be several words; a gap in it, written
// "…", is up to three words that carry no meaning.
type entry struct {
	value int
	// say is what grammars list. also is understood besides: other spellings, and words that a recogniser confuses with
	// others or cannot pronounce.
	say, also string
}

// phrase is a list's entry of several words.
type phrase struct {
	words []word
	value int
}

func oneOf(entries ...entry) *rule       { return &rule{kind: list, entries: entries} }
func words(say string) *rule             { return oneOf(entry{say: say}) }
func choice(parts ...*rule) *rule        { return &rule{kind: either, parts: parts} }
func row(parts ...*rule) *rule           { return &rule{kind: sum, parts: parts} }
func multiplied(parts ...*rule) *rule    { return &rule{kind: product, parts: parts} }
func optional(part *rule) *rule          { return &rule{kind: maybe, parts: []*rule{part}} }
func onceOrMore(part *rule) *rule        { return &rule{kind: many, parts: []*rule{part}} }
func (r *rule) called(name string) *rule { r.name = name; return r }

// series is a list of values one step apart. Semicolons separate them; «two | 2» is what is said, and also understood.
func series(first, step int, values string) *rule {
	r := &rule{kind: list}
	for value := range strings.SplitSeq(values, ";") {
		say, also, _ := strings.Cut(value, "|")
		r.entries = append(r.entries, entry{first, say, also})
		first += step
	}
	return r
}

// items are the parts of a comma-separated list.
func items(s string) []string {
	var all []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// walk calls f with r and every rule that it is made of, the parts first, each once.
func (r *rule) walk(f func(*rule)) {
	seen := map[*rule]bool{}
	var visit func(*rule)
	visit = func(r *rule) {
		if seen[r] {
			return
		}
		seen[r] = true
		for _, part := range r.parts {
			visit(part)
		}
		f(r)
	}
	visit(r)
}

// match calls found with the end and the value of every way to read the words at a place of the utterance.
func (r *rule) match(u *utterance, at int, found func(end, value int)) {
	switch r.kind {
	case list:
		r.matchList(u, at, found)
	case either:
		for _, part := range r.parts {
			part.match(u, at, found)
		}
	case maybe:
		found(at, 0)
		r.parts[0].match(u, at, found)
	case sum:
		matchRow(u, r.parts, at, 0, func(total, value int) int { return total + value }, found)
	case product:
		matchRow(u, r.parts, at, 1, func(total, value int) int { return total * value }, found)
	}
}

func matchRow(u *utterance, parts []*rule, at, total int, add func(total, value int) int, found func(end, value int)) {
	if len(parts) == 0 {
		found(at, total)
		return
	}
	parts[0].match(u, at, func(end, value int) { matchRow(u, parts[1:], end, add(total, value), add, found) })
}

func (r *rule) matchList(u *utterance, at int, found func(end, value int)) {
	if at >= u.limit {
		return
	}
	if value, ok := r.single[u.tokens[at].word]; ok {
		found(at+1, value)
	}
	for _, p := range r.longer {
		if end := u.matchWords(p.words, at); end >= 0 {
			found(end, p.value)
		}
	}
}

// matchWords returns where these words end that begin at a place, or -1. A gap is as short as it can be.
func (u *utterance) matchWords(words []word, at int) int {
	for i, w := range words {
		if w == gap {
			for skipped := 0; skipped <= 3; skipped++ {
				if end := u.matchWords(words[i+1:], at+skipped); end >= 0 {
					return end
				}
				if at+skipped >= u.limit || !u.is(at+skipped, carrier) {
					return -1
				}
			}
			return -1
		}
		if at >= u.limit || u.tokens[at].word != w {
			return -1
		}
		at++
	}
	return at
}
