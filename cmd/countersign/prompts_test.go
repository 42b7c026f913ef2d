package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/prompts"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
)

// runPrompts runs a command of "countersign prompts" on a folder of data.
func runPrompts(t *testing.T, data string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	app := newApp(strings.NewReader(""), &out, &errs)
	app.Commands = []*cli.Command{promptsCommand()}
	err = app.RunContext(t.Context(), append([]string{"countersign", "--data", data, "prompts"}, args...))
	return out.String(), errs.String(), err
}

// aVoice is an engine that says the same whatever the text.
func aVoice(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, prompts.Unpack(filepath.Join(dir, "prompts")))
	script := filepath.Join(dir, "engine.sh")
	require.NoError(t, os.WriteFile(script,
		[]byte("cat > /dev/null; cp "+filepath.Join(dir, "prompts", "en", "greeting.wav")+" $1\n"), 0o644))
	return "sh " + script + " {wav}"
}

func TestPromptsLintSaysWhatIsWrongAndFails(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	_, _, err := runPrompts(t, data, "lint")
	require.ErrorContains(t, err, `"countersign serve" and "countersign prompts render" create it`)

	dir := filepath.Join(data, "prompts")
	require.NoError(t, prompts.Unpack(dir))
	stdout, _, err := runPrompts(t, data, "lint")
	require.NoError(t, err)
	assert.Empty(t, stdout)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "de", "ask-pin.wav"), []byte("OggS"), 0o644))
	require.NoError(t, os.Rename(filepath.Join(dir, "en", "greeting.wav"), filepath.Join(dir, "en", "hello.wav")))
	stdout, _, err = runPrompts(t, data, "lint")
	require.ErrorContains(t, err, "2 problems")
	assert.Equal(t, "de/ask-pin.wav: not a WAV file of plain PCM\nen/greeting.wav: missing; "+
		"callers hear a tone in its place\n"+
		"en/hello.wav: not used by any line (no harm)\n", stdout)

	stdout, _, err = runPrompts(t, data, "lint", "--json", dir)
	require.Error(t, err)
	var report prompts.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.Len(t, report.Problems, 2)
	assert.Equal(t, []string{"en/hello.wav"}, report.Unused)
	assert.Equal(t, []string{"catalogue"}, report.Uses["greeting"])
}

func TestPromptsRenderSpeaksALanguageOnce(t *testing.T) {
	t.Parallel()
	data, voice := t.TempDir(), aVoice(t)
	fr := filepath.Join(data, "prompts", "fr")
	require.NoError(t, os.MkdirAll(fr, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(fr, "texts.yaml"), []byte("greeting: Bienvenue.\n"), 0o644))
	stdout, stderr, err := runPrompts(t, data, "render", "--language", "fr", "--voice", voice)
	require.NoError(t, err)
	assert.Regexp(t, `^fr/greeting +0\.\d s\n$`, stdout)
	assert.Equal(t, "1 spoken, 0 up to date, 0 recorded by people and kept\n", stderr)
	assert.FileExists(t, filepath.Join(data, "prompts", "en", "greeting.wav"), "what comes with us is there as well")

	stdout, stderr, err = runPrompts(t, data, "render")
	require.NoError(t, err, "without an engine: there is nothing to speak")
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "0 spoken, ")
	assert.Contains(t, stderr, " 0 recorded by people")
}

func TestPromptsRenderSpeaksOneTextAndNotOverAPerson(t *testing.T) {
	t.Parallel()
	data, voice := t.TempDir(), aVoice(t)
	say := []string{"render", "--language", "en", "--voice", voice, "--text", "Your branch number, please."}
	stdout, _, err := runPrompts(t, data, append(say, "ask-branch")...)
	require.NoError(t, err)
	assert.Contains(t, stdout, "en/ask-branch")
	_, _, err = runPrompts(t, data, append(say, "ask-branch")...)
	require.ErrorContains(t, err, "--force")
	_, _, err = runPrompts(t, data, append(say, "--force", "ask-branch")...)
	require.NoError(t, err)
	elsewhere := t.TempDir()
	_, _, err = runPrompts(t, data, append(say, "ask-branch", elsewhere)...)
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(elsewhere, "en", "ask-branch.wav"))
	assert.NoFileExists(t, filepath.Join(elsewhere, "en", "greeting.wav"))
}

func TestPromptsAreUsedAsTheHelpSays(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"lint a b": "at most one argument", "render a b": "at most a folder",
		"render --language en --text x": "the name of the prompt",
		"render --text x ask-pin":       "need --language", "render --voice x{wav}": "need --language",
	} {
		_, _, err := runPrompts(t, t.TempDir(), strings.Fields(args)...)
		var usage usageError
		require.ErrorAs(t, err, &usage, args)
		assert.ErrorContains(t, err, want)
	}
}
