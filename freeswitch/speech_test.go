package freeswitch_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/internal/programtest"

	"github.com/stretchr/testify/require"
)

const (
	// modelFolder is where Debian's pocketsphinx-en-us puts its acoustic model and its dictionary.
	modelFolder = "/usr/share/pocketsphinx/model/en-us"
	// breath is what a caller draws before words, in samples: 400 ms.
	breath      = 6400
	voiceWithin = 10 * time.Second
)

// shippedGrammar is what callers' passphrases are made of.
const shippedGrammar = "conf/grammar/countersign-words.gram"

// speechConfiguration is that of mod_pocketsphinx. With the usual threshold of 400 it misses the beginning of words
// that begin softly.
const speechConfiguration = `<configuration name="pocketsphinx.conf"><settings>
<param name="threshold" value="100"/>
<param name="silence-hits" value="25"/>
<param name="listen-hits" value="1"/>
<param name="auto-reload" value="true"/>
<param name="wideband-model" value="en-us"/>
<param name="narrowband-model" value="en-us"/>
<param name="dictionary" value="words.dict"/>
</settings></configuration>`

// hearing adds a speech engine to a FreeSWITCH, with the shipped grammar under these names. Without an engine, its
// model or a voice the test is skipped.
func hearing(t testing.TB, o options, grammars ...string) options {
	t.Helper()
	findFreeSWITCH(t)
	needVoice(t)
	for _, part := range []string{"en-us/mdef", "cmudict-en-us.dict"} {
		if _, err := os.Stat(filepath.Join(modelFolder, part)); err != nil {
			t.Skipf("no acoustic model for pocketsphinx: install pocketsphinx-en-us (Debian): %v", err)
		}
	}
	o.Modules = append(o.Modules, "mod_pocketsphinx")
	o.Configuration += speechConfiguration
	o.Grammar = t.TempDir()
	installModel(t, filepath.Join(o.Grammar, "model", "en-us"))
	require.NoError(t, os.WriteFile(filepath.Join(o.Grammar, "words.dict"), pronunciations(t), 0o644))
	grammar, err := os.ReadFile(shippedGrammar)
	require.NoError(t, err)
	for _, name := range grammars {
		require.NoError(t, os.WriteFile(filepath.Join(o.Grammar, name+".gram"), grammar, 0o644))
	}
	return o
}

// installModel puts Debian's model where FreeSWITCH looks for it, with a line more: mod_pocketsphinx asks for 50 frames
// a second, and the model was made with
// 100. With 50, of 48 phrases of three words 30 were understood, with 100 it were 44 (and 47 with the lower threshold).
func installModel(t testing.TB, folder string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	parts, err := os.ReadDir(filepath.Join(modelFolder, "en-us"))
	require.NoError(t, err)
	for _, part := range parts {
		original := filepath.Join(modelFolder, "en-us", part.Name())
		if part.Name() != "feat.params" {
			require.NoError(t, os.Symlink(original, filepath.Join(folder, part.Name())))
			continue
		}
		parameters, err := os.ReadFile(original)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, part.Name()), append(parameters, "\n-frate 100\n"...), 0o644))
	}
}

func needVoice(t testing.TB) string {
	t.Helper()
	return programtest.Find(t, "flite")
}

// vocabulary are the words of the shipped grammar.
var vocabulary = sync.OnceValues(func() ([]string, error) {
	grammar, err := os.ReadFile(shippedGrammar)
	if err != nil {
		return nil, err
	}
	m := regexp.MustCompile(`(?s)<word> = (.*?);`).FindSubmatch(grammar)
	if m == nil {
		return nil, fmt.Errorf("%s has no rule <word>", shippedGrammar)
	}
	return strings.FieldsFunc(string(m[1]), func(r rune) bool { return r == '|' || r == ' ' || r == '\n' }), nil
})

