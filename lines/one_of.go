package lines

import (
	"fmt"
	"reflect"
)

// variant is a list entry that is one of several things, each written as a key with its settings below.
type variant interface {
	// variants returns all that it can be, with default settings, in the order of documentation.
	variants() []settings
	// choose sets the variant.
	choose(settings)
	// chosen is the variant, or nil.
	chosen() settings
}

// settings are those below the key of a variant.
type settings interface {
	// key is its key in the file.
	key() string
	// ownName is the author's name for it. own is false if its key is its only name.
	ownName() (name string, own bool)
	// setDefaults fills in the defaults of docs/policy.md.
	setDefaults()
	// check finds problems that involve several values; warn warns.
	check(*checker, place)
	warn(*warner, place)
}

// everySettings has the default methods of settings.
type everySettings struct{}

func (everySettings) ownName() (string, bool) { return "", false }
func (everySettings) check(*checker, place)   {}
func (everySettings) warn(*warner, place)     {}

// nameOf is the name of the step in events and reports.
func nameOf(s settings) string {
	if name, own := s.ownName(); own {
		return name
	}
	return s.key()
}

// place is the position of an entry in its list.
type place struct {
	list  string
	index int
	key   string
}

// entry is the path of the entry, such as verify.questions[0]; settings is the path below its key, setting that of one
// setting.
func (p place) entry() string             { return fmt.Sprintf("%s[%d]", p.list, p.index) }
func (p place) settings() string          { return join(p.entry(), p.key) }
func (p place) setting(key string) string { return join(p.settings(), key) }

// requiredOf lists the settings without a default.
func requiredOf(s settings) (keys []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeOf(s).Elem()) {
		if f.Tag.Get("required") == "true" {
			keys = append(keys, f.Tag.Get("yaml"))
		}
	}
	return keys
}
