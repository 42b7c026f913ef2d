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

	"github.com/stretchr/testify/require"
)

const (
	// modelFolder is where Debian's pocketsphinx-en-us puts its acoustic model and its dictionary.
	modelFolder = "/usr/share/pocketsphinx/model/en-us"
	// heardBefore is how long after FreeSWITCH has begun to listen the caller begins to speak.
	heardBefore = 400 * time.Millisecond
	voiceWithin = 10 * time.Second
)

// shippedGrammar is what callers' passphrases are made of.
const shippedGrammar = "conf/grammar/countersign-words.gram"

// speechConfiguration is that of mod_pocketsphinx.
const speechConfiguration = `<configuration name="pocketsphinx.conf"><settings>
<param name="threshold" value="400"/>
<param name="silence-hits" value="25"/>
<param name="listen-hits" value="1"/>
<param name="auto-reload" value="true"/>
<param name="wideband-model" value="en-us"/>
<param name="narrowband-model" value="en-us"/>
<param name="dictionary" value="cmudict-en-us.dict"/>
</settings></configuration>`

// hearing adds a speech engine to a FreeSWITCH, with the shipped grammar under these names. Without an engine, its model or a voice the test is skipped.
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
	require.NoError(t, os.Mkdir(filepath.Join(o.Grammar, "model"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join(modelFolder, "en-us"), filepath.Join(o.Grammar, "model", "en-us")))
	require.NoError(t, os.Symlink(filepath.Join(modelFolder, "cmudict-en-us.dict"), filepath.Join(o.Grammar, "cmudict-en-us.dict")))
	grammar, err := os.ReadFile(shippedGrammar)
	require.NoError(t, err)
	for _, name := range grammars {
		require.NoError(t, os.WriteFile(filepath.Join(o.Grammar, name+".gram"), grammar, 0o644))
	}
	return o
}

func needVoice(t testing.TB) string {
	t.Helper()
	flite, err := exec.LookPath("flite")
	if err != nil {
		t.Skip("no voice to speak to FreeSWITCH with: install flite")
	}
	return flite
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

// drawWords draws words that no phrase drawn before has.
func drawWords(t testing.TB, n int, taken *[]string) string {
	t.Helper()
	all, err := vocabulary()
	require.NoError(t, err)
	var words []string
	for _, i := range rand.Perm(len(all)) {
		if w := all[i]; !slices.Contains(*taken, w) && len(words) < n {
			words = append(words, w)
		}
	}
	require.Len(t, words, n, "the grammar has no more words")
	*taken = append(*taken, words...)
	return strings.Join(words, " ")
}

// Say speaks words, and returns when they are on their way.
func (c *call) Say(t testing.TB, words string) {
	t.Helper()
	c.phone.say(spoken(t, words))
}

// AwaitListened waits until FreeSWITCH listens for the nth time and the caller has drawn breath.
func (c *call) AwaitListened(t testing.TB, nth int, within time.Duration) {
	t.Helper()
	c.fs.calls.awaitNth(t, c.ID, fmt.Sprintf("listened to, time %d", nth), nth, within, func(s sighting) bool {
		return s.Application == "play_and_detect_speech"
	})
	time.Sleep(heardBefore)
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
	require.True(t, found && len(data) > 4 && binary.LittleEndian.Uint32(wav[24:]) == 16000, "flite's voice speaks at 16 kHz")
	data = data[4:]
	samples := make([]int16, len(data)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return samples
}
