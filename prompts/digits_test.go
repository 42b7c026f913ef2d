package prompts

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func digitsOf(code string) session.Secret { return session.NewSecret([]byte(code)) }

func TestTheAudioOfACodeTellsNothingButByItsSound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, Unpack(dir))
	c, err := Open(dir)
	require.NoError(t, err)
	for _, language := range []string{"en", "de", "en-GB", "nl"} {
		var sizes []int
		names := map[string]bool{}
		for _, code := range []string{"000000", "777777", "123456", "111111"} {
			file, done, err := c.SpeakDigits(language, digitsOf(code))
			require.NoError(t, err)
			assert.NotContains(t, file, code)
			assert.Equal(t, filepath.Join(dir, onceFolder), filepath.Dir(file))
			assert.Len(t, strings.TrimSuffix(filepath.Base(file), ".wav"), 26, "130 random bits")
			names[file] = true
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			r, err := parseWAV(b)
			require.NoError(t, err)
			assert.Equal(t, telephoneRate, r.rate)
			assert.Less(t, r.duration(), 12*time.Second)
			assert.Greater(t, r.duration(), 6*digitPause)
			sizes = append(sizes, len(b))
			done()
			assert.NoFileExists(t, file)
		}
		for _, size := range sizes {
			assert.Equal(t, sizes[0], size, "%s: every code takes the same time", language)
		}
		assert.Len(t, names, len(sizes))
	}
}

func TestADigitSoundsAsItIsRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, Unpack(dir))
	c, err := Open(dir)
	require.NoError(t, err)
	file, done, err := c.SpeakDigits("en", digitsOf("37"))
	require.NoError(t, err)
	defer done()
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	three, err := os.ReadFile(filepath.Join(dir, "en", "digit-3.wav"))
	require.NoError(t, err)
	seven, err := os.ReadFile(filepath.Join(dir, "en", "digit-7.wav"))
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(whole[wavHeaderSize:], three[wavHeaderSize:]))
	assert.True(t, bytes.HasPrefix(whole[wavHeaderSize+(len(whole)-wavHeaderSize)/2:], seven[wavHeaderSize:]))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "en", "digit-3.wav"), bytes.Repeat([]byte("no sound "), 99), 0o644))
	again, undo, err := c.SpeakDigits("en", digitsOf("37"))
	require.NoError(t, err, "what we cannot read is ours instead")
	undo()
	assert.NotEqual(t, file, again)
	_, _, err = c.SpeakDigits("en", digitsOf("3x"))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "3x")
}

func TestTheAudioOfACodeIsOverwritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, Unpack(dir))
	c, err := Open(dir)
	require.NoError(t, err)
	file, done, err := c.SpeakDigits("en", digitsOf("123456"))
	require.NoError(t, err)
	kept := filepath.Join(t.TempDir(), "kept.wav")
	require.NoError(t, os.Link(file, kept)) // the same bytes on the disk
	done()
	b, err := os.ReadFile(kept)
	require.NoError(t, err)
	assert.Empty(t, bytes.Trim(b, "\x00"))
}
