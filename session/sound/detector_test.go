package sound_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"countersign/session/sound"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const rate = 8000

// track is sound, as it is put together.
type track struct {
	noise float64 // decibels of full scale
	r     *rand.Rand
	bytes []byte
}

// amplitude is that of a level in decibels of full scale.
func amplitude(db float64) float64 { return 32768 * math.Pow(10, db/20) }

// add adds something as loud as level, or only the noise for a level of 0.
func (k *track) add(d time.Duration, level float64, syllables bool) *track {
	n := int(d * rate / time.Second)
	for i := range n {
		s := k.r.NormFloat64() * amplitude(k.noise)
		if level != 0 {
			shape := 1.0
			if syllables { // four a second, with a dip between them
				shape = math.Sqrt2 * math.Abs(math.Sin(math.Pi*4*float64(i)/rate))
			}
			s += shape * amplitude(level) * math.Sqrt2 * math.Sin(2*math.Pi*300*float64(i)/rate)
		}
		v := int16(max(min(s, 32767), -32768))
		k.bytes = append(k.bytes, byte(v), byte(uint16(v)>>8))
	}
	return k
}

func (k *track) words(d time.Duration, level float64) *track { return k.add(d, level, true) }
func (k *track) pause(d time.Duration) *track                { return k.add(d, 0, false) }

func noisy(db float64) *track { return &track{noise: db, r: rand.New(rand.NewPCG(1, 2))} }

// listen returns when the caller begins and when they have been quiet for a second after that; -1 for never.
func (k *track) listen(prompt bool) (begins, ends time.Duration) {
	const frame = rate * 2 / 50
	var d sound.Detector
	begins, ends = -1, -1
	for i := 0; i+frame <= len(k.bytes); i += frame {
		at := time.Duration(i/frame+1) * sound.Frame
		if d.Hear(k.bytes[i:i+frame], prompt && begins < 0) && begins < 0 {
			begins = at
		}
		if begins >= 0 && ends < 0 && d.Quiet() >= time.Second {
			ends = at
		}
	}
	return begins, ends
}

func TestSpeechIsHeard(t *testing.T) {
	t.Parallel()
	const s, ms = time.Second, time.Millisecond
	for name, c := range map[string]struct {
		sound  *track
		prompt bool
		begins time.Duration // at most this long after it
		ends   time.Duration
	}{
		"a loud caller on a quiet line":       {noisy(-90).pause(s).words(2*s, -20).pause(2 * s), false, 1 * s, 4 * s},
		"digital silence":                     {noisy(-200).pause(s).words(2*s, -20).pause(2 * s), false, 1 * s, 4 * s},
		"a low voice":                         {noisy(-70).pause(s).words(2*s, -42).pause(2 * s), false, 1 * s, 4 * s},
		"noise, 20 dB below":                  {noisy(-45).pause(s).words(2*s, -25).pause(2 * s), false, 1 * s, 4 * s},
		"noise, 10 dB below":                  {noisy(-35).pause(s).words(2*s, -25).pause(2 * s), false, 1 * s, 4 * s},
		"who speaks at once":                  {noisy(-50).words(2*s, -20).pause(2 * s), false, 0, 3 * s},
		"who speaks at once, in noise":        {noisy(-40).words(2*s, -25).pause(2 * s), false, 0, 3 * s},
		"one short word":                      {noisy(-50).pause(s).words(250*ms, -20).pause(2 * s), false, 1 * s, 2250 * ms},
		"pauses between groups":               {noisy(-50).pause(s).words(s, -20).pause(800*ms).words(s, -20).pause(2 * s), false, 1 * s, 4800 * ms},
		"into a prompt":                       {noisy(-60).pause(s).words(2*s, -22).pause(2 * s), true, 1 * s, 4 * s},
		"into a prompt on a noisy line":       {noisy(-45).pause(s).words(2*s, -22).pause(2 * s), true, 1 * s, 4 * s},
		"for long":                            {noisy(-50).pause(s).words(8*s, -20).pause(2 * s), false, 1 * s, 10 * s},
		"after noise that has become steady":  {noisy(-90).pause(s).add(4*s, -40, false).words(s, -20).pause(2 * s), false, 1 * s, 0},
		"a voice that is louder at the start": {noisy(-50).pause(s).words(s, -15).words(s, -30).pause(2 * s), false, 1 * s, 4 * s},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begins, ends := c.sound.listen(c.prompt)
			require.GreaterOrEqual(t, begins, c.begins)
			assert.LessOrEqual(t, begins, c.begins+600*ms, "what comes before is sent, too")
			if c.ends > 0 {
				assert.InDelta(t, c.ends.Seconds(), ends.Seconds(), 0.25)
			}
		})
	}
}

func TestNoiseIsNoSpeech(t *testing.T) {
	t.Parallel()
	const s, ms = time.Second, time.Millisecond
	for name, c := range map[string]struct {
		sound  *track
		prompt bool
	}{
		"silence":             {noisy(-200).pause(5 * s), false},
		"a quiet line":        {noisy(-65).pause(5 * s), false},
		"a noisy line":        {noisy(-35).pause(5 * s), false},
		"clicks":              {noisy(-60).pause(s).add(20*ms, -10, false).pause(s).add(20*ms, -10, false).pause(s), false},
		"a whisper elsewhere": {noisy(-75).pause(s).words(2*s, -58).pause(s), false},
		"the prompt's echo":   {noisy(-65).pause(s).words(3*s, -48).pause(s), true},
		"a leaked tone":       {noisy(-65).pause(s).add(40*ms, -15, false).pause(s), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begins, _ := c.sound.listen(c.prompt)
			assert.Less(t, begins, time.Duration(0))
		})
	}
}

func BenchmarkDetector(b *testing.B) {
	var d sound.Detector
	frame := noisy(-40).words(sound.Frame, -20).bytes
	for b.Loop() {
		d.Hear(frame, false)
	}
}
