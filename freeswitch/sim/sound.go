package sim

import (
	"bytes"
	"os"
	"strings"
	"time"
)

// The caller's sound, in a recording of the caller's side alone (record_session FILE.raw … {RECORD_READ_ONLY=true…}):
// what a recogniser of the company's own hears. It is silence, and words in a language of its own, in which each byte is
// so loud, and Words reads it.
const (
	soundFrame = 20 * time.Millisecond
	// framesOfByte is how long a byte is spoken: no word is taken for a click.
	framesOfByte = 5
	// loud is how loud byte 0 is, and loudMore how much louder each next one.
	loud, loudMore = 8000, 64
	// notUnderstood is the byte of Act.Confidence below 0, after which the words come.
	notUnderstood = 255
	// before and behind are the silence around words.
	before, behind = 400 * time.Millisecond, 1200 * time.Millisecond
)

// tap is a recording of the caller's side alone, which grows as they speak.
type tap struct {
	file *os.File
	rate int
}

// startTap begins such a recording; false if the argument of record_session is not one.
func (c *call) startTap(data string) bool {
	path, options, _ := strings.Cut(data, " ")
	if !strings.HasSuffix(path, ".raw") || !strings.Contains(options, "RECORD_READ_ONLY=true") {
		return false
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return true // FreeSWITCH says so in its log, and goes on
	}
	c.tap = &tap{file: file, rate: 8000}
	if strings.Contains(options, "record_sample_rate=16000") {
		c.tap.rate = 16000
	}
	c.tap.write(c.tap.silence(100 * time.Millisecond))
	if len(c.queue) == 0 { // nothing is played meanwhile
		now := c.now()
		c.caller.hear(now, Prompt{At: now.Sub(c.profile.arrived), Speech: true, After: c.heard})
	}
	return true
}

func (c *call) stopTap() {
	if c.tap != nil {
		_ = c.tap.file.Close()
		c.tap = nil
	}
}

// speak is what the caller says.
func (t *tap) speak(a Act) {
	sure := byte(notUnderstood)
	switch {
	case a.Confidence == 0:
		sure = 100
	case a.Confidence > 0:
		sure = byte(100*a.Confidence + 0.5)
	}
	t.write(t.silence(before))
	for _, b := range append([]byte{sure}, a.Says...) {
		for range framesOfByte {
			t.write(t.frame(loud + loudMore*int(b)))
		}
	}
	t.write(t.silence(behind))
}

func (t *tap) write(b []byte) { _, _ = t.file.Write(b) }

func (t *tap) silence(d time.Duration) []byte {
	return bytes.Repeat(t.frame(0), int(d/soundFrame))
}

// frame is a square wave of that amplitude.
func (t *tap) frame(amplitude int) []byte {
	n := t.rate * int(soundFrame/time.Millisecond) / 1000
	b := make([]byte, 0, 2*n)
	for i := range n {
		v := int16(amplitude)
		if i/8%2 == 1 {
			v = -v
		}
		b = append(b, byte(v), byte(uint16(v)>>8))
	}
	return b
}

// Words reads what a simulated caller says in a sound, and how well it is understood: below 0 not at all.
func Words(sound []byte, rate int) (words string, confidence float64) {
	var spoken []byte
	size := 2 * rate * int(soundFrame/time.Millisecond) / 1000
	frames := 0
	for at := 0; at+size <= len(sound); at += size {
		level := int(int16(uint16(sound[at]) | uint16(sound[at+1])<<8))
		if level < loud {
			continue
		}
		if frames%framesOfByte == 0 {
			spoken = append(spoken, byte((level-loud)/loudMore))
		}
		frames++
	}
	switch {
	case len(spoken) == 0:
		return "", 0
	case spoken[0] == notUnderstood:
		return string(spoken[1:]), -1
	default:
		return string(spoken[1:]), float64(spoken[0]) / 100
	}
}
