package lines

import (
	"iter"

	"countersign/session"
)

// Way is one kind of way to find out who calls: the settings below its key in the file, and what follows from them.
type Way interface {
	settings
	// prompts are those that it asks by.
	prompts() []string
	// addTo puts it on a line.
	addTo(*session.Line, compiler)
}

// Identifier is one way to find out who calls.
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

// ways are the ways to identify, with their places, but for entries that could not be read.
func (d *Definition) ways() iter.Seq2[place, Way] {
	return func(yield func(place, Way) bool) {
		for i, id := range d.Identify {
			if id.Way != nil && !yield(place{"identify", i, id.key()}, id.Way) {
				return
			}
		}
	}
}
