package freeswitch_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The tones of the keys, in Hz (ITU-T Q.23).
var (
	keyRows    = [...]float64{697, 770, 852, 941}
	keyColumns = [...]float64{1209, 1336, 1477, 1633}
)

const (
	// toneWindow is how much sound a key's tones are looked for in, toneStep from one to the next: every 40 ms of a tone,
	// which is the least that a key may take (Q.24), hold a whole window.
	toneWindow = 160
	toneStep   = 80
	// hardlyHeard is the root mean square under which nothing is looked for: 72 dB under full scale, far quieter than any
	// telephone speaks.
	hardlyHeard = 8
)

// keyTones says where in a recording the tones of a key are: a row and a column together.
func keyTones(sound []int16) (at []time.Duration) {
	for from := 0; from+toneWindow <= len(sound); from += toneStep {
		if isKey(sound[from : from+toneWindow]) {
			at = append(at, time.Duration(from)*time.Second/8000)
		}
	}
	return at
}

func isKey(window []int16) bool {
	var power float64
	for _, v := range window {
		power += float64(v) * float64(v)
	}
	if power < hardlyHeard*hardlyHeard*float64(len(window)) {
		return false
	}
	strongest := func(hz []float64) (most float64) {
		for _, f := range hz {
			most = max(most, powerAt(window, f)/power)
		}
		return most
	}
	// In 20 ms neighbouring tones overlap: what counts is that both groups are there, and hardly anything else.
	row, column := strongest(keyRows[:]), strongest(keyColumns[:])
	return row > 0.1 && column > 0.1 && row+column > 0.6
}

// powerAt is how much of a sound's power is at a frequency (Goertzel's algorithm).
func powerAt(sound []int16, hz float64) float64 {
	coefficient := 2 * math.Cos(2*math.Pi*hz/8000)
	var s1, s2 float64
	for _, v := range sound {
		s1, s2 = float64(v)+coefficient*s1-s2, s1
	}
	return (s1*s1 + s2*s2 - coefficient*s1*s2) * 2 / float64(len(sound))
}

// loudest is the largest sample of a recording.
func loudest(sound []int16) (most int16) {
	for _, v := range sound {
		most = max(most, v, -v)
	}
	return most
}

// mix plays tones of an amplitude in a sound, from one sample to another.
func mix(sound []int16, amplitude float64, from, to int, hz ...float64) {
	for i := from; i < to; i++ {
		for _, f := range hz {
			sound[i] += int16(amplitude * math.Sin(2*math.Pi*f*float64(i)/8000))
		}
	}
}

// TestTonesOfKeysAreFoundWhereTheyAreAndNowhereElse is the proof that the search of the agent's recordings would find
// something.
func TestTonesOfKeysAreFoundWhereTheyAreAndNowhereElse(t *testing.T) {
	t.Parallel()
	const second = 8000
	noise := func(amplitude int) []int16 {
		sound := make([]int16, 3*second)
		for i := range sound {
			sound[i] = int16(rand.IntN(2*amplitude+1) - amplitude)
		}
		return sound
	}
	for _, row := range keyRows {
		for _, column := range keyColumns {
			for name, amplitude := range map[string]float64{"as a telephone plays it": 4000,
				"quiet, 50 dB less than full scale": 100} {
				sound := noise(int(amplitude) / 10)
				mix(sound, amplitude, second+37, second+37+second/25, row, column) // 40 ms, and not at the beginning of a window
				for i := range sound {
					sound[i] = linear(companded(sound[i]))
				}
				found := keyTones(sound)
				assert.NotEmpty(t, found, "%v and %v Hz, %s", row, column, name)
				for _, at := range found {
					assert.InDelta(t, 1.0, at.Seconds(), 0.06)
				}
			}
		}
	}
	for name, sound := range map[string][]int16{"silence": make([]int16, second), "noise": noise(3000),
		"quiet noise": noise(20)} {
		assert.Empty(t, keyTones(sound), name)
	}
	for _, single := range []float64{callerSings, agentSings, prompting, ringing, 697, 1209} {
		sound := make([]int16, second)
		mix(sound, 5000, 0, second, single)
		assert.Empty(t, keyTones(sound), "%v Hz alone", single)
	}
}

func TestSoundSurvivesBeingCompanded(t *testing.T) {
	t.Parallel()
	for v := -32000; v <= 32000; v += 7 {
		got := linear(companded(int16(v)))
		assert.InDelta(t, float64(v), float64(got), math.Max(8, math.Abs(float64(v))/16), v)
	}
}
