package prompts

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sine is a second of a tone at half of full scale.
func sine(rate int, frequency float64) []int16 {
	samples := make([]int16, rate)
	for i := range samples {
		samples[i] = int16(16384 * math.Sin(2*math.Pi*frequency*float64(i)/float64(rate)))
	}
	return samples
}

func TestResampleKeepsOnlyTheTelephonesBandAtEveryUsualRate(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000} {
		for frequency, wantDB := range map[float64]float64{50: -40, 350: 0, 1000: 0, 3300: 0, 4500: -60, 5200: -60} {
			if frequency >= float64(rate)/2 {
				continue
			}
			t.Run(fmt.Sprintf("%.0f Hz at %d Hz", frequency, rate), func(t *testing.T) {
				t.Parallel()
				out, err := narrow.resample(sine(rate, frequency), rate)
				require.NoError(t, err)
				assert.InDelta(t, telephoneRate, len(out), 1)
				got := 20 * math.Log10(rmsOf(out[1000:7000])/(16384/math.Sqrt2))
				if wantDB == 0 {
					assert.InDelta(t, 0, got, 0.2)
				} else {
					assert.Less(t, got, wantDB)
				}
			})
		}
	}
}

func TestUnusualRatesAreRefused(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{1, 4000, 8001, 44101, 192000} {
		_, err := narrow.resample(make([]int16, 100), rate)
		assert.ErrorContains(t, err, fmt.Sprint(rate), rate)
	}
}

// Some voices begin words with a burst. It must neither make the rest too quiet nor clip.
func TestABurstDoesNotMakeThePromptQuiet(t *testing.T) {
	t.Parallel()
	spoken := good()
	spoken.peak = -24
	r, err := parseWAV(spoken.encode())
	require.NoError(t, err)
	for i := 4000; i < 4004; i++ {
		r.samples[i] = 30000
	}
	out, err := forTelephone(r)
	require.NoError(t, err)
	assert.Greater(t, out.rms(), minRMS)
	assert.Less(t, out.peak(), maxPeak)
}

func TestSilenceAroundSpeechIsCutToAMoment(t *testing.T) {
	t.Parallel()
	spoken := good()
	spoken.before, spoken.after = 700*1e6, 900*1e6
	r, err := parseWAV(spoken.encode())
	require.NoError(t, err)
	out, err := forTelephone(r)
	require.NoError(t, err)
	assert.InDelta(t, 1.1, out.duration().Seconds(), 0.03)
	before, after := out.silence()
	assert.InDelta(t, 0.05, before.Seconds(), 0.01)
	assert.InDelta(t, 0.05, after.Seconds(), 0.01)
	again, err := parseWAV(out.encode())
	require.NoError(t, err)
	assert.Equal(t, out, again)
}

func TestSilenceIsNoPrompt(t *testing.T) {
	t.Parallel()
	_, err := forTelephone(recording{rate: 16000, channels: 1, bits: 16, samples: make([]int16, 16000)})
	require.ErrorContains(t, err, "nothing is heard")
	_, err = forTelephone(recording{rate: 16000, channels: 1, bits: 16})
	require.ErrorContains(t, err, "nothing is heard")
	_, err = forTelephone(recording{rate: 16000, channels: 2, bits: 16})
	require.ErrorContains(t, err, "2 channels")
}
