package change

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines"
	"countersign/session/shared"
)

func file(t *testing.T, text string) File {
	t.Helper()
	def, err := lines.Parse("x.yaml", []byte(text))
	require.NoError(t, err)
	return File{Text: []byte(text), Def: def}
}

func office(t *testing.T) string {
	t.Helper()
	text, err := lines.Example("office")
	require.NoError(t, err)
	return string(text)
}

func options() Options {
	return Options{Recorded: func(string, string) bool { return true }}
}

func TestAPlanSaysWhatIsDifferent(t *testing.T) {
	t.Parallel()
	text := office(t)
	stored := shared.LineVersion{Name: "office", Version: 4, YAML: text}
	for name, c := range map[string]struct {
		inForce []shared.LineVersion
		text    string
		from    int
		same    bool
		changes []string
	}{
		"a new line":             {nil, text, 0, false, []string{NewLine}},
		"the same to the letter": {[]shared.LineVersion{stored}, text, 4, true, []string{}},
		"another comment":        {[]shared.LineVersion{stored}, text + "# more\n", 4, false, []string{CommentsOnly}},
		"one that cannot be read": {
			[]shared.LineVersion{{Name: "office", Version: 4, YAML: "format: 9"}}, text, 4, false,
			[]string{"all of it: the version before cannot be read"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, err := Plan(c.inForce, []File{file(t, c.text)}, options())
			require.NoError(t, err)
			require.Len(t, changes, 1)
			assert.Equal(t, "office", changes[0].Line)
			assert.Equal(t, c.from, changes[0].From)
			assert.Equal(t, c.same, changes[0].Same)
			assert.Equal(t, c.changes, changes[0].Changes)
			assert.Equal(t, c.text, changes[0].Text)
		})
	}
}

func TestAPlanRefusesANumberThatALineInForceHas(t *testing.T) {
	t.Parallel()
	text := office(t)
	other := strings.Replace(text, "line: office", "line: other", 1)
	_, err := Plan([]shared.LineVersion{{Name: "other", Version: 1, YAML: other}}, []File{file(t, text)}, options())
	var problems lines.Problems
	require.ErrorAs(t, err, &problems)
	changes, err := Plan([]shared.LineVersion{{Name: "other", Version: 1, YAML: other}}, []File{file(t, other)}, options())
	require.NoError(t, err, "a line's own numbers are no conflict")
	assert.True(t, changes[0].Same)
}
