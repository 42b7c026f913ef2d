package prompts

import (
	"encoding/binary"
	"io/fs"
	"maps"
	"math"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tone is a WAV file of a sine. good makes one that Lint accepts; tests change it.
type tone struct {
	rate, channels, bits int
	length               time.Duration
	peak                 float64 // dBFS
	before, after        time.Duration
}

func good() tone { return tone{rate: 8000, channels: 1, bits: 16, length: time.Second, peak: -17} }

func (w tone) encode() []byte {
	var data []byte
	silence := func(d time.Duration) {
		data = append(data, make([]byte, 2*int(d.Seconds()*float64(w.rate)))...)
	}
	silence(w.before)
	for i := range int(w.length.Seconds() * float64(w.rate)) {
		v := 32767 * math.Pow(10, w.peak/20) * math.Cos(2*math.Pi*440*float64(i)/float64(w.rate))
		data = binary.LittleEndian.AppendUint16(data, uint16(int16(v)))
	}
	silence(w.after)
	b := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00"), byte(w.channels), 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(w.rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(w.rate*w.channels*w.bits/8))
	b = append(b, byte(w.channels*w.bits/8), 0, byte(w.bits), 0)
	b = append(b, "LIST\x03\x00\x00\x00abc\x00data"...) // a chunk of odd length, as recorders add
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(data))), data...)
}

func language(code string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, p := range All() {
		files[code+"/"+p.Name+".wav"] = &fstest.MapFile{Data: good().encode()}
	}
	return files
}

// lint returns all problems of a folder, joined.
func lint(tb testing.TB, fsys fs.FS, uses ...Use) error {
	tb.Helper()
	report, err := Lint(fsys, uses...)
	require.NoError(tb, err)
	return report.Err()
}

func TestLintAcceptsGoodRecordings(t *testing.T) {
	t.Parallel()
	files := language("de")
	maps.Copy(files, language("pt-BR"))
	files["de/branch-5.wav"] = &fstest.MapFile{Data: good().encode()}
	files[".countersign-prompts"] = &fstest.MapFile{}
	files["README"] = &fstest.MapFile{}
	require.NoError(t, lint(t, files))
}

func TestLintReportsEachFaultOfARecording(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*tone){
		"16000 Hz, 1 channels, 16 bits":     func(w *tone) { w.rate = 16000 },
		"8000 Hz, 2 channels, 16 bits":      func(w *tone) { w.channels = 2 },
		"8000 Hz, 1 channels, 8 bits":       func(w *tone) { w.bits = 8 },
		"200ms long":                        func(w *tone) { w.length = 200 * time.Millisecond },
		"10s long":                          func(w *tone) { w.length = 10 * time.Second },
		"its peak is -0.0 dBFS":             func(w *tone) { w.peak = 0 },
		"its loudness is -33.0 dBFS":        func(w *tone) { w.peak = -30 },
		"its loudness is -13.0 dBFS":        func(w *tone) { w.peak = -10 },
		"silent for 300ms before and 0s":    func(w *tone) { w.before = 300 * time.Millisecond },
		"silent for 0s before and 400ms":    func(w *tone) { w.after = 400 * time.Millisecond },
		"silent for 1s before and 1s after": func(w *tone) { w.peak = -200 },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			recording, files := good(), language("en")
			change(&recording)
			files["en/ask-pin.wav"].Data = recording.encode()
			err := lint(t, files)
			require.ErrorContains(t, err, "en/ask-pin.wav: ")
			assert.ErrorContains(t, err, want)
		})
	}
}

func TestLintReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	files := language("en")
	delete(files, "en/greeting.wav")
	files["en/ask-pin.wav"].Data = []byte("OggS")
	files["en/failure.wav"].Data = good().encode()[:1000]
	files["en/notes.txt"] = &fstest.MapFile{}
	files["en/Ask PIN.wav"] = &fstest.MapFile{Data: good().encode()}
	files["English/greeting.wav"] = &fstest.MapFile{}
	err := lint(t, files)
	for _, want := range []string{
		"en/greeting.wav: missing", "en/ask-pin.wav: not a WAV",
		`en/failure.wav: not a WAV file of plain PCM: its "data" part is cut short`,
		"en/notes.txt: never played", "en/Ask PIN.wav: never played", "English: not the name of a language",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestLintOfAnEmptyFolder(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t, lint(t, fstest.MapFS{}), "no language")
}

func TestLintCountsPromptsOfLinesAsUsed(t *testing.T) {
	t.Parallel()
	files := language("en")
	maps.Copy(files, language("de"))
	files["en/branch-5.wav"] = &fstest.MapFile{Data: good().encode()}
	files["en/branch-6.wav"] = &fstest.MapFile{Data: good().encode()}
	report, err := Lint(files,
		Use{Where: "line retail", Languages: []string{"de", "en"}, Prompt: "branch-5"},
		Use{Where: "line retail", Languages: []string{"de", "en"}, Prompt: "greeting"},
		Use{Where: "line private", Languages: []string{"en", "fr"}, Prompt: "greeting"})
	require.NoError(t, err)
	assert.Equal(t, []string{"en/branch-6.wav"}, report.Unused)
	assert.Equal(t, []string{"catalogue", "line retail", "line private"}, report.Uses["greeting"])
	assert.Equal(t, []string{"line retail"}, report.Uses["branch-5"])
	assert.Equal(t, []Problem{
		{File: "de/branch-5.wav", Language: "de", Prompt: "branch-5", Problem: "missing; callers hear a tone in its place"},
		{File: "fr", Language: "fr", Problem: "line private speaks it, but there is no such folder"},
	}, report.Problems)
}

func TestLintChecksTheLinesRecordingsButNotSpokenTexts(t *testing.T) {
	t.Parallel()
	files, loud := language("en"), good()
	loud.peak = 0
	files["own/en/sub folder/Grüße.wav"] = &fstest.MapFile{Data: good().encode()}
	files["own/en/loud.wav"] = &fstest.MapFile{Data: loud.encode()}
	files["own/en/it's.wav"] = &fstest.MapFile{Data: good().encode()}
	files["own/readme.txt"] = &fstest.MapFile{}
	files["spoken/en/x.wav"] = &fstest.MapFile{}
	files["once/x.wav"] = &fstest.MapFile{}
	report, err := Lint(files)
	require.NoError(t, err)
	var wrong []string
	for _, p := range report.Problems {
		wrong = append(wrong, p.File)
	}
	assert.Equal(t, []string{"own/en/it's.wav", "own/en/loud.wav", "own/en/loud.wav", "own/readme.txt"}, wrong)
}

func FuzzParseWAV(f *testing.F) {
	f.Add(good().encode())
	f.Add([]byte("RIFF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := parseWAV(b); err == nil {
			_, _ = forTelephone(r)
			r.silence()
			assert.GreaterOrEqual(t, r.duration(), time.Duration(0))
		}
	})
}
