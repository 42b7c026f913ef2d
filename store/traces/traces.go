// Package traces knows what a file may still hold of an erased customer, byte for byte, and searches files for it.
package traces

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Named is how an event names a customer.
func Named(customer string) []byte {
	return slices.Concat([]byte(`"customer":"`), inJSON([]byte(customer)), []byte(`"`))
}

// inJSON is how text stands in an event: Smith & Sons as Smith \u0026 Sons.
func inJSON(value []byte) []byte {
	quoted, err := json.Marshal(string(value))
	if err != nil {
		panic(err) // strings can be written
	}
	return quoted[1 : len(quoted)-1]
}

// Least lengths of what is looked for, in bytes.
const (
	leastText   = 5
	leastDigits = 8
)

// Traceable says whether text is long enough to be looked for: what is shorter turns up by chance.
func Traceable(text string) bool {
	if strings.Trim(text, "+0123456789") == "" {
		return len(text) >= leastDigits
	}
	return len(text) >= leastText
}

// Add adds a value that can be looked for, as it is and as events spell it.
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

// Traces are what a file must not hold any more, byte for byte.
type Set [][]byte

// Wipe forgets them.
func (t Set) Wipe() {
	for _, trace := range t {
		clear(trace)
	}
}
