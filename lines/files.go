package lines

import (
	_ "embed"
	"fmt"
)

//go:embed default.yaml
var defaultFile []byte

//go:embed schema.json
var schemaFile []byte

// Default is the file of the built-in line, which takes calls until there is another.
func Default() (*Definition, []byte) {
	def, err := Parse("default.yaml", defaultFile)
	if err != nil {
		panic(fmt.Sprintf("the built-in line: %v", err)) // the binary's own file
	}
	return def, append([]byte(nil), defaultFile...)
}

// Schema is the JSON Schema (draft 2020-12) of a line's file, for editors. It knows less than Parse: what depends on several settings only Parse sees.
func Schema() []byte { return append([]byte(nil), schemaFile...) }
