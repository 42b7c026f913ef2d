package staff

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/words"
)

// notOfFiles are errors of package lines about the program, which no editor of a line sees.
var notOfFiles = []string{"line %s: %w", "no directory of customers is given", "open: %w", "holidays: %w",
	"tz: %q is no time zone, such as Europe/Berlin"}

// Every text of the validator is there in German.
func TestEveryMistakeOfALineIsSaidInGerman(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	require.NoError(t, yaml.Unmarshal(problemFile, &texts))
	found := validatorTexts(t)
	require.Greater(t, len(found), 80)
	for english, file := range found {
		german, ok := texts[english]
		if !assert.True(t, ok, "%s: %q is missing in problems.yaml", file, english) {
			continue
		}
		for i := range len(verbs.FindAllString(english, -1)) {
			assert.Contains(t, german, "{"+strconv.Itoa(i+1)+"}", english)
		}
	}
}

// validatorTexts are the texts in the source of package lines, with the file of each.
func validatorTexts(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../lines/*.go")
	require.NoError(t, err)
	found := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "form.go") || strings.HasSuffix(file, "diff.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := map[string]int{"wrong": 1, "say": 1, "problem": 1, "Errorf": 0, "New": 0}[f.Sel.Name]
			if !ok {
				return true
			}
			for _, arg := range call.Args[min(from, len(call.Args)):] {
				if text, ok := literal(arg); ok && strings.Contains(text, " ") {
					found[text] = file
					break
				}
			}
			return true
		})
	}
	for _, text := range notOfFiles {
		delete(found, text)
	}
	for text := range found { // of a line's parts, which the service gives
		if strings.HasPrefix(text, "it sends one-time codes") || strings.HasPrefix(text, "it asks for time-based codes") {
			delete(found, text)
		}
	}
	return found
}

func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, e.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		a, left := literal(e.X)
		b, right := literal(e.Y)
		return a + b, left && right
	}
	return "", false
}

func TestAMistakeInTheLanguageOfThePage(t *testing.T) {
	t.Parallel()
	german, english := page{Language: words.German}, page{Language: words.English}
	for said, want := range map[string]string{
		`"6-" is not a range: write 6 or 4-6`: `"6-" ist kein Bereich: Schreiben Sie 6 oder 4-6`,
		`unknown key; did you mean digits?`:   `unbekannter Schlüssel; meinten Sie digits?`,
		`want a list, got settings (key: value): write [a, b], or lines that begin with "- "`: `hier steht eine Liste, nicht ` +
			`Einstellungen (Schlüssel: Wert): Schreiben Sie [a, b], oder Zeilen, die mit "- " beginnen`,
		`"gold" is not a level: it can be 1, 2 or 3`: `"gold" ist keine Stufe: möglich sind 1, 2 oder 3`,
		`42 is out of bounds: it can be 0 to 9`:      `42 liegt außerhalb der Grenzen: möglich ist 0 bis 9`,
		`said by something else entirely`:            `said by something else entirely`,
	} {
		assert.Equal(t, want, german.ProblemText(said))
		assert.Equal(t, said, english.ProblemText(said))
	}
}
