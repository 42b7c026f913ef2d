package prompts

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/internal/programtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestANameIsSpokenForOneCallAndRemovedAfterIt(t *testing.T) {
	t.Parallel()
	c, dir, notes := catalogue(t, "")
	file, done, err := c.Speak(t.Context(), "en", "Anna-Lena O'Neill Jr.")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "once"), filepath.Dir(file))
	assert.NotContains(t, file, "Anna")
	assert.Empty(t, lintFile(os.DirFS(filepath.Dir(file)), filepath.Base(file)))
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o644), info.Mode().Perm(), "FreeSWITCH is another user")
	assert.Equal(t, "Anna-Lena O'Neill Jr.\n", content(t, notes))

	other, otherDone, err := c.Speak(t.Context(), "en", "Anna-Lena O'Neill Jr.")
	require.NoError(t, err)
	assert.NotEqual(t, file, other)
	done()
	assert.NoFileExists(t, file)
	assert.FileExists(t, other)
	otherDone()
	otherDone()
}

func TestOnlyWhatANameIsMadeOfIsSpoken(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Müller & Söhne <script>{wav}": "Müller Söhne script wav", "Zoë de l’Isle": "Zoë de l’Isle",
		"  Dr. Li\n": "Dr. Li", "Acme 24/7": "Acme",
		"李小龙": "李小龙", "e\u0301va": "e\u0301va", "": "", "-- .": "",
		"12345": "", "\xff\xfe": "", strings.Repeat("ab ", 30): strings.TrimSpace(strings.Repeat("ab ", 20)),
		"[[h@l'oU]]": "h l'oU",
	} {
		assert.Equal(t, want, speakable(name), "%q", name)
	}
	c, _, notes := catalogue(t, "")
	_, _, err := c.Speak(t.Context(), "en", "12345")
	require.ErrorContains(t, err, "no letters")
	assert.NoFileExists(t, notes)
}

func TestACallerDoesNotWaitLongForAName(t *testing.T) {
	t.Parallel()
	c, dir, _ := catalogue(t, "exec sleep 30")
	c.once = onceTime
	var calls sync.WaitGroup
	for range 3 * cap(c.engines) { // most of them get no slot for an engine
		calls.Go(func() {
			started := time.Now()
			_, _, err := c.Speak(t.Context(), "en", "Anna Miller")
			assert.ErrorContains(t, err, "not done after 800ms")
			assert.Less(t, time.Since(started), 25*time.Second)
		})
	}
	calls.Wait()
	assert.NoFileExists(t, filepath.Join(dir, "once"))
}

func TestErrorsDoNotContainTheName(t *testing.T) {
	t.Parallel()
	c, _, _ := catalogue(t, "read name; echo cannot say $name >&2; exit 1")
	_, _, err := c.Speak(t.Context(), "en", "Anna Miller")
	require.ErrorContains(t, err, "exit status 1")
	assert.NotContains(t, err.Error(), "Anna")
	_, _, err = c.Speak(t.Context(), "..", "Anna Miller")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "Anna")
}

func TestFilesOfAKilledProcessAreRemoved(t *testing.T) {
	t.Parallel()
	c, dir, _ := catalogue(t, "")
	old, _, err := c.Speak(t.Context(), "en", "Anna")
	require.NoError(t, err)
	recent, _, err := c.Speak(t.Context(), "en", "Anna")
	require.NoError(t, err)
	past := time.Now().Add(-61 * time.Minute)
	require.NoError(t, os.Chtimes(old, past, past))
	_, err = Open(dir)
	require.NoError(t, err)
	assert.NoFileExists(t, old)
	assert.FileExists(t, recent, "it may belong to a running call of another process")
}

// BenchmarkSpeakName measures what a caller waits for.
func BenchmarkSpeakName(b *testing.B) {
	c, err := Open(b.TempDir())
	require.NoError(b, err)
	for language, program := range map[string]string{"en": "flite", "de": "espeak-ng"} {
		b.Run(language, func(b *testing.B) {
			programtest.Find(b, program)
			for b.Loop() {
				_, done, err := c.Speak(b.Context(), language, "Anna Miller")
				require.NoError(b, err)
				done()
			}
		})
	}
}
