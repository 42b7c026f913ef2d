package prompts

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

// beep is a WAV of a sound for some seconds, loud from 0 to 1.
func beep(rate, channels int, seconds, loud float64) []byte {
	r := recording{rate: rate, channels: 1, bits: 16}
	for i := range int(seconds * float64(rate)) {
		v := math.Sin(2*math.Pi*800*float64(i)/float64(rate)) * loud * 32767
		for range channels {
			r.samples = append(r.samples, int16(math.Max(-32768, math.Min(32767, v))))
		}
	}
	wav := r.encode()
	binary.LittleEndian.PutUint16(wav[22:], uint16(channels))
	return wav
}

func TestARecordingBecomesAPrompt(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		for _, channels := range []int{1, 2} {
			wav, err := Recorded(t.Context(), beep(rate, channels, 2, 0.3))
			require.NoError(t, err, "%d Hz, %d channels", rate, channels)
			r, err := parseWAV(wav)
			require.NoError(t, err)
			assert.Equal(t, [3]int{min(rate, 16000), 1, 16}, [3]int{r.rate, r.channels, r.bits})
			assert.InDelta(t, 2.1, r.duration().Seconds(), 0.05)
			assert.InDelta(t, loudness, r.rms(), 2, "as loud as the others")
		}
	}
}

func TestWhatIsNoPromptIsRefused(t *testing.T) {
	t.Parallel()
	lies := beep(8000, 1, 1, 0.3)
	binary.LittleEndian.PutUint32(lies[40:], 1<<31)
	for says, sound := range map[string][]byte{
		"this is no sound":             []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"no sound: upload":             []byte("<!doctype html><title>x</title>"),
		"cut short":                    lies,
		"at least 0.2":                 beep(8000, 1, 0.05, 0.3),
		"at most 30":                   beep(8000, 1, 31, 0.3),
		"too quiet":                    beep(8000, 1, 1, 0.001),
		"too loud":                     beep(8000, 1, 1, 40),
		"more than 10 MB":              bytes.Repeat([]byte("RIFF"), MaxUpload/4+1),
		"the WAV is damaged":           beep(8000, 1, 1, 0.3)[:44],
		"this is no sound: upload a W": nil,
	} {
		_, err := Recorded(t.Context(), sound)
		var refused *RecordingError
		require.ErrorAs(t, err, &refused, says)
		assert.Contains(t, err.Error(), says)
	}
}

func TestOtherFormatsAreReadByFFmpeg(t *testing.T) {
	t.Parallel()
	fake := append([]byte("OggS"), make([]byte, 100)...)
	_, err := Recorded(t.Context(), fake)
	var refused *RecordingError
	require.ErrorAs(t, err, &refused)
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		assert.Contains(t, refused.Error(), "for want of ffmpeg")
		require.Empty(t, os.Getenv("CI"), "CI installs ffmpeg")
		t.Skip("no ffmpeg: install it to test what it reads")
	}
	assert.Contains(t, refused.Error(), "finds no sound")
	want, err := Recorded(t.Context(), beep(16000, 1, 2, 0.3))
	require.NoError(t, err)
	for _, kind := range []string{"ogg", "flac", "mp3", "webm", "m4a"} {
		file := filepath.Join(t.TempDir(), "x."+kind)
		cmd := exec.Command(ffmpeg, "-loglevel", "error", "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "pipe:0", file)
		cmd.Stdin = bytes.NewReader(beep(16000, 1, 2, 0.3)[44:])
		require.NoError(t, cmd.Run(), kind)
		sound, err := os.ReadFile(file)
		require.NoError(t, err)
		wav, err := Recorded(t.Context(), sound)
		if assert.NoError(t, err, kind) {
			assert.InEpsilon(t, len(want), len(wav), 0.1, kind)
		}
	}
}

func TestARecordingIsWhatItsNameSays(t *testing.T) {
	t.Parallel()
	c, err := Open(t.TempDir())
	require.NoError(t, err)
	wav, err := Recorded(t.Context(), beep(16000, 1, 1, 0.3))
	require.NoError(t, err)
	name := RecordedName(wav)
	assert.True(t, IsRecorded(name))
	require.NoError(t, c.KeepRecorded("en", name, wav))
	require.NoError(t, c.KeepRecorded("en", name, wav), "twice")
	got, found := c.Sound("en", "greeting", &session.Replacement{File: name})
	assert.True(t, found)
	for file, want := range map[string]int{name: 8000, "8000/" + name: 8000, "16000/" + name: 16000} {
		b, err := os.ReadFile(filepath.Join(c.dir, ownFolder, "en", file))
		require.NoError(t, err)
		r, err := parseWAV(b)
		require.NoError(t, err, file)
		assert.Equal(t, want, r.rate, file)
		assert.InDelta(t, 1.1, r.duration().Seconds(), 0.02, file)
		assert.InDelta(t, loudness, r.rms(), 1, file)
		assert.Equal(t, want == 8000, bytes.Equal(got, b), file)
	}
	report, err := Lint(os.DirFS(c.dir))
	require.NoError(t, err)
	for _, p := range report.Problems {
		assert.NotContains(t, p.File, ownFolder)
	}
	_, found = c.Sound("de", "greeting", &session.Replacement{File: name})
	assert.False(t, found)
	for _, wrong := range []struct{ language, name string }{
		{"en", "rec-00000000000000000000000000000000.wav"}, {"en", "../" + name}, {"../en", name}, {"en", "welcome.wav"},
	} {
		assert.Error(t, c.KeepRecorded(wrong.language, wrong.name, wav), wrong)
	}
	assert.NotEmpty(t, DocOf("greeting"))
	assert.Empty(t, DocOf("no-such"))
}

func TestARecordingForWideTelephonesKeepsHighSounds(t *testing.T) {
	t.Parallel()
	r := recording{rate: 48000, channels: 1, bits: 16}
	for i := range 48000 { // as loud at 1 kHz as at 6 kHz, which no narrow telephone lets through
		at := 2 * math.Pi * float64(i) / 48000
		r.samples = append(r.samples, int16(6000*(math.Sin(1000*at)+math.Sin(6000*at))))
	}
	wav, err := Recorded(t.Context(), r.encode())
	require.NoError(t, err)
	got, err := parseWAV(wav)
	require.NoError(t, err)
	low, err := forTelephone(got)
	require.NoError(t, err)
	assert.InDelta(t, 1, strength(got, 6000)/strength(got, 1000), 0.05)
	assert.Less(t, strength(low, 2000)/strength(low, 1000), 0.01, "6 kHz folds to 2 kHz if it is not taken out")
}

// strength is how much of a frequency is in a sound.
func strength(r recording, frequency float64) float64 {
	var re, im float64
	for i, s := range r.samples {
		at := 2 * math.Pi * frequency * float64(i) / float64(r.rate)
		re, im = re+float64(s)*math.Cos(at), im+float64(s)*math.Sin(at)
	}
	return math.Hypot(re, im) / float64(len(r.samples))
}
