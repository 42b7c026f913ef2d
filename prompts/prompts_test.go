package prompts

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShippedLanguagesAreCompleteAndFitForTheTelephone(t *testing.T) {
	t.Parallel()
	require.NoError(t, lint(t, embedded))
	assert.Equal(t, []string{"de", "en"}, Languages())
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

// Callers must not learn whether the account or the PIN was wrong, or why a call goes to a person.
func TestPromptsAfterAFailureGiveNothingAway(t *testing.T) {
	t.Parallel()
	for language, tells := range map[string]*regexp.Regexp{
		"en": regexp.MustCompile(`(?i)\b(account|pin|code|customer|passphrase|` +
			`unknown|wrong|incorrect|invalid|locked|found|attempts?)\b`),
		"de": regexp.MustCompile(`(?i)(konto|\bpin\b|code|kunde|kennwort|` +
			`unbekannt|falsch|ungültig|gesperrt|gefunden|versuch)`),
	} {
		texts, err := Texts(language)
		require.NoError(t, err)
		for _, name := range []string{"not-right-1", "not-right-2", "failure"} {
			assert.NotRegexp(t, tells, texts[name], "%s: %s", language, name)
		}
	}
}

// keys are the telephone keys that a text names, in order.
func keys(text string, names *regexp.Regexp, hash, star string) (all []string) {
	for _, k := range names.FindAllString(text, -1) {
		all = append(all, map[string]string{hash: "#", star: "*"}[k]+strings.Trim(k, hash+star))
	}
	return all
}

func TestEveryLanguageNamesTheSameKeysInTheSameOrder(t *testing.T) {
	t.Parallel()
	en, err := Texts("en")
	require.NoError(t, err)
	de, err := Texts("de")
	require.NoError(t, err)
	named := 0
	for _, p := range All() {
		english := keys(en[p.Name], regexp.MustCompile(`hash key|star key|\d+`), "hash key", "star key")
		german := keys(de[p.Name], regexp.MustCompile(`Rautetaste|Sterntaste|\d+`), "Rautetaste", "Sterntaste")
		assert.Equal(t, english, german, p.Name)
		for _, k := range english {
			assert.Contains(t, "0123456789*#", k, p.Name)
			named++
		}
	}
	assert.Greater(t, named, 40)
	for name, want := range map[string][]string{
		"language-3": {"3"}, "have-account": {"1", "2"}, "read-back-confirm": {"1", "2"}, "remember-number": {"1", "2"},
		"ask-account": {"#", "*"}, "ask-code": {"#", "0", "#"}, "code-reminder-2": {"0", "#", "*"}, "no-input-2": {"*"},
		"ask-birth-date": nil, "ask-passphrase": nil,
	} {
		assert.Equal(t, want, keys(en[name], regexp.MustCompile(`hash key|star key|\d+`), "hash key", "star key"), name)
	}
}

func TestEveryQuestionCanBeAskedAgain(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range All() {
		names = append(names, p.Name)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "ask-") && !strings.HasSuffix(name, "-again") {
			assert.Contains(t, names, name+"-again")
		}
	}
}

// Fails when a text was changed without rendering its audio.
func TestTheAudioMatchesTheTexts(t *testing.T) {
	t.Parallel()
	made, err := readRendered(".")
	require.NoError(t, err)
	for _, language := range Languages() {
		texts, err := Texts(language)
		require.NoError(t, err)
		for name, text := range texts {
			file := language + "/" + name + ".wav"
			audio, err := embedded.ReadFile(file)
			require.NoError(t, err)
			if from, ours := made[entry{sumOf(audio), file}]; ours { // else a person recorded it
				assert.Equal(t, sumOf([]byte(text)), from,
					"the text of %s has changed: go run ./cmd/countersign prompts render prompts", file)
			}
		}
	}
	assert.NotEmpty(t, made)
}

func TestTextsOfAnUnknownLanguage(t *testing.T) {
	t.Parallel()
	_, err := Texts("tlh")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
