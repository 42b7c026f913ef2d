// Package traces answers "does a file still hold data of an erased customer": it collects the byte strings to look
// for and searches files for them.
package traces

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Named returns how an event names a customer.
func Named(customer string) []byte {
	return slices.Concat([]byte(`"customer":"`), inJSON([]byte(customer)), []byte(`"`))
}

// inJSON returns text as an event writes it: Smith & Sons as Smith \u0026 Sons.
func inJSON(value []byte) []byte {
	quoted, err := json.Marshal(string(value))
	if err != nil {
		panic(err) // cannot happen with a string
	}
	return quoted[1 : len(quoted)-1]
}

// The shortest values that are worth looking for, in bytes.
const (
	leastText   = 5
	leastDigits = 8
)

// Traceable reports whether text is long enough to look for: shorter text turns up by chance.
func Traceable(text string) bool {
	if strings.Trim(text, "+0123456789") == "" {
		return len(text) >= leastDigits
	}
	return len(text) >= leastText
}

// Add adds a value if it is traceable, as it is and as events write it.
func (t *Set) Add(value []byte) {
	if !Traceable(string(value)) {
		return
	}
	*t = append(*t, bytes.Clone(value))
	if !utf8.Valid(value) {
		return
	}
	if spelled := inJSON(value); !bytes.Equal(spelled, value) {
		*t = append(*t, spelled)
	}
}

// Set holds the byte strings that files must no longer hold.
type Set [][]byte

// Wipe overwrites them.
func (t Set) Wipe() {
	for _, trace := range t {
		clear(trace)
	}
}
