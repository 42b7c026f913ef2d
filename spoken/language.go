package spoken

import (
	"strings"
	"sync"
)

// language is what the package knows of a language. A third one is a file like english.go and a line in languages.
type language struct {
	// tag is the primary subtag of BCP 47, such as "en"; locale is what grammars for it are marked with.
	tag, locale string
	// monthFirst are the tags with the month before the day, in lower case.
	monthFirst string
	// fold writes letters in the one form that the tables are compared in.
	fold map[rune]string

	// The words that mean nothing, separated by commas: hesitations may be anywhere and are a pause; links may be within a
	// number, between its parts; before and after may be around it; inDate anywhere in a date.
	hesitations, links, before, after, inDate string
	// carriers are around a command, as in «I would like …»; polite are around any answer.
	carriers, polite string

	// digit is 0 to 9. cardinal is a number of any size, said as one. doubled is a digit said once and meant twice or
	// more: its value is ten times how often plus the digit.
	digit, cardinal, doubled *rule
	// scales are the cardinals that multiply the number before them, such as hundred.
	scales string
	// joints are words within compound words, besides the numbers.
	joints string

	// letter is a letter's name, spelling a word of a spelling alphabet, with letters' values; asIn is between them; times
	// is before a letter that is meant twice or more (ten times how often). capital may be before a letter.
	letter, spelling, asIn, times *rule

	// ordinal is 1st to 31st, month the names of the months.
	ordinal, month *rule

	// commands has the values of Command.
	commands *rule

	// names are those of languages: indexes of named.
	names *rule

	// place is a part of a number, as in «the last two digits» (see placed); is may follow it. not, but and insteadOf are
	// those of «not seven but nine» and «nine instead of seven».
	place, is, not, but, insteadOf *rule

	// What recognisers are to expect, made of the rules above: parts of a number of one, two and three digits, words
	// before a number, an identifier with letters, one without bare letters, a date.
	spokenUnits                                      []*rule
	intro, spokenLetters, spokenSpelling, spokenDate *rule
	// spelledUnits are parts of an identifier without bare letters, of one, two and three characters.
	spelledUnits []*rule

	ids  map[string]word // after compile
	uses []use
}

// word is a word of a language's tables. unknown is every other word, and gap stands for any words in a phrase.
type word uint16

const (
	unknown word = iota
	gap
	firstWord
)

// use says what a word may be.
type use uint16

const (
	hesitation use = 1 << iota
	link
	before
	after
	inDate
	carrier
	polite
	scale
	morpheme
	numeral
)

// languages are those that are understood.
var languages = sync.OnceValue(func() []*language {
	all := []*language{english(), german()}
	for _, l := range all {
		l.compile()
	}
	return all
})

// languageOf finds the language of a tag, or nil.
func languageOf(tag string) *language {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	for _, l := range languages() {
		if l.tag == primary {
			return l
		}
	}
	return nil
}

// Languages returns the languages that are understood, as primary subtags of BCP 47.
func Languages() []string {
	var tags []string
	for _, l := range languages() {
		tags = append(tags, l.tag)
	}
	return tags
}

// Supports says whether a language is understood. It is named as everywhere: "en", "en-US", "de-AT".
func Supports(language string) bool { return languageOf(language) != nil }

// rules are all that words can be recognised by.
func (l *language) rules() []*rule {
	return []*rule{
		l.digit, l.cardinal, l.doubled, l.letter, l.spelling, l.asIn, l.times, l.ordinal, l.month, l.commands, l.place,
		l.is, l.not, l.but, l.insteadOf, l.names,
	}
}

// compile gives every word a number, and notes what it may be.
func (l *language) compile() {
	l.ids = map[string]word{}
	l.uses = make([]use, firstWord)
	for _, r := range l.rules() {
		r.walk(l.compileList)
	}
	for use, list := range map[use]string{
		hesitation: l.hesitations, link: l.links, before: l.before, after: l.after, inDate: l.inDate, carrier: l.carriers,
		polite: l.polite, scale: l.scales, morpheme: l.joints,
	} {
		for _, item := range items(list) {
			for _, w := range l.wordsOf(item) {
				l.uses[w] |= use
			}
		}
	}
	l.wordsOf(plusSign)
	for _, numbers := range []*rule{l.digit, l.cardinal, l.ordinal} {
		numbers.walk(func(r *rule) {
			for w, value := range r.single {
				if value == 0 && numbers != l.digit {
					continue // «and»
				}
				l.uses[w] |= numeral
			}
		})
	}
	for text, w := range l.ids {
		if l.uses[w]&numeral != 0 && len(text) > 2 {
			l.uses[w] |= morpheme
		}
	}
}

func (l *language) compileList(r *rule) {
	if r.kind != list || r.single != nil {
		return
	}
	r.single = map[word]int{}
	for _, e := range r.entries {
		for _, item := range append(items(e.say), items(e.also)...) {
			switch all := l.wordsOf(item); len(all) {
			case 0:
			case 1:
				r.single[all[0]] = e.value
			default:
				r.longer = append(r.longer, phrase{all, e.value})
			}
		}
	}
}

// wordsOf returns the numbers of an item's words, and gives new words new numbers.
func (l *language) wordsOf(item string) []word {
	var all []word
	for text := range strings.FieldsSeq(item) {
		if text == "…" {
			all = append(all, gap)
			continue
		}
		for _, part := range l.normal(text) {
			w, known := l.ids[part]
			if !known {
				w = word(len(l.uses))
				l.ids[part] = w
				l.uses = append(l.uses, 0)
			}
			all = append(all, w)
		}
	}
	return all
}
