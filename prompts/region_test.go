package prompts_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/prompts"
)

func TestALanguageWithARegionAddsOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	catalogue, dir := open(t)
	for _, c := range []struct{ language, prompt, folder string }{
		{"de-AT", "greeting", "de"}, {"de-CH", "ask-birth-date", "de"}, {"de-DE", "failure", "de"},
		{"en-GB", "greeting", "en"}, {"en-GB", "ask-birth-date", "en-GB"}, {"en-GB", "ask-birth-date-again", "en-GB"},
		{"en-AU", "ask-birth-date", "en-GB"}, {"en-IN", "ask-pin", "en"}, {"en-US", "ask-birth-date", "en"},
		{"en-us", "ask-birth-date-again", "en"}, {"en", "ask-birth-date", "en"}, {"de-Latn-AT", "digit-6", "de"},
	} {
		file, found := catalogue.File(c.language, c.prompt)
		assert.True(t, found, c)
		assert.Equal(t, filepath.Join(dir, c.folder, c.prompt+".wav"), file, c)
		text, found := prompts.TextOf(c.language, c.prompt)
		assert.True(t, found, c)
		words, known := prompts.Words(file)
		assert.True(t, known, c)
		assert.Equal(t, text, words, c)
	}
	for _, language := range []string{"fr", "fr-CA", "dea", "de_AT", "ent-US"} {
		_, found := catalogue.File(language, "greeting")
		assert.False(t, found, language)
		_, found = prompts.TextOf(language, "greeting")
		assert.False(t, found, language)
	}
	// the region's own recording comes first
	own := filepath.Join(dir, "de-AT", "greeting.wav")
	require.NoError(t, os.MkdirAll(filepath.Dir(own), 0o755))
	require.NoError(t, os.WriteFile(own, make([]byte, 1000), 0o644))
	file, _ := catalogue.File("de-AT", "greeting")
	assert.Equal(t, own, file)
	file, _ = catalogue.File("de-CH", "greeting")
	assert.Equal(t, filepath.Join(dir, "de", "greeting.wav"), file)
}

func TestAFolderOfARegionNeedsOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	_, dir := open(t)
	lint := func(uses ...prompts.Use) (all []string) {
		r, err := prompts.Lint(os.DirFS(dir), uses...)
		require.NoError(t, err)
		for _, p := range r.Problems {
			all = append(all, p.String())
		}
		return all
	}
	speaks := func(languages ...string) prompts.Use {
		return prompts.Use{Where: "line retail", Languages: languages, Prompt: "greeting"}
	}
	assert.Empty(t, lint(speaks("de-AT", "en-GB", "en-AU", "en-US")))
	assert.Contains(t, lint(speaks("fr-CA")), "fr-CA: line retail speaks it, but there is no such folder")
	branch := prompts.Use{Where: "line retail", Languages: []string{"de-AT"}, Prompt: "branch-5"}
	assert.Contains(t, lint(branch), "de-AT/branch-5.wav: missing; callers hear a tone in its place")
	require.NoError(t, os.Remove(filepath.Join(dir, "de", "failure.wav")))
	assert.Contains(t, lint(speaks("de-AT")), "de-AT/failure.wav: missing; callers hear a tone in its place")
}
