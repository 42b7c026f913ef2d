package lines

import (
	_ "embed"
	"fmt"
)

//go:embed default.yaml
var defaultFile []byte

// Default is the built-in line, which takes calls that no other line takes.
func Default() (*Definition, []byte) {
	def, err := Parse("default.yaml", defaultFile)
	if err != nil {
		panic(fmt.Sprintf("the built-in line: %v", err)) // the binary's own file
	}
	return def, append([]byte(nil), defaultFile...)
}
