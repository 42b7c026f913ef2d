package steps

import (
	"countersign/session"
)

// star is the only key besides the hash key that is no digit.
const star = '*'

// Wishes are the keys by which a caller asks for something in place of an answer. A digit means it alone: where several
// digits are asked for, with the hash key behind it.
type Wishes struct {
	// Repeat is the key to hear it again; 0 for none. RepeatStar says that the star key does so wherever it means nothing
	// else.
	Repeat     byte
	RepeatStar bool
	// Clear is the key that clears what was keyed so far: the star key, or 0 for none.
	Clear byte
}

// usualRepeat is a key that means nothing else: 0 and 1 are for codes, the first ones for choices.
const usualRepeat = '9'

// DefaultWishes are those of a line that says nothing about them (docs/policy.md#keys-for-wishes).
func DefaultWishes() Wishes { return Wishes{Repeat: usualRepeat, RepeatStar: true} }

// repeatKey is the key to hear the question again; 0 for none.
func (l Limits) repeatKey() byte {
	if l.RepeatStar && l.OptOut != star {
		return star
	}
	return l.Repeat
}

// repeats says whether an entry is the wish to hear the question again.
func (l Limits) repeats(entry session.Entry, max int) bool {
	key := l.repeatKey()
	return key != 0 && key != star && entry.Keyed == 1 && (max == 1 || entry.Terminated) && firstKey(entry.Digits) == key
}

// least is the least number of digits to collect for a question of min to max digits: one, if one can be a wish.
func (l Limits) least(min, max int) int {
	if key := l.repeatKey(); key != 0 && key != star {
		return 1
	}
	return min
}

// star is the star key if it means anything, else 0.
func (l Limits) star() byte {
	if l.OptOut == star || l.Clear == star || l.repeatKey() == star {
		return star
	}
	return 0
}

// hints are the prompts that tell callers of these keys.
func (l Limits) hints(max int) (prompts []string) {
	switch key := l.repeatKey(); {
	case key == star:
		prompts = append(prompts, "repeat-press", "key-star")
	case key != 0:
		prompts = append(prompts, "repeat-press", "digit-"+string(rune(key)))
		if max > 1 {
			prompts = append(prompts, "key-hash")
		}
	}
	if l.Clear == star && max > 1 {
		prompts = append(prompts, "clear-press")
	}
	return prompts
}
