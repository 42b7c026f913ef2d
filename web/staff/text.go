package staff

import (
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"

	"countersign/reports/words"
)

//go:embed text.yaml
var textFile []byte

// texts are the texts of the screens by key and language.
var texts = readTexts()

func readTexts() map[string]map[words.Language]string {
	var all map[string]map[words.Language]string
	if err := yaml.UnmarshalWithOptions(textFile, &all, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("text.yaml: %v", err)) // embedded
	}
	return all
}

// text is a text in a language. It panics if there is none: a test reads every page in every language.
func text(l words.Language, key string, args ...any) string {
	t, ok := texts[key][l]
	if !ok {
		panic(fmt.Sprintf("text.yaml has no text %q in %q", key, l))
	}
	if len(args) == 0 {
		return t
	}
	return fmt.Sprintf(t, args...)
}
