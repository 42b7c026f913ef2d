package lines

import (
	"iter"

	"countersign/session"
)

// Way is one way to identify: the settings below its key in the file, and all that follows from them.
type Way interface {
	settings
	// prompts returns the prompts that it asks with.
	prompts() []string
	// addTo adds it to a line.
	addTo(*session.Line, compiler)
}

// Identifier is one entry of identify.
type Identifier struct{ Way }

func (Identifier) variants() []settings {
	all := []settings{&ANI{}, &Choice{}, &NumberQuestion{}}
	for _, w := range all {
		w.setDefaults()
	}
	return all
}

func (i *Identifier) choose(s settings) { i.Way = s.(Way) }
func (i Identifier) chosen() settings   { return i.Way }

// ways yields the ways to identify with their places, except entries that could not be read.
func (d *Definition) ways() iter.Seq2[place, Way] {
	return func(yield func(place, Way) bool) {
		for i, id := range d.Identify {
			if id.Way != nil && !yield(place{"identify", i, id.key()}, id.Way) {
				return
			}
		}
	}
}
