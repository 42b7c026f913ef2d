package prompts_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/prompts"
	"countersign/session"
)

var _ session.Prompts = (*prompts.Catalogue)(nil)

func open(tb testing.TB) (catalogue *prompts.Catalogue, dir string) {
	tb.Helper()
	dir = filepath.Join(tb.TempDir(), "prompts")
	require.NoError(tb, prompts.Unpack(dir))
	catalogue, err := prompts.Open(dir)
	require.NoError(tb, err)
	return catalogue, dir
}

func TestEveryPromptOfTheCatalogueIsFound(t *testing.T) {
	t.Parallel()
	catalogue, dir := open(t)
	for _, language := range prompts.Languages() {
		for _, p := range prompts.All() {
			file, found := catalogue.File(language, p.Name)
			assert.True(t, found, p.Name)
			assert.Equal(t, filepath.Join(dir, language, p.Name+".wav"), file)
		}
	}
}

func TestAPromptWithoutAudioIsAToneUntilItIsThere(t *testing.T) {
	t.Parallel()
	catalogue, dir := open(t)
	file, found := catalogue.File("en", "branch-5")
	assert.False(t, found)
	assert.Equal(t, "tone_stream://%(250,100,440)", file)

	recording := filepath.Join(dir, "en", "branch-5.wav")
	require.NoError(t, os.WriteFile(recording, nil, 0o644))
	_, found = catalogue.File("en", "branch-5")
	assert.False(t, found, "an empty file")

	require.NoError(t, os.WriteFile(recording, make([]byte, 1000), 0o644))
	file, found = catalogue.File("en", "branch-5")
	assert.True(t, found)
	assert.Equal(t, recording, file)

	require.NoError(t, os.Remove(recording))
	_, found = catalogue.File("en", "branch-5")
	assert.False(t, found, "taken away again")
}

func TestAFolderWithTheNameOfAPromptIsATone(t *testing.T) {
	t.Parallel()
	catalogue, dir := open(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "en", "odd.wav"), 0o755))
	_, found := catalogue.File("en", "odd")
	assert.False(t, found)
}

func TestNamesCannotLeaveTheFolder(t *testing.T) {
	t.Parallel()
	catalogue, dir := open(t)
	secret := make([]byte, 1000)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret.wav"), secret, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "en", "Upper.wav"), secret, 0o644))
	for _, name := range []struct{ language, prompt string }{
		{"en", "../secret"}, {"en/..", "secret"}, {"..", "secret"}, {".", "secret"}, {"", "secret"},
		{"en", ""}, {"en", "Upper"}, {"en", "a b"}, {"en", "a!b"}, {"en", "a'b"}, {"en", "greeting\x00"},
		{"EN", "greeting"}, {"e", "greeting"}, {"en", "${x}"}, {"-en", "greeting"},
	} {
		file, found := catalogue.File(name.language, name.prompt)
		assert.False(t, found, "%q", name)
		assert.Equal(t, prompts.Tone, file, "%q", name)
	}
}

func TestLanguagesWithARegionAreFound(t *testing.T) {
	t.Parallel()
	catalogue, dir := open(t)
	for _, language := range []string{"fr", "pt-BR", "zh-Hant-TW", "es-419"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, language), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, language, "greeting.wav"), make([]byte, 1000), 0o644))
		_, found := catalogue.File(language, "greeting")
		assert.True(t, found, language)
	}
}

func TestOpenRefusesAFolderThatCannotBePlayedFrom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for name, want := range map[string]string{
		"missing": "no such file", "file": "is not a folder",
		"it's": `'\''`, "a!b": "'!'", "a${b}": "'$'", "a[b]": "'['",
	} {
		_, err := prompts.Open(filepath.Join(dir, name))
		assert.ErrorContains(t, err, want, name)
	}
}

func TestOpenMakesARelativeFolderAbsolute(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, prompts.Unpack("sounds"))
	catalogue, err := prompts.Open("sounds")
	require.NoError(t, err)
	file, found := catalogue.File("en", "greeting")
	assert.True(t, found)
	assert.True(t, filepath.IsAbs(file), file)
}

func BenchmarkFile(b *testing.B) {
	catalogue, _ := open(b)
	for b.Loop() {
		if _, found := catalogue.File("en", "ask-account"); !found {
			b.Fatal("not found")
		}
	}
}
