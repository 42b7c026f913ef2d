package staff

import (
	"embed"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"countersign/reports/words"
)

//go:embed text*.yaml
var textFiles embed.FS

// texts are the texts of the screens by key and language, of all files.
var texts = readTexts()

func readTexts() map[string]map[words.Language]string {
	all := map[string]map[words.Language]string{}
	files, err := textFiles.ReadDir(".")
	if err != nil {
		panic(err) // embedded
	}
	for _, f := range files {
		text, err := textFiles.ReadFile(f.Name())
		if err != nil {
			panic(err) // embedded
		}
		var some map[string]map[words.Language]string
		if err := yaml.UnmarshalWithOptions(text, &some, yaml.Strict()); err != nil {
			panic(fmt.Sprintf("%s: %v", f.Name(), err)) // embedded
		}
		for key, t := range some {
			if _, twice := all[key]; twice {
				panic(fmt.Sprintf("%s: the text %q is in another file, too", f.Name(), key))
			}
			all[key] = t
		}
	}
	return all
}

// text is a text in a language. Without one, such as for a code of a newer version's event, it is the key in words.
func text(l words.Language, key string, args ...any) string {
	t, ok := texts[key][l]
	if !ok {
		return strings.ReplaceAll(key, "_", " ")
	}
	if len(args) == 0 {
		return t
	}
	return fmt.Sprintf(t, args...)
}
