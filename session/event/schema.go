package event

import "embed"

//go:embed schema/*.json
var schemas embed.FS

// Schema is the JSON Schema (draft 2020-12) of the events of one fact, envelope and data, for readers in other
// languages. Lists of words that may grow within v1 are "examples" in it, not an "enum". ok is false for an unknown
// fact.
func Schema(f Fact) (schema []byte, ok bool) {
	b, err := schemas.ReadFile("schema/" + string(f) + ".json")
	return b, err == nil
}
