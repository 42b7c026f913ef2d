package prompts

import (
	"fmt"
	"math"
)

// Properties of every prompt that we make, so that consecutive prompts sound like one voice.
const (
	telephoneRate = 8000 // Hz

	filterLength = 0.02 // seconds: skirts of 275 Hz
	loudness     = -20  // dBFS RMS
	highestPeak  = -3.5 // dBFS
	heard        = -39  // dB below the peak: softer is silence
	moment       = 200  // of a second, 5 ms: fades, and the window in which silence is looked for
	edges        = 20   // of a second, 50 ms: silence around a prompt
)

// band is what a kind of telephone lets through.
type band struct {
	rate            int     // Hz
	lowest, highest float64 // Hz
}

var (
	// narrow is that of PCMU, PCMA and of every prompt that we ship: 300 to 3400 Hz, and the filter's skirts lie outside it.
	narrow = band{telephoneRate, 200, 3600}
	// wide is that of G.722 and Opus at 16 kHz: 50 to 7000 Hz.
	wide = band{2 * telephoneRate, 100, 7000}
)

// forTelephone converts mono speech of any usual rate for the telephone: 8 kHz, limited to its band, without silence
// around it, and as loud as every other prompt.
func forTelephone(r recording) (recording, error) { return r.within(narrow) }

// within is forTelephone for a band.
func (r recording) within(b band) (recording, error) {
	if r.bits != 16 || r.channels != 1 {
		return recording{}, fmt.Errorf("%d channels of %d bits; want 1 channel of 16 bits", r.channels, r.bits)
	}
	sound, err := b.resample(r.samples, r.rate)
	if err != nil {
		return recording{}, err
	}
	sound = b.trim(sound)
	if len(sound) == 0 {
		return recording{}, fmt.Errorf("nothing is heard in it")
	}
	b.ease(sound)
	edge := b.rate / edges
	whole := make([]float64, len(sound)+2*edge)
	copy(whole[edge:], sound)
	return recording{rate: b.rate, channels: 1, bits: 16, samples: level(whole)}, nil
}

// resample converts samples to the band and its rate in one pass: a windowed-sinc band-pass (Blackman), with as many
// phases as the two rates need.
func (b band) resample(samples []int16, rate int) ([]float64, error) {
	if rate < b.rate || rate > 96000 {
		return nil, fmt.Errorf("a rate of %d Hz; want %d to 96000", rate, b.rate)
	}
	common := gcd(rate, b.rate)
	phases, step := b.rate/common, rate/common
	if phases > 320 { // as 11025 Hz and its multiples need
		return nil, fmt.Errorf("a rate of %d Hz is not a usual one, such as 16000, 22050, 24000 or 44100", rate)
	}
	reach := int(filterLength / 2 * float64(rate))
	filters := make([][]float64, phases)
	for phase := range filters {
		filters[phase] = make([]float64, 2*reach+1)
		for tap := range filters[phase] {
			t := (float64(tap-reach) + float64(phase)/float64(phases)) / float64(rate)
			filters[phase][tap] = b.pass(t) / float64(rate)
		}
	}
	out := make([]float64, len(samples)*phases/step)
	for n := range out {
		at, filter := n*step/phases, filters[n*step%phases]
		for tap, weight := range filter {
			if i := at + reach - tap; i >= 0 && i < len(samples) {
				out[n] += weight * float64(samples[i])
			}
		}
	}
	return out, nil
}

// pass is the filter's impulse response at t seconds.
func (b band) pass(t float64) float64 {
	x := t / filterLength // -½ to ½
	if math.Abs(x) > 0.5 {
		return 0
	}
	window := 0.42 + 0.5*math.Cos(2*math.Pi*x) + 0.08*math.Cos(4*math.Pi*x)
	return window * (lowPass(b.highest, t) - lowPass(b.lowest, t))
}

func lowPass(frequency, t float64) float64 {
	if t == 0 {
		return 2 * frequency
	}
	return math.Sin(2*math.Pi*frequency*t) / (math.Pi * t)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// trim cuts silence before and after the sound.
func (b band) trim(sound []float64) []float64 {
	window := b.rate / moment
	threshold := peakOf(sound) * ratio(heard)
	first, last := len(sound), 0
	for i := 0; i < len(sound); i += window {
		end := min(i+window, len(sound))
		if rms := rmsOf(sound[i:end]); rms > threshold {
			first, last = min(first, i), end
		}
	}
	return sound[min(first, last):last]
}

// ease fades the first and the last 5 ms in and out, to prevent clicks.
func (b band) ease(sound []float64) {
	n := min(b.rate/moment, len(sound)/2)
	for i := range n {
		gain := (1 - math.Cos(math.Pi*float64(i)/float64(n))) / 2
		sound[i] *= gain
		sound[len(sound)-1-i] *= gain
	}
}

// level brings the sound to the loudness of every prompt. Peaks that would stand out, such as the bursts of some
// voices, are rounded off by at most 6 dB.
func level(sound []float64) []int16 {
	const full, most = 32768, 2
	limit := full * ratio(highestPeak)
	gain := min(full*ratio(loudness)/rmsOf(sound), most*limit/peakOf(sound))
	samples := make([]int16, len(sound))
	for i, v := range sound {
		samples[i] = int16(math.Round(roundOff(v*gain, limit)))
	}
	return samples
}

// roundOff keeps values up to two thirds of the limit and compresses the rest below it.
func roundOff(v, limit float64) float64 {
	knee := limit * 2 / 3
	if math.Abs(v) <= knee {
		return v
	}
	return math.Copysign(knee+(limit-knee)*math.Tanh((math.Abs(v)-knee)/(limit-knee)), v)
}

func peakOf(sound []float64) (peak float64) {
	for _, v := range sound {
		peak = max(peak, math.Abs(v))
	}
	return peak
}

func rmsOf(sound []float64) float64 {
	var sum float64
	for _, v := range sound {
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(1, len(sound))))
}

func ratio(decibels float64) float64 { return math.Pow(10, decibels/20) }
