package prompts

import (
	"io/fs"
	"path"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShippedLanguagesAreWholeAndFitForTheTelephone(t *testing.T) {
	t.Parallel()
	require.NoError(t, lint(t, embedded))
	assert.Equal(t, []string{"en"}, Languages())
	for _, language := range Languages() {
		texts, err := Texts(language)
		require.NoError(t, err)
		known := []string{path.Join(language, "texts.yaml")}
		for _, p := range All() {
			assert.NotEmpty(t, texts[p.Name], "%s: the text of %s", language, p.Name)
			known = append(known, path.Join(language, p.Name+".wav"))
		}
		assert.Len(t, texts, len(All()), "texts.yaml names a prompt that the catalogue does not know")
		files, err := fs.Glob(embedded, language+"/*")
		require.NoError(t, err)
		assert.ElementsMatch(t, known, files, "a file without a prompt, or the other way round")
	}
}

func TestCataloguePromptsAreNamedOnceAndDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range All() {
		assert.True(t, isPrompt(p.Name), p.Name)
		assert.False(t, seen[p.Name], "%s is there twice", p.Name)
		seen[p.Name] = true
		assert.Regexp(t, `^[A-Z].*\.$`, p.Doc, p.Name)
	}
}

// The caller must not learn whether the account or the PIN was wrong, nor why a call goes to a person.
func TestWhatIsSaidAfterAFailureGivesNothingAway(t *testing.T) {
	t.Parallel()
	texts, err := Texts("en")
	require.NoError(t, err)
	tells := regexp.MustCompile(`(?i)\b(account|pin|code|customer|unknown|wrong|incorrect|invalid|locked|found|attempts?)\b`)
	for _, name := range []string{"not-right-1", "not-right-2", "failure"} {
		assert.NotRegexp(t, tells, texts[name], name)
	}
}

func TestTextsOfALanguageThatWeDoNotHave(t *testing.T) {
	t.Parallel()
	_, err := Texts("tlh")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
