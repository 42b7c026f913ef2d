package esl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUnsafeFileNamesAreRefused(t *testing.T) {
	t.Parallel()
	for r := rune(0); r < 0x180; r++ {
		name := "/p/a" + string(r) + "b.wav"
		arg, err := playable([]string{name}, false)
		if r < ' ' || r == 0x7f || strings.ContainsRune(`!'"$\`, r) {
			assert.ErrorIs(t, err, ErrUnsafeValue, "%q", name)
			assert.Empty(t, arg, "%q", name)
			continue
		}
		assert.NoError(t, err, "%q", name)
		assert.Equal(t, name, arg)
	}
	_, err := playable([]string{"/p/a.wav", ""}, false)
	assert.ErrorIs(t, err, ErrUnsafeValue, "a file without a name")
}

func TestFilesBecomeOneArgument(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		files  []string
		quoted bool
	}{
		"silence_stream://10": {nil, true},
		"/p/a.wav":            {[]string{"/p/a.wav"}, true},
		"/p/a b.wav":          {[]string{"/p/a b.wav"}, false},
		"'/p/a b.wav'":        {[]string{"/p/a b.wav"}, true},
		"/p/a.wav!/p/b.wav":   {[]string{"/p/a.wav", "/p/b.wav"}, true},
		"'/p/a b.wav!/p/c'":   {[]string{"/p/a b.wav", "/p/c"}, true},
	} {
		got, err := playable(c.files, c.quoted)
		assert.NoError(t, err, want)
		assert.Equal(t, want, got)
	}
}

func TestUnsafeArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	for r := rune(0); r < 0x80; r++ {
		for _, arg := range []string{string(r), string(r) + "b", "a" + string(r)} {
			text, err := execute("playback", arg, "id-1")
			if r < ' ' || r == 0x7f || r == '$' || r == '\\' {
				assert.ErrorIs(t, err, ErrUnsafeValue, "%q", arg)
				assert.Empty(t, text, "%q", arg)
				continue
			}
			assert.NoError(t, err, "%q", arg)
		}
	}
	_, err := execute("playback", strings.Repeat("a", maxArgument), "id-1")
	assert.NoError(t, err)
	_, err = execute("playback", strings.Repeat("a", maxArgument+1), "id-1")
	assert.ErrorIs(t, err, ErrUnsafeValue)
}

func TestAnEnginesResultIsWiped(t *testing.T) {
	t.Parallel()
	text, literal, best := []byte("white horse"), []byte("white horse"), []byte("white horse")
	r := reading{text: text[:0], literal: literal[:3], best: best}
	r.wipe()
	for _, b := range [][]byte{text, literal, best} {
		assert.Equal(t, make([]byte, len(b)), b)
	}
}