// pronunciations are those of the vocabulary. The engine reads its dictionary anew for each caller; all of it takes
// 0.12 s of a core.
func pronunciations(t testing.TB) []byte {
	t.Helper()
	all, err := vocabulary()
	require.NoError(t, err)
	dictionary, err := os.ReadFile(filepath.Join(modelFolder, "cmudict-en-us.dict"))
	require.NoError(t, err)
	var ours []byte
	for line := range bytes.Lines(dictionary) {
		word, _, _ := bytes.Cut(line, []byte(" "))
		word, _, _ = bytes.Cut(word, []byte("(")) // another way to say it
		if slices.Contains(all, string(word)) {
			ours = append(ours, line...)
		}
	}
	require.NotEmpty(t, ours)
	return ours
}

// misheard are words that the engine took for others, spoken by flite. Callers of these tests who want to be understood
// do not use them.
const misheard = "clover helicopter ladder magnet pillow planet potato trumpet velvet"

// drawWords draws words that no phrase drawn before has.
func drawWords(t testing.TB, n int, taken *[]string) string {
	t.Helper()
	all, err := vocabulary()
	require.NoError(t, err)
	var words []string
	for _, i := range rand.Perm(len(all)) {
		if w := all[i]; !slices.Contains(*taken, w) && !strings.Contains(misheard, w) && len(words) < n {
			words = append(words, w)
		}
	}
	require.Len(t, words, n, "the grammar has no more words")
	*taken = append(*taken, words...)
	return strings.Join(words, " ")
}

// Say speaks words, after drawing breath, and returns when they are on their way.
func (c *call) Say(t testing.TB, words string) {
	t.Helper()
	c.phone.say(spoken(t, words))
}

// SayUntilHeard says words when FreeSWITCH listens, and once more if it asks once more, until the call is told that
// they are right: engines err.
func (c *call) SayUntilHeard(t testing.TB, words string) {
	t.Helper()
	c.AwaitListened(t, 1, askedWithin)
	c.Say(t, words)
	next := c.fs.calls.awaitNth(t, c.ID, "asked once more or let through", 2, saidWithin, func(s sighting) bool {
		return s.Application == "play_and_detect_speech" || s.Application == "playback" &&
			strings.Contains(s.Arguments, "/confirmation.wav")
	})
	if next.Application == "play_and_detect_speech" {
		c.Say(t, words)
	}
}

// AwaitSpoken waits until only so much is left to be said.
func (c *call) AwaitSpoken(t testing.TB, left time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool {
		c.phone.mu.Lock()
		defer c.phone.mu.Unlock()
		return len(c.phone.speech) <= int(left/frame*wideSamples)
	}, voiceWithin, poll, "the caller goes on to speak")
}

// AwaitListened waits until FreeSWITCH listens for the nth time. Only what is said after that is heard.
func (c *call) AwaitListened(t testing.TB, nth int, within time.Duration) {
	t.Helper()
	c.fs.calls.awaitNth(t, c.ID, fmt.Sprintf("listened to, time %d", nth), nth, within, func(s sighting) bool {
		return s.Application == "play_and_detect_speech"
	})
}

// spoken has a voice say words: samples at 16 kHz.
func spoken(t testing.TB, words string) []int16 {
	t.Helper()
	flite := needVoice(t)
	ctx, cancel := context.WithTimeout(t.Context(), voiceWithin)
	defer cancel()
	file := filepath.Join(t.TempDir(), "spoken.wav")
	cmd := exec.CommandContext(ctx, flite, "-voice", "slt", "-f", "-", "-o", file)
	cmd.Stdin = strings.NewReader(words + "\n") // no list of processes shows them
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	wav, err := os.ReadFile(file)
	require.NoError(t, err)
	_, data, found := bytes.Cut(wav, []byte("data"))
	require.True(t, found && len(data) > 4 && binary.LittleEndian.Uint32(wav[24:]) == 16000,
		"flite's voice speaks at 16 kHz")
	data = data[4:]
	samples := make([]int16, breath+len(data)/2)
	for i := range len(data) / 2 {
		samples[breath+i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return samples
}
