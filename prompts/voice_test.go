package prompts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/internal/programtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// engine writes a speech engine in three lines of shell: it appends the text to notes and always speaks the same audio.
// The commands in what run first.
func engine(tb testing.TB, what string) (command, notes string) {
	tb.Helper()
	dir := tb.TempDir()
	notes = filepath.Join(dir, "notes")
	script := filepath.Join(dir, "engine.sh")
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "said.wav"), good().encode(), 0o644))
	lines := fmt.Sprintf("%s\ncat >> %s\ncp %s/said.wav \"$1\"\n", what, notes, dir)
	require.NoError(tb, os.WriteFile(script, []byte(lines), 0o644))
	return "sh " + script + " {wav}", notes
}

// Another release of an engine may give other bytes, but a prompt of about the same length.
func TestInstalledEnginesSpeakAsTheShippedAudio(t *testing.T) {
	t.Parallel()
	for language, program := range map[string]string{"en": "flite", "de": "espeak-ng"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			programtest.Find(t, program)
			voice, err := Voices(nil).For(language)
			require.NoError(t, err)
			assert.Contains(t, voice.String(), program)
			texts, err := Texts(language)
			require.NoError(t, err)
			for _, name := range []string{"ask-pin", "digit-6", "confirmation"} {
				committed, err := embedded.ReadFile(language + "/" + name + ".wav")
				require.NoError(t, err)
				first, err := voice.Speak(t.Context(), texts[name])
				require.NoError(t, err)
				assert.InEpsilon(t, len(committed), len(first), 0.1, name)
				second, err := voice.Speak(t.Context(), texts[name])
				require.NoError(t, err)
				assert.Equal(t, first, second, "%s: not the same twice", name)
			}
		})
	}
}

func TestEspeakSpeaksLanguagesWithoutShippedPrompts(t *testing.T) {
	t.Parallel()
	programtest.Find(t, "espeak-ng")
	for _, language := range []string{"fr", "pt-BR", "de-AT", "es-419"} {
		voice, err := Voices(nil).For(language)
		require.NoError(t, err)
		_, err = voice.Speak(t.Context(), "1 2 3")
		assert.NoError(t, err, language)
	}
	voice, err := Voices(nil).For("tlh")
	require.NoError(t, err)
	_, err = voice.Speak(t.Context(), "nuqneH")
	assert.ErrorContains(t, err, "voice does not exist")
}

func TestTheOperatorsVoiceComesFirst(t *testing.T) {
	t.Parallel()
	command, _ := engine(t, "")
	voices := Voices{"de": command + " {language}", "pt-BR": command}
	for language, want := range map[string]string{"de": " de", "de-AT": " de-AT", "pt-BR": "{wav}"} {
		voice, err := voices.For(language)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(voice.String(), want), voice)
	}
	for command, want := range map[string]string{
		"": "want a program", "espeak-ng -v de": "{wav}",
		"/no/such/engine {wav}": "no such file", "no-such-engine {wav}": "not found",
	} {
		_, err := Voices{"de": command}.For("de")
		assert.ErrorContains(t, err, want, command)
	}
	_, err := voices.For("../de")
	assert.ErrorContains(t, err, "not the name of a language")
}

func TestTheTextReachesTheEngineUnchanged(t *testing.T) {
	t.Parallel()
	const text = `-v $(id) "quoted" 'it''s' ; rm {wav} & äöü €`
	command, notes := engine(t, "")
	voice, err := Voices{"en": command}.For("en")
	require.NoError(t, err)
	wav, err := voice.Speak(t.Context(), text)
	require.NoError(t, err)
	assert.Equal(t, text+"\n", content(t, notes))
	assert.Empty(t, lintFile(asFS(wav), "x.wav"))

	command, notes = engine(t, "exec < $2")
	voice, err = Voices{"en": command + " {text}"}.For("en")
	require.NoError(t, err)
	_, err = voice.Speak(t.Context(), text)
	require.NoError(t, err)
	assert.Equal(t, text+"\n", content(t, notes), "in a file")
}

func TestInvalidTextsReachNoEngine(t *testing.T) {
	t.Parallel()
	command, notes := engine(t, "")
	voice, err := Voices{"en": command}.For("en")
	require.NoError(t, err)
	for _, text := range []string{"", " \n", "\xff", strings.Repeat("ä", maxText+1)} {
		_, err := voice.Speak(t.Context(), text)
		assert.ErrorContains(t, err, "want 1 to 1000")
	}
	assert.NoFileExists(t, notes)
}

func TestAnEngineThatFailsReturnsABoundedError(t *testing.T) {
	t.Parallel()
	for what, want := range map[string]string{
		"echo no such voice >&2; exit 3":            "exit status 3: no such voice",
		"exit 0":                                    "wrote no audio",
		"echo RIFF > $1; exit 0":                    "not a WAV file",
		"yes | head -c 20000000 > $1; exit 0":       "more than 16 MB",
		"yes | head -c 100000 >&2; exit 1":          "exit status 1: y",
		"exec 2>&1; yes | head -c 10000000; exit 1": "exit status 1",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			command, _ := engine(t, what)
			voice, err := Voices{"en": command}.For("en")
			require.NoError(t, err)
			_, err = voice.Speak(t.Context(), "hello")
			require.ErrorContains(t, err, want)
			assert.Less(t, len(err.Error()), 3000)
		})
	}
}

func TestAnEngineThatHangsIsStopped(t *testing.T) {
	t.Parallel()
	command, _ := engine(t, "exec sleep 30")
	voice, err := Voices{"en": command}.For("en")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err = voice.Speak(ctx, "hello")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(started), 25*time.Second)
}

func TestARunningChildOfAnEngineIsNoError(t *testing.T) {
	t.Parallel()
	command, _ := engine(t, "sleep 5 &")
	voice, err := Voices{"en": command}.For("en")
	require.NoError(t, err)
	wav, err := voice.Speak(t.Context(), "hello")
	require.NoError(t, err)
	assert.NotEmpty(t, wav)
}

// Not parallel: the environment and the folder for temporary files are the process's.
func TestAnEngineSeesNoneOfOurSettingsAndLeavesNoFiles(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("COUNTERSIGN_NATS_PASSWORD", "hush")
	t.Setenv("TMPDIR", tmp)
	command, _ := engine(t, "env | grep -c hush >&2; ls -l $(dirname $(dirname $1)) >&2; exit 1")
	voice, err := Voices{"en": command}.For("en")
	require.NoError(t, err)
	_, err = voice.Speak(t.Context(), "hello")
	require.ErrorContains(t, err, "0\ntotal")
	assert.Contains(t, err.Error(), "drwx------")
	left, err := os.ReadDir(tmp)
	require.NoError(t, err)
	assert.Empty(t, left)
}
