package sound

import (
	"math"
	"time"
)

// Frame is how much sound a Detector looks at at once.
const Frame = 20 * time.Millisecond

// What tells speech from noise (docs/policy.md#speech-recognisers).
const (
	// aboveNoise is how much louder than the noise speech is, in decibels; aboveEcho the same while a prompt is played,
	// which may come back as an echo.
	aboveNoise = 7
	aboveEcho  = 14
	// quietest is the level below which nothing is speech, in decibels of full scale; quietestEcho the same while a
	// prompt is played. silence is the level of digital silence.
	quietest     = -52
	quietestEcho = -42
	silence      = -75
	// beginning is how much of the last window must be loud for speech to begin; with a prompt, beginningEcho.
	window        = 15
	beginning     = 6
	beginningEcho = 10
	// noiseFrames is how far back the noise is looked for. Whoever speaks pauses within that time.
	noiseFrames = 75
)

// Detector says whether somebody speaks, by the loudness of sound above the noise in it. It keeps no sound.
//
// A word is louder than the noise between words, so the noise is the least that was heard lately. The detector of a new
// call knows no noise: it takes the first frames for it.
type Detector struct {
	levels [noiseFrames]float64 // of the last frames, smoothed
	loud   [window]bool         // of the last frames
	n      int                  // frames heard
	smooth float64              // energy
	quiet  int                  // frames since the last loud ones
}

// Hear takes the next frame of samples of 16 bits, the low byte first. prompt says that a prompt is played meanwhile.
// It returns whether the caller speaks now.
func (d *Detector) Hear(frame []byte, prompt bool) (speaks bool) {
	const memory = 0.5 // of the smoothed energy
	energy := energyOf(frame)
	if d.n == 0 {
		d.smooth = energy
	}
	d.smooth = memory*d.smooth + (1-memory)*energy
	d.levels[d.n%noiseFrames] = level(d.smooth)
	d.n++

	above, least, wanted := float64(aboveNoise), float64(quietest), beginning
	if prompt {
		above, least, wanted = aboveEcho, quietestEcho, beginningEcho
	}
	loud := level(energy) > max(d.noise()+above, least)
	d.loud[d.n%window] = loud
	if d.quiet++; loud && d.loud[(d.n+window-1)%window] { // a click is no word
		d.quiet = 0
	}
	count := 0
	for _, l := range d.loud {
		if l {
			count++
		}
	}
	return count >= wanted
}

// Quiet is how long nobody has spoken.
func (d *Detector) Quiet() time.Duration { return time.Duration(d.quiet) * Frame }

// noise is the level of the noise.
func (d *Detector) noise() float64 {
	least := math.Inf(1)
	for _, l := range d.levels[:min(d.n, noiseFrames)] {
		least = min(least, l)
	}
	return least
}

// level is an energy in decibels of full scale.
func level(energy float64) float64 { return max(10*math.Log10(energy), silence) }

// energyOf is the mean square of samples, 1 at full scale.
func energyOf(frame []byte) float64 {
	const full = 1 << 15
	sum, n := 0.0, len(frame)/2
	if n == 0 {
		return 0
	}
	for i := range n {
		s := float64(int16(uint16(frame[2*i])|uint16(frame[2*i+1])<<8)) / full
		sum += s * s
	}
	return sum / float64(n)
}
