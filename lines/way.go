package lines

import "countersign/session"

// Way is one kind of way to find out who calls: the settings below its key in the file, and what follows from them.
type Way interface {
	settings
	// prompts are those that it asks by.
	prompts() []string
	// addTo puts it on a line.
	addTo(*session.Line, compiler)
}

// ways are all of them, in the order in which people read of them.
func ways() []settings {
	all := []settings{&ANI{}, &Choice{}, &NumberQuestion{}}
	for _, w := range all {
		w.setDefaults()
	}
	return all
}

// Identifier is one way to find out who calls.
type Identifier struct{ Way }

func (Identifier) variants() []settings { return ways() }
func (i *Identifier) choose(s settings) { i.Way = s.(Way) }
func (i Identifier) chosen() settings   { return i.Way }
