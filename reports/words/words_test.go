package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/words"
	"countersign/session"
	"countersign/session/event"
)

// parsed is a Go file.
func parsed(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	require.NoError(t, err)
	return file
}

// constants are the values of a file's constants of a type.
func constants(t *testing.T, path, kind string) (all []string) {
	t.Helper()
	ast.Inspect(parsed(t, path), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == kind {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			all = append(all, value)
		}
		return true
	})
	require.NotEmpty(t, all, kind)
	return all
}

func TestEveryCodeHasAWordAndAnExplanationInEveryLanguage(t *testing.T) {
	t.Parallel()
	const codes = "../../session/event/status_reason_method.go"
	all := map[words.Vocabulary][]string{
		words.Reasons:  constants(t, codes, "Reason"),
		words.Statuses: constants(t, codes, "Status"),
		words.Steps: {
			"greeting", "language", "remember_number", "confirmation", "failure", "wait", "closed", "step_up", "have_account", "none",
		},
		words.Outcomes: append(constants(t, "../../session/event/call_ended.go", "End"),
			"verified", "identified", "unidentified", "failed", "opted_out", "locked", "unavailable", "closed"),
		words.Sections: {
			"total", "line", "day", "week", "month", "quarter", "weekday", "hour", "reason", "step", "methods",
		},
	}
	for _, m := range session.Methods() {
		all[words.Steps] = append(all[words.Steps], string(m.Name))
	}
	for vocabulary, codes := range all {
		for _, l := range words.Languages() {
			seen := map[string]string{}
			for _, code := range codes {
				word := l.Word(vocabulary, code)
				assert.NotEmpty(t, word)
				assert.NotContains(t, word, "_", "%s in %s", code, l)
				assert.NotEmpty(t, l.Explain(vocabulary, code), "%s %s in %s: add it to codes.go", vocabulary, code, l)
				assert.Empty(t, seen[word], "%s in %s is the word of two codes of %s", word, l, vocabulary)
				seen[word] = code
			}
		}
		for _, code := range codes {
			assert.NotEqual(t, words.English.Explain(vocabulary, code), words.German.Explain(vocabulary, code), code)
		}
	}
}

func TestEverySentenceOfReportsIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	found := 0
	for _, pattern := range []string{"../*.go", "../render/*.go", "../deliver/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			ast.Inspect(parsed(t, path), func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				f, ok := call.Fun.(*ast.SelectorExpr)
				text, literal := call.Args[0].(*ast.BasicLit)
				if !ok || !literal || f.Sel.Name != "Text" && f.Sel.Name != "Sprintf" {
					return true
				}
				if of, ok := f.X.(*ast.Ident); ok && of.Name == "fmt" {
					return true
				}
				english, err := strconv.Unquote(text.Value)
				require.NoError(t, err)
				found++
				assert.True(t, words.German.Knows(english), "%s: %q is not in german.go", path, english)
				assert.Equal(t, strings.Count(english, "%"), strings.Count(words.German.Text(english), "%"), english)
				return true
			})
		}
	}
	assert.Greater(t, found, 10)
}

// text is the value of a constant expression of string literals, or "".
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.BinaryExpr:
		return text(e.X) + text(e.Y)
	}
	return ""
}

func TestEveryNoteIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	found := 0
	for _, pattern := range []string{"../*.go", "../deliver/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range files {
			ast.Inspect(parsed(t, path), func(n ast.Node) bool {
				spec, ok := n.(*ast.ValueSpec)
				if !ok || len(spec.Values) != 1 {
					return true
				}
				name := strings.ToLower(spec.Names[0].Name)
				if s := text(spec.Values[0]); s != "" && (strings.HasPrefix(name, "note") || name == "nocalls") {
					found++
					assert.True(t, words.German.Knows(s), "%s: %q is not in german.go", path, s)
					assert.Equal(t, strings.Count(s, "%"), strings.Count(words.German.Text(s), "%"), s)
				}
				return true
			})
		}
	}
	assert.Greater(t, found, 8)
}

func TestWordsOfOneLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vocabulary words.Vocabulary
		code       string
		en, de     string
	}{
		{words.Reasons, "velocity", "too many attempts", "zu viele Versuche"},
		{words.Reasons, "send_limit", "too many codes sent", "zu viele Codes versandt"},
		{words.Steps, "none", "no step", "kein Schritt"},
		{words.Statuses, "none", "not identified", "nicht identifiziert"},
		{words.Methods, "ani,pin,sms_code", "caller number, PIN, code by SMS", "Rufnummer, PIN, Code per SMS"},
		{words.Methods, "ani, pin", "caller number, PIN", "Rufnummer, PIN"},
		{words.Weekdays, "sunday", "Sunday", "Sonntag"},
		{words.Steps, "contract_year", "contract year", "contract year"}, // a company's own
		{words.Names, "my_line", "my_line", "my_line"},
		{words.Reasons, string(event.ReasonUnavailable), "fault of ours", "Störung bei uns"},
	} {
		assert.Equal(t, c.en, words.English.Word(c.vocabulary, c.code))
		assert.Equal(t, c.de, words.German.Word(c.vocabulary, c.code))
	}
	for name, want := range map[string]words.Language{"": words.English, "de-AT": words.German, "EN": words.English} {
		got, err := words.Parse(name)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := words.Parse("fr")
	assert.ErrorContains(t, err, `"fr"`)
	assert.Equal(t, "42,9", words.German.Number("42.9"))
	assert.Equal(t, "42.9", words.English.Number("42.9"))
}
