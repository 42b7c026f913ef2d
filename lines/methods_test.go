package lines_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countersign/lines"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// needed are the required settings of kinds.
var needed = map[string]string{
	"fact":       "name: post_code, digits: 5",
	"passphrase": "engine: pocketsphinx, grammar: words",
}

// kindOf is the kind of question of a method, with defaults.
func kindOf(t *testing.T, m session.Method) lines.Kind {
	t.Helper()
	all := lines.Kinds()
	i := slices.IndexFunc(all, func(k lines.Kind) bool { return lines.KeyOf(k) == string(m.Name) })
	require.GreaterOrEqual(t, i, 0, "%s: no kind of question in lines/question.go", m.Name)
	return all[i]
}

func parsedSchema(t *testing.T) node {
	t.Helper()
	var schema node
	require.NoError(t, json.Unmarshal(lines.Schema(), &schema))
	return schema.at("properties")
}

// TestEveryMethodIsComplete requires all that each method of the table needs. The tests of lines/whatif require what
// that needs.
func TestEveryMethodIsComplete(t *testing.T) {
	t.Parallel()
	for _, m := range session.Methods() {
		t.Run(string(m.Name), func(t *testing.T) {
			t.Parallel()
			if m.Asks != "" {
				hasPrompts(t, m)
			}
			switch {
			case m.Asks != "" && m.Identifies:
				isIdentifier(t, m)
			case m.Asks != "":
				isQuestion(t, m)
			case m.Identifies && m.Name != event.MethodToken:
				ways := parsedSchema(t).at("identify").at("items").at("properties")
				assert.NotNil(t, ways.at(string(m.Name)), "no way to identify")
			}
			inToken(t, m)
		})
	}
}

// hasPrompts requires the texts of a method's prompts in every shipped language.
func hasPrompts(t *testing.T, m session.Method) {
	t.Helper()
	for _, language := range []string{"en", "de"} {
		texts, err := prompts.Texts(language)
		require.NoError(t, err)
		for _, name := range []string{m.Prompt(), m.Prompt() + "-again"} {
			assert.NotEmpty(t, texts[name], "prompts/%s/texts.yaml: no %s", language, name)
			is := func(p prompts.Prompt) bool { return p.Name == name }
			assert.True(t, slices.ContainsFunc(prompts.All(), is), name)
		}
	}
}

// isIdentifier requires that a line can ask for a method's number, and that the schema has it.
func isIdentifier(t *testing.T, m session.Method) {
	t.Helper()
	number := parsedSchema(t).at("identify").at("items").at("properties").at("number")
	assert.Contains(t, number.at("properties").at("name")["examples"], string(m.Name), "lines/schema.json")
	def := parsed(t, with2("identify", fmt.Sprintf("- number: {name: %s, digits: 8}", m.Name)))
	l, err := lines.Compile(def, 1, parts())
	require.NoError(t, err)
	require.Len(t, l.Identify, 1)
	assert.Equal(t, string(m.Name), l.Identify[0].Name())
	assert.Contains(t, def.Plays(), m.Prompt())
}

// isQuestion requires that a line can ask a method's question with its prompts and factor, and that the schema has it.
func isQuestion(t *testing.T, m session.Method) {
	t.Helper()
	k := kindOf(t, m)
	assert.Equal(t, m.Prompt(), lines.PromptOf(k))
	questions := parsedSchema(t).at("verify").at("properties").at("questions")
	entry := questions.at("items").at("properties").at(string(m.Name))
	require.NotNil(t, entry, "no schema")
	describes(t, entry, string(m.Name))
	if len(lines.RequiredOf(k)) > 0 {
		require.NotEmpty(t, needed[string(m.Name)], "say in this test what settings it needs: %v", lines.RequiredOf(k))
	}
	companion := "fact: {name: post_code, digits: 5}" // makes a weak answer enough
	asked := fmt.Sprintf("%s: {%s}", m.Name, needed[string(m.Name)])
	def := parsed(t, with(fmt.Sprintf("verify: {questions: [%s, %s]}\n", asked, companion)))
	l, err := lines.Compile(def, 1, parts())
	require.NoError(t, err)
	assert.Equal(t, string(m.Name), l.Verify[0].Step.Name())
	assert.Equal(t, m.Factor, l.Verify[0].Factor)
	assert.Contains(t, def.Plays(), m.Prompt())
}

// inToken requires that a token can name a method if the table says so, and proves its factor.
func inToken(t *testing.T, m session.Method) {
	t.Helper()
	keys, err := token.LoadKeys(filepath.Join(t.TempDir(), "token.key"))
	require.NoError(t, err)
	subjectKey := []byte(strings.Repeat("k", 32))
	issuer, err := token.New(token.Options{Store: shared.NewMemory(), Keys: keys, SubjectKey: subjectKey})
	require.NoError(t, err)
	text, err := issuer.IssueFor(t.Context(), "C-1", []event.Method{m.Name}, "retail")
	if !m.Login {
		require.ErrorIs(t, err, token.ErrUnknownMethod)
		return
	}
	require.NoError(t, err)
	proven, err := issuer.Redeem(t.Context(), session.NewSecret([]byte(text)), "retail")
	require.NoError(t, err)
	assert.Equal(t, []event.Method{m.Name}, proven.Methods)
	if m.Factor == session.NoFactor {
		assert.Empty(t, proven.Proofs)
		return
	}
	require.Len(t, proven.Proofs, 1)
	assert.Equal(t, m.Factor, proven.Proofs[0].Factor)
}

// A fact is the only question that is not a method: the company names it.
func TestEveryKindOfQuestionIsAMethod(t *testing.T) {
	t.Parallel()
	for _, k := range lines.Kinds() {
		m, ok := session.MethodOf(event.Method(lines.KeyOf(k)))
		if key := lines.KeyOf(k); key == "fact" {
			assert.False(t, ok)
			continue
		}
		question := ok && m.Asks != "" && !m.Identifies
		assert.True(t, question, "%s: no row for a question in session/method.go", lines.KeyOf(k))
	}
}

func TestAnElseMayNameEveryKindWithDefaults(t *testing.T) {
	t.Parallel()
	for _, k := range lines.Kinds() {
		key := lines.KeyOf(k)
		text := with(fmt.Sprintf("verify: {questions: [pin: {digits: 6, else: %s}]}\n", key))
		if key == "pin" {
			text = with("verify: {questions: [totp: {else: pin}]}\n")
		}
		if len(lines.RequiredOf(k)) > 0 {
			assert.Contains(t, strings.Join(said(t, text), "\n"), fmt.Sprintf("there is no question %q", key))
			continue
		}
		l, err := lines.Compile(parsed(t, text), 1, parts())
		require.NoError(t, err, key)
		require.NotNil(t, l.Verify[0].Else, key)
		assert.Equal(t, key, l.Verify[0].Else.Step.Name())
		assert.Equal(t, session.FactorOf(event.Method(key)), l.Verify[0].Else.Factor)
	}
}
