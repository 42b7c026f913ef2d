package staff

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/words"
)

var textUsed = regexp.MustCompile(`(?:\bT|refuse\([^,]+,) ?\(?"([a-z_0-9]+)"`)

// Every text that a page or a handler names is there in each language. Names that are put together are not looked at.
func TestEveryTextThatIsNamedExists(t *testing.T) {
	t.Parallel()
	found := 0
	look := func(name string, body []byte) {
		for _, m := range textUsed.FindAllSubmatch(body, -1) {
			key := string(m[1])
			if strings.HasSuffix(key, "_") {
				continue
			}
			found++
			for _, l := range words.Languages() {
				assert.NotEmpty(t, texts[key][l], "%s names the text %q, which is missing in %q", name, key, l)
			}
		}
	}
	require.NoError(t, fs.WalkDir(pages, "pages", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var body []byte
			body, err = pages.ReadFile(path)
			look(path, body)
		}
		return err
	}))
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") {
			body, err := os.ReadFile(f.Name())
			require.NoError(t, err)
			look(f.Name(), body)
		}
	}
	assert.Greater(t, found, 100)
}

// Names of texts that are put together of a code have a text for each value that an event can have.
func TestEveryCodeThatIsShownHasAText(t *testing.T) {
	t.Parallel()
	for prefix, codes := range map[string][]string{
		"status_":        constants(t, "../../session/event", "Status"),
		"missed_":        constants(t, "../../session/event", "MissedReason"),
		"agent_end_":     constants(t, "../../session/event", "AgentEnd"),
		"result_":        constants(t, "../../session/event", "StepResult"),
		"tell_step_":     constants(t, "../../session/event", "StepResult"),
		"tell_ended_":    constants(t, "../../session/event", "End"),
		"alarm_":         constants(t, "../../session/event", "AlarmKind"),
		"alert_state_":   constants(t, "../../callback", "AlertState"),
		"alert_refused_": {"unknown", "opted_out", "open", "limit", "unavailable"},
		"phase_":         {"asking", "waiting", "ringing", "talking"},
		"state_":         {"ringing", "talking"}, // others are in lists of their own
		"action_":        mePage{}.Actions(),
		"tour_":          {"1", "2", "3", "4", "5", "6", "7"},
		"level_":         {"0", "1", "2", "3"},
		"role_":          constants(t, "../access", "Role"),
		"scope_":         constants(t, "../access", "Scope"),
		"demo_as_":       constants(t, "../access", "Role"),
	} {
		require.NotEmpty(t, codes, prefix)
		for _, code := range codes {
			for _, l := range words.Languages() {
				assert.NotEmpty(t, texts[prefix+code][l], "%s in %s", prefix+code, l)
			}
		}
	}
}

// constants are the values of the constants of a type, as the source has them.
func constants(t *testing.T, folder, name string) (values []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if of, ok := spec.Type.(*ast.Ident); ok && of.Name == name {
				for _, v := range spec.Values {
					if text, ok := v.(*ast.BasicLit); ok {
						values = append(values, strings.Trim(text.Value, `"`))
					}
				}
			}
			return true
		})
	}
	return values
}
