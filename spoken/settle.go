package spoken

import (
	"cmp"
	"slices"
)

// Hypothesis is one of the sentences that a recogniser thinks it heard. Confidence is the recogniser's.
type Hypothesis struct {
	Words      []byte
	Confidence float64
}

// Nbest reads a recogniser's hypotheses, the most confident first, and returns the readings of all of them in this
// order. read is one of this package's readers.
func Nbest(list []Hypothesis, read func(words []byte) []Reading) []Reading {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Hypothesis) int { return cmp.Compare(b.Confidence, a.Confidence) })
	var all []Reading
	for _, h := range list {
		readings := read(h.Words)
		for _, r := range readings {
			all = addReading(all, r)
		}
		Wipe(readings)
	}
	return all
}

// Settle returns the only reading whose check digit is right; ok is false if there is none, or more than one. It is one
// of readings, not a copy. check is for identifiers, which are no secrets: it gets strings, which cannot be wiped.
func Settle(readings []Reading, check func(string) bool) (right Reading, ok bool) {
	found := 0
	for _, r := range readings {
		if check(string(r.text)) {
			right = r
			found++
		}
	}
	if found != 1 {
		return Reading{}, false
	}
	return right, true
}
