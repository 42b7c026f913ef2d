package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/prompts"
)

// The audio says what the texts say: somebody who changes a text and forgets to render it is told. Another release of flite or sox may give
// other bytes, but a prompt of the same length to 30 ms.
func TestAudioIsOfTheTexts(t *testing.T) {
	t.Parallel()
	if err := needTools("flite", "sox"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err) // CI installs them
		}
		t.Skip(err)
	}
	texts, err := prompts.Texts("en")
	require.NoError(t, err)
	for name, text := range texts {
		committed, err := os.ReadFile(filepath.Join("..", "..", "prompts", "en", name+".wav"))
		require.NoError(t, err)
		first, err := render(voices["en"], text)
		require.NoError(t, err)
		assert.InDelta(t, len(committed), len(first), 0.03*rate*2, "%s: go run ./scripts/render-prompts", name)
		second, err := render(voices["en"], text)
		require.NoError(t, err)
		assert.Equal(t, first, second, "%s: not the same twice", name)
	}
}

func TestMissingToolsAreNamedAsDebianPackages(t *testing.T) {
	t.Parallel()
	assert.EqualError(t, needTools("sh", "no-such-tool"), "tools are missing: apt-get install no-such-tool")
}

func TestALanguageWithoutAVoice(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t, run([]string{"-language", "de"}, os.Stdout), `have a person record the prompts`)
}
