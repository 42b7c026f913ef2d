package lines

import (
	"fmt"
	"reflect"
)

// variant is an entry of a list that is one of several things, each written as a key with its settings below.
type variant interface {
	// variants are all that it can be, with their usual settings, in the order in which people read of them.
	variants() []settings
	// choose makes it one of them.
	choose(settings)
	// chosen is which it is, or nil.
	chosen() settings
}

// settings are what stands below the key of a variant.
type settings interface {
	// key is the one in the file.
	key() string
	// ownName is what the line's author calls it. own is false for what has no name but its key.
	ownName() (name string, own bool)
	// setDefaults fills in what a file leaves out (policy.md).
	setDefaults()
	// check says what is wrong that no value shows alone, warn what is not wrong but worth a word.
	check(*checker, place)
	warn(*warner, place)
}

// everySettings is what most settings have.
type everySettings struct{}

func (everySettings) ownName() (string, bool) { return "", false }
func (everySettings) check(*checker, place)   {}
func (everySettings) warn(*warner, place)     {}

// nameOf is the name of the step, in events and reports.
func nameOf(s settings) string {
	if name, own := s.ownName(); own {
		return name
	}
	return s.key()
}

// place is where an entry stands in its list.
type place struct {
	list  string
	index int
	key   string
}

// entry is the path of the entry, such as verify.questions[0]; settings that of what is below its key, and setting that
// of one setting.
func (p place) entry() string             { return fmt.Sprintf("%s[%d]", p.list, p.index) }
func (p place) settings() string          { return join(p.entry(), p.key) }
func (p place) setting(key string) string { return join(p.settings(), key) }

// requiredOf are the settings that have no usual value.
func requiredOf(s settings) (keys []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeOf(s).Elem()) {
		if f.Tag.Get("required") == "true" {
			keys = append(keys, f.Tag.Get("yaml"))
		}
	}
	return keys
}
