package prompts

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

func asFS(wav []byte) fstest.MapFS { return fstest.MapFS{"x.wav": {Data: wav}} }

// catalogue opens an empty folder with one voice for every language of the tests.
func catalogue(tb testing.TB, what string) (c *Catalogue, dir, notes string) {
	tb.Helper()
	dir = tb.TempDir()
	command, notes := engine(tb, what)
	c, err := OpenWith(dir, Voices{"en": command, "de": command + " {language}"})
	require.NoError(tb, err)
	c.once = time.Minute // starting an engine takes long on a busy machine
	return c, dir, notes
}

func TestALinesOwnRecordingIsFoundBelowItsFolderOnly(t *testing.T) {
	t.Parallel()
	c, dir, _ := catalogue(t, "")
	for _, file := range []string{
		"own/en/welcome.wav", "own/en/sub/Grüße an alle.wav", "own/en/it's.wav", "own/en/a.mp3",
		"own/secret.wav", "en/greeting.wav",
	} {
		name := filepath.Join(dir, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, good().encode(), 0o644))
	}
	for _, file := range []string{"welcome.wav", "sub/Grüße an alle.wav", "sub/../welcome.wav"} {
		got, found := c.Replaced("en", session.Replacement{File: file})
		assert.True(t, found, file)
		assert.Equal(t, filepath.Join(dir, "own", "en", file), got)
	}
	for _, file := range []string{
		"missing.wav", "sub", "../secret.wav", "../../en/greeting.wav", "sub/../../secret.wav",
		filepath.Join(dir, "own/en/welcome.wav"), "it's.wav", "a.mp3",
		"welcome.wav!x.wav", "welcome.wav@@100", "${x}.wav", "{x}welcome.wav", "welcome.wav\x00", "\xff.wav", "|.wav",
	} {
		got, found := c.Replaced("en", session.Replacement{File: file})
		assert.False(t, found, file)
		assert.Equal(t, Tone, got)
	}
	_, found := c.Replaced("de", session.Replacement{File: "welcome.wav"})
	assert.False(t, found, "of another language")
	_, found = c.Replaced("..", session.Replacement{File: "en/greeting.wav"})
	assert.False(t, found, "not a language")
}

func TestOurOtherFoldersAreNoLanguages(t *testing.T) {
	t.Parallel()
	c, dir, _ := catalogue(t, "")
	for _, folder := range []string{"own", "spoken", "once"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, folder, "x.wav"), good().encode(), 0o644))
		_, found := c.File(folder, "x")
		assert.False(t, found)
	}
}

func TestCheckReplacement(t *testing.T) {
	t.Parallel()
	assert.NoError(t, CheckReplacement(session.Replacement{Text: "Willkommen bei der Musterbank."}))
	assert.NoError(t, CheckReplacement(session.Replacement{File: "welcome.wav"}))
	for want, r := range map[string]session.Replacement{
		"either a file or a text": {}, "a file or a text": {File: "a.wav", Text: "x"},
		`'\''`: {File: "it's.wav"}, "below own/": {File: "../a.wav"},
		"1001 characters": {Text: strings.Repeat("a", 1001)}, "characters; want": {Text: " "},
	} {
		assert.ErrorContains(t, CheckReplacement(r), want)
	}
}

func TestATextIsFoundOnceItIsSpokenAndIsSpokenOnce(t *testing.T) {
	t.Parallel()
	c, dir, notes := catalogue(t, "")
	texts := []Text{
		{Language: "en", Text: "Welcome to Acme."}, {Language: "de", Text: "Willkommen."}, {Language: "en", Text: "Welcome to Acme."},
	}
	_, found := c.Replaced("en", session.Replacement{Text: "Welcome to Acme."})
	assert.False(t, found)

	for range 2 {
		require.NoError(t, c.RenderTexts(t.Context(), texts))
	}
	assert.Equal(t, "Welcome to Acme.\nWillkommen.\n", content(t, notes))
	file, found := c.Replaced("en", session.Replacement{Text: "Welcome to Acme."})
	assert.True(t, found)
	assert.Equal(t, filepath.Join(dir, "spoken", "en"), filepath.Dir(file))
	assert.Regexp(t, `^[0-9a-f]{32}\.wav$`, filepath.Base(file))
	assert.Empty(t, lintFile(os.DirFS(filepath.Dir(file)), filepath.Base(file)))
	_, found = c.Replaced("de", session.Replacement{Text: "Welcome to Acme."})
	assert.False(t, found, "of another language")

	command, _ := engine(t, "")
	other, err := OpenWith(dir, Voices{"en": command})
	require.NoError(t, err)
	_, found = other.Replaced("en", session.Replacement{Text: "Welcome to Acme."})
	assert.False(t, found, "of another voice")
}

func TestATextThatCannotBeSpokenDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	c, _, _ := catalogue(t, "read text; case $text in bad*) echo oh >&2; exit 1;; esac")
	err := c.RenderTexts(t.Context(), []Text{
		{Language: "en", Text: "bad one"}, {Language: "../en", Text: "x"}, {Language: "en", Text: "good one"},
	})
	require.ErrorContains(t, err, "exit status 1: oh")
	require.ErrorContains(t, err, "not the name of a language")
	_, found := c.Replaced("en", session.Replacement{Text: "good one"})
	assert.True(t, found)
}

func TestRenderingStopsWithItsContext(t *testing.T) {
	t.Parallel()
	c, _, notes := catalogue(t, "")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(session.ErrDraining)
	require.ErrorIs(t, c.RenderTexts(ctx, []Text{
		{Language: "en", Text: "a"}, {Language: "en", Text: "b"},
	}), session.ErrDraining)
	assert.NoFileExists(t, notes)
}

func BenchmarkReplacedText(b *testing.B) {
	c, _, _ := catalogue(b, "")
	require.NoError(b, c.RenderTexts(b.Context(), []Text{{Language: "en", Text: "Welcome."}}))
	for b.Loop() {
		if _, found := c.Replaced("en", session.Replacement{Text: "Welcome."}); !found {
			b.Fatal("not found")
		}
	}
}
