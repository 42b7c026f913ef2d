package prompts

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// renderer renders into an empty folder, or into one with the shipped prompts. spoken returns what its voice spoke
// since the last call.
func renderer(t *testing.T, unpacked bool) (r Renderer, spoken func() []string) {
	t.Helper()
	command, notes := engine(t, "")
	r = Renderer{Dir: filepath.Join(t.TempDir(), "prompts"), Voices: Voices{"en": command, "fr": command}}
	if unpacked {
		require.NoError(t, Unpack(r.Dir))
	}
	return r, func() []string {
		b, err := os.ReadFile(notes)
		if !os.IsNotExist(err) {
			require.NoError(t, err)
			require.NoError(t, os.Remove(notes))
		}
		return strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' })
	}
}

func write(t *testing.T, r Renderer, file, content string) {
	t.Helper()
	name := filepath.Join(r.Dir, file)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
}

func TestRenderSpeaksAnOperatorsLanguageOnceAndThenOnlyChanges(t *testing.T) {
	t.Parallel()
	r, spoken := renderer(t, false)
	write(t, r, "fr/texts.yaml", "greeting: Bienvenue.\nbranch-5: Cinq.\n")
	require.NoError(t, r.Language(t.Context(), "fr"))
	assert.Equal(t, []string{"Cinq.", "Bienvenue."}, spoken())
	assert.Empty(t, lintFile(os.DirFS(r.Dir), "fr/branch-5.wav"))
	info, err := os.Stat(filepath.Join(r.Dir, "fr", "greeting.wav"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o644), info.Mode().Perm())

	before := inodes(t, r.Dir)
	require.NoError(t, r.Language(t.Context(), "fr"))
	assert.Empty(t, spoken())
	assert.Equal(t, before, inodes(t, r.Dir), "nothing is written")

	write(t, r, "fr/texts.yaml", "greeting: Bonjour.\nbranch-5: Cinq.\n")
	require.NoError(t, r.Language(t.Context(), "fr"))
	assert.Equal(t, []string{"Bonjour."}, spoken())

	require.NoError(t, os.Remove(filepath.Join(r.Dir, "fr", "branch-5.wav")))
	require.NoError(t, r.Language(t.Context(), "fr"))
	assert.Equal(t, []string{"Cinq."}, spoken())
	assert.Equal(t, 2, strings.Count(content(t, filepath.Join(r.Dir, renderedName)), ".wav\n"), "the list does not grow")
	languages, err := RenderLanguages(r.Dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"de", "en", "fr"}, languages)
}

func TestRenderKeepsAPersonsRecordings(t *testing.T) {
	t.Parallel()
	r, spoken := renderer(t, false)
	write(t, r, "fr/texts.yaml", "greeting: Bienvenue.\n")
	write(t, r, "fr/greeting.wav", "mine")
	var seen []Rendering
	r.Each = func(did Rendering) { seen = append(seen, did) }
	require.NoError(t, r.Language(t.Context(), "fr"))
	assert.Empty(t, spoken())
	assert.Equal(t, "mine", content(t, filepath.Join(r.Dir, "fr", "greeting.wav")))
	assert.Equal(t, []Rendering{{Language: "fr", Prompt: "greeting"}}, seen)

	r.Force = true
	require.NoError(t, r.Language(t.Context(), "fr"))
	assert.Equal(t, []string{"Bienvenue."}, spoken())
	assert.True(t, seen[1].Made)
	assert.InDelta(t, 1.1, seen[1].Length.Seconds(), 0.05)

	r.Force = false
	write(t, r, "fr/greeting.wav", "mine")
	require.NoError(t, r.Language(t.Context(), "fr"))
	assert.Empty(t, spoken(), "recorded by a person afterwards")
}

func TestRenderReplacesShippedPromptsWhoseTextChanged(t *testing.T) {
	t.Parallel()
	r, spoken := renderer(t, true)
	require.NoError(t, r.Language(t.Context(), "en"))
	assert.Empty(t, spoken(), "ours is up to date")

	write(t, r, "en/texts.yaml", "greeting: Welcome to Acme.\n")
	require.NoError(t, r.Language(t.Context(), "en"))
	assert.Equal(t, []string{"Welcome to Acme."}, spoken())
	acme := content(t, filepath.Join(r.Dir, "en", "greeting.wav"))
	require.NoError(t, Unpack(r.Dir))
	assert.Equal(t, acme, content(t, filepath.Join(r.Dir, "en", "greeting.wav")), "unpacking does not overwrite it")
	require.NoError(t, r.Language(t.Context(), "en"))
	assert.Empty(t, spoken())
	require.NoError(t, lint(t, os.DirFS(r.Dir)))
}

func TestATextOfTheCommandLineCountsAsAPersonsRecording(t *testing.T) {
	t.Parallel()
	r, spoken := renderer(t, true)
	require.NoError(t, r.Text(t.Context(), "en", "greeting", "Hello from Acme."))
	assert.Equal(t, []string{"Hello from Acme."}, spoken(), "over ours")
	require.NoError(t, r.Language(t.Context(), "en"))
	assert.Empty(t, spoken())
	require.NoError(t, r.Text(t.Context(), "en", "greeting", "Hello again."))
	assert.Empty(t, spoken(), "it is a person's now")
	r.Force = true
	require.NoError(t, r.Text(t.Context(), "en", "greeting", "Hello again."))
	assert.Equal(t, []string{"Hello again."}, spoken())
	assert.ErrorContains(t, r.Text(t.Context(), "en", "../greeting", "Hello."), "not the name of a prompt")
}

func TestRenderWritesNothingWhenTheVoiceFails(t *testing.T) {
	t.Parallel()
	r, _ := renderer(t, false)
	command, _ := engine(t, "read text; case $text in two*) exit 7;; esac")
	r.Voices = Voices{"fr": command}
	write(t, r, "fr/texts.yaml", "a: one\nb: two\n")
	before := inodes(t, r.Dir)
	assert.ErrorContains(t, r.Language(t.Context(), "fr"), "speak fr/b: sh: exit status 7")
	assert.Equal(t, before, inodes(t, r.Dir))
}

func TestRenderReportsInvalidTexts(t *testing.T) {
	t.Parallel()
	r, _ := renderer(t, false)
	require.ErrorContains(t, r.Language(t.Context(), "fr"),
		"write what each prompt says into "+filepath.Join(r.Dir, "fr", "texts.yaml"))
	require.ErrorContains(t, r.Language(t.Context(), "../fr"), "not the name of a language")
	write(t, r, "fr/texts.yaml", "../../greeting: Bonjour.\n")
	require.ErrorContains(t, r.Language(t.Context(), "fr"), `"../../greeting" is not the name of a prompt`)
	write(t, r, "fr/texts.yaml", "greeting: [a]\n")
	require.ErrorContains(t, r.Language(t.Context(), "fr"), "fr/texts.yaml")
}

func TestFilesOfADamagedListCountAsAPersons(t *testing.T) {
	t.Parallel()
	r, spoken := renderer(t, false)
	write(t, r, "fr/texts.yaml", "greeting: Bienvenue.\n")
	require.NoError(t, r.Language(t.Context(), "fr"))
	spoken()
	write(t, r, renderedName, "\x00\nfoo bar fr/greeting.wav\n")
	write(t, r, "fr/texts.yaml", "greeting: Bonjour.\n")
	require.NoError(t, r.Language(t.Context(), "fr"))
	assert.Empty(t, spoken())
}
