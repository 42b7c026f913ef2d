package freeswitch_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHowManySpokenAccountsAreUnderstood measures, and takes long: COUNTERSIGN_SPOKEN=25 has each kind of voice say 25
// accounts. docs/measurements.md has the result.
func TestHowManySpokenAccountsAreUnderstood(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("COUNTERSIGN_SPOKEN"))
	if n == 0 {
		t.Skip("set COUNTERSIGN_SPOKEN to the number of accounts that each kind of voice says")
	}
	customers := make([]customer, n)
	for i := range customers {
		customers[i] = customer{ID: fmt.Sprintf("M-%d", i), Account: fmt.Sprintf("%06d", rand.IntN(1_000_000)), PIN: "482915"}
	}
	s := &spokenSite{startSiteOn(t,
		serviceOptions{Customers: customers, Lines: []string{spokenLine}}, heedingAnswers(t, options{Files: lineDialplan}))}
	for _, voice := range []string{"flite slt", "flite rms", "espeak-ng en-us", "espeak-ng en-gb"} {
		for _, noise := range []float64{0, 20, 10} {
			var first, second, wrong atomic.Int64
			name := voice + ", clean"
			if noise > 0 {
				name = fmt.Sprintf("%s, noise at %.0f dB", voice, noise)
			}
			for i := range customers {
				switch tries, other := s.understands(t, voice, noise, i, customers[i]); {
				case other:
					wrong.Add(1)
				case tries == 1:
					first.Add(1)
				case tries == 2:
					second.Add(1)
				}
			}
			t.Logf("%s: %d accounts, %d at the first try, %d within two, %d taken for another customer's",
				name, n, first.Load(), first.Load()+second.Load(), wrong.Load())
			assert.Zero(t, wrong.Load(), "nobody is taken for another without a read-back")
			if noise == 0 {
				assert.GreaterOrEqual(t, 100*(first.Load()+second.Load()), int64(95*n), name)
			}
		}
	}
}

// understands calls, says an account up to twice, and confirms what is read back if it is right. tries is how often it
// took; other says that the caller went on as another customer.
func (s *spokenSite) understands(t *testing.T, voice string, noise float64, i int, c customer) (tries int, other bool) {
	t.Helper()
	call := callWithSIPp(t, s.freeSWITCH, dial{To: "5600", From: numberOf(781, i), Wide: true})
	defer call.HangUp()
	digits := strings.Join(strings.Split(c.Account, ""), " ")
	listened := 1
	for try := 1; try <= 2; try++ {
		call.AwaitListened(t, listened, askedWithin)
		call.phone.say(noisy(voiced(t, voice, digits), noise))
		listened++
		call.AwaitListened(t, listened, 4*askedWithin) // an engine that does not end is stopped
		read := readBack(call, listened)
		t.Logf("%s, %.0f dB: said %s, read back %q", voice, noise, c.Account, read)
		switch {
		case read == c.Account:
			call.Press("1")
			listened++
			call.AwaitListened(t, listened, askedWithin) // the PIN
			if asked := call.lastListened(); strings.Contains(asked, "ask-pin") {
				return try, false
			}
			return 0, true
		case read != "":
			call.Press("2")
			listened++
		}
	}
	return 0, false
}

// readBack is the number that is read back before FreeSWITCH listens for the nth time; empty if it is another question.
func readBack(c *call, nth int) string {
	said := ""
	for _, s := range c.seen() {
		switch s.Application {
		case "playback":
			said += s.Arguments
		case "play_and_detect_speech":
			if nth--; nth == 0 {
				if said += s.Arguments; !strings.Contains(s.Arguments, "read-back-confirm") {
					return ""
				}
				var digits strings.Builder
				for _, part := range strings.Split(said, "digit-")[1:] {
					digits.WriteByte(part[0])
				}
				return digits.String()
			}
			said = ""
		}
	}
	return ""
}

// lastListened is what was played when FreeSWITCH listened last.
func (c *call) lastListened() (arguments string) {
	for _, s := range c.seen() {
		if s.Application == "play_and_detect_speech" {
			arguments = s.Arguments
		}
	}
	return arguments
}

// seen are the applications of the call.
func (c *call) seen() []sighting {
	c.fs.calls.mu.Lock()
	defer c.fs.calls.mu.Unlock()
	return c.fs.calls.byCall[c.ID]
}

// voiced has a voice say words: samples at 16 kHz, after a breath.
func voiced(t testing.TB, voice, words string) []int16 {
	t.Helper()
	program, name, _ := strings.Cut(voice, " ")
	ctx, cancel := context.WithTimeout(t.Context(), voiceWithin)
	defer cancel()
	file := filepath.Join(t.TempDir(), "voiced.wav")
	cmd := exec.CommandContext(ctx, program, "-voice", name, "-t", words, "-o", file)
	if program == "espeak-ng" {
		cmd = exec.CommandContext(ctx, program, "-v", name, "-s", "140", "-w", file, words)
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	wav, err := os.ReadFile(file)
	require.NoError(t, err)
	rate := float64(binary.LittleEndian.Uint32(wav[24:]))
	at := strings.Index(string(wav), "data")
	require.Positive(t, at)
	data := wav[at+8:]
	samples := make([]int16, breath+int(float64(len(data)/2)*16000/rate)-1)
	for i := range samples[breath:] {
		x := float64(i) * rate / 16000
		low := int(x)
		if 2*low+4 > len(data) {
			break
		}
		a, b := float64(int16(binary.LittleEndian.Uint16(data[2*low:]))),
			float64(int16(binary.LittleEndian.Uint16(data[2*low+2:])))
		samples[breath+i] = int16(a + (b-a)*(x-float64(low)))
	}
	return samples
}

// noisy adds white noise, so many decibels below the voice; 0 adds none.
func noisy(samples []int16, decibels float64) []int16 {
	if decibels == 0 {
		return samples
	}
	power := 0.0
	for _, s := range samples[breath:] {
		power += float64(s) * float64(s)
	}
	level := math.Sqrt(power/float64(len(samples)-breath)) / math.Pow(10, decibels/20)
	for i, s := range samples {
		samples[i] = int16(max(-32768, min(32767, float64(s)+level*rand.NormFloat64())))
	}
	return samples
}
