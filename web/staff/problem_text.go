package staff

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"countersign/reports/words"
)

//go:embed problems.yaml
var problemFile []byte

// problemPattern is a text of the validator of lines, in German.
type problemPattern struct {
	english *regexp.Regexp
	german  string
	literal int // letters of the English that are no values
}

// verbs are the values in the validator's texts.
var verbs = regexp.MustCompile(`%[qsvdwU]`)

// problemPatterns are those of problems.yaml, the most particular first.
var problemPatterns = sync.OnceValue(func() (all []problemPattern) {
	texts := map[string]string{}
	if err := yaml.UnmarshalWithOptions(problemFile, &texts, yaml.Strict()); err != nil {
		panic(err) // embedded
	}
	for english, german := range texts {
		var pattern strings.Builder
		pattern.WriteString("(?s)^")
		at, literal := 0, 0
		for _, v := range verbs.FindAllStringIndex(english, -1) {
			pattern.WriteString(regexp.QuoteMeta(english[at:v[0]]))
			literal += v[0] - at
			switch english[v[0]:v[1]] {
			case "%q":
				pattern.WriteString(`("(?:[^"\\]|\\.)*")`)
			case "%d":
				pattern.WriteString(`(-?[0-9]+)`)
			default:
				pattern.WriteString(`(.*?)`)
			}
			at = v[1]
		}
		pattern.WriteString(regexp.QuoteMeta(english[at:]) + "$")
		all = append(all, problemPattern{regexp.MustCompile(pattern.String()), german, literal + len(english) - at})
	}
	slices.SortFunc(all, func(a, b problemPattern) int { return b.literal - a.literal })
	return all
})

// germanValues are what the validator says inside of its texts.
var germanValues = strings.NewReplacer("; did you mean ", "; meinten Sie ", " or ", " oder ", "settings (key: value)",
	"Einstellungen (Schlüssel: Wert)", "a list", "eine Liste", "a text", "ein Text", "true or false", "true oder false",
	"a number", "eine Zahl", "something else", "etwas anderes", "; quote it", "; setzen Sie es in Anführungszeichen")

// ProblemText is what is wrong with a line, in the language of the page: the validator says it in English. What is not
// known in German stays as it is.
func (p page) ProblemText(english string) string {
	if p.Language != words.German {
		return english
	}
	for _, pattern := range problemPatterns() {
		values := pattern.english.FindStringSubmatch(english)
		if values == nil {
			continue
		}
		german := pattern.german
		for i, v := range values[1:] {
			if !strings.HasPrefix(v, `"`) {
				v = germanValues.Replace(v)
			}
			german = strings.ReplaceAll(german, fmt.Sprintf("{%s}", strconv.Itoa(i+1)), v)
		}
		return german
	}
	return english
}
