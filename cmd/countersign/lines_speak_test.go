package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/prompts"
	"countersign/session"
)

func TestALinesOwnWordsAreSpokenBeforeItIsInForce(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	data := filepath.Join(n.dir, "data")
	folder := filepath.Join(data, "prompts")
	require.NoError(t, prompts.Unpack(folder))
	voice := fmt.Sprintf("cp %s {wav}", filepath.Join(folder, "en", "greeting.wav"))
	settings := settingsFile(t, fmt.Sprintf("prompts: {voices: {en: %q, de: %q}}", voice, voice))
	const welcome, later = "Welcome to Sample Bank.", "Good evening from Sample Bank."
	line := func(text, more string) string {
		return n.file("retail.yaml", retail("5000", "pin: {digits: 6}")+
			fmt.Sprintf("prompts: {greeting: {en: {text: %q}%s}}\n", text, more))
	}
	lines := func(verb string, args ...string) (stderr string) {
		t.Helper()
		all := append([]string{"--config", settings, "--data", data, "lines", verb, "--nats", n.url}, args...)
		code, _, stderr := countersign(t, "", all...)
		require.Equal(t, exitDone, code, stderr)
		return stderr
	}
	catalogue, err := prompts.OpenWith(folder, prompts.Voices{"en": voice, "de": voice})
	require.NoError(t, err)
	heard := func(text string) bool {
		file, found := catalogue.Replaced("en", session.Replacement{Text: text})
		if found {
			words, known := prompts.Words(file)
			assert.True(t, known)
			assert.Equal(t, text, words, "what a call in the terminal prints")
			assert.Equal(t, text, textOf(file))
		}
		return found
	}
	lines("apply", "--dry-run", line(welcome, ""))
	assert.False(t, heard(welcome), "a dry run speaks nothing")
	assert.Empty(t, lines("apply", line(welcome, "")))
	assert.True(t, heard(welcome))

	// Text by text: a voice that fails says until when callers hear something else, and the line is applied anyway.
	broken := settingsFile(t, `prompts: {voices: {en: "false {wav}"}}`)
	code, stdout, stderr := countersign(t, "", "--config", broken, "--data", data, "lines", "apply", "--nats", n.url,
		line(later, ""))
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "version 1 → 2")
	assert.Contains(t, stderr, "not spoken yet: 1 text of its own")
	assert.Contains(t, stderr, "callers hear the catalogue's words, or a tone")
	assert.False(t, heard(later))
	code, stdout, _ = countersign(t, "", "--config", broken, "--data", data, "lines", "apply", "--json", "--nats", n.url,
		line("Something else.", ""))
	require.Equal(t, exitDone, code)
	assert.Contains(t, stdout, `"unspoken":"not spoken yet: `)

	lines("rollback", "retail", "2")
	assert.True(t, heard(later), "spoken when it comes into force again")
	// elsewhere than on the service's machine
	code, _, stderr = countersign(t, "", "--config", settings, "--data", filepath.Join(n.dir, "elsewhere"), "lines",
		"apply", "--nats", n.url, line("From elsewhere.", ""))
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stderr, "there is no "+filepath.Join(n.dir, "elsewhere", "prompts"))
}

func TestACallPrintsTheWordsOfWhatItPlays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "en"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "en", "texts.yaml"), []byte("failure: \"An agent comes.\\e[2J\"\n"),
		0o600))
	english, err := prompts.Texts("en")
	require.NoError(t, err)
	for file, want := range map[string]string{
		"/srv/prompts/en/greeting.wav":                english["greeting"],
		filepath.Join(dir, "en", "greeting.wav"):      english["greeting"],
		filepath.Join(dir, "en", "nothing.wav"):       "(" + filepath.Join(dir, "en", "nothing.wav") + ")",
		filepath.Join(dir, "own", "en", "hello.wav"):  "(" + filepath.Join(dir, "own", "en", "hello.wav") + ")",
		filepath.Join(dir, "spoken", "en", "00.wav"):  "(" + filepath.Join(dir, "spoken", "en", "00.wav") + ")",
		filepath.Join(dir, "once", "ABCDEF2345X.wav"): "(" + filepath.Join(dir, "once", "ABCDEF2345X.wav") + ")",
	} {
		assert.Equal(t, want, textOf(file))
	}
	own := textOf(filepath.Join(dir, "en", "failure.wav"))
	assert.True(t, strings.HasPrefix(own, "An agent comes."), "the operator's own text")
	assert.NotContains(t, own, "\x1b")
}
