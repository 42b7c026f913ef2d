package prompts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

const wavHeaderSize = 44

// recording is what a WAV file holds.
type recording struct {
	rate, channels, bits int
	samples              []int16 // only of 16-bit PCM
}

var errNotWAV = errors.New("not a WAV file of plain PCM")

// parseWAV reads RIFF WAVE with plain PCM; it skips chunks that it does not need.
func parseWAV(b []byte) (recording, error) {
	if len(b) < wavHeaderSize || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return recording{}, errNotWAV
	}
	var r recording
	for rest := b[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		if size > int64(len(body)) {
			return recording{}, fmt.Errorf("%w: its %q part is cut short", errNotWAV, id)
		}
		body = body[:size]
		switch {
		case id == "fmt ":
			if size < 16 || binary.LittleEndian.Uint16(body) != 1 {
				return recording{}, errNotWAV
			}
			r.channels = int(binary.LittleEndian.Uint16(body[2:]))
			r.rate = int(binary.LittleEndian.Uint32(body[4:]))
			r.bits = int(binary.LittleEndian.Uint16(body[14:]))
		case id == "data" && r.bits == 16:
			r.samples = make([]int16, len(body)/2)
			for i := range r.samples {
				r.samples[i] = int16(binary.LittleEndian.Uint16(body[2*i:]))
			}
		}
		rest = rest[min(int64(len(rest)), 8+size+size%2):]
	}
	if r.rate == 0 {
		return recording{}, errNotWAV
	}
	return r, nil
}

func (r recording) duration() time.Duration {
	return time.Duration(len(r.samples)) * time.Second / time.Duration(r.rate)
}

// encode writes a WAV file, mono, 16 bits, with the plain 44-byte header.
func (r recording) encode() []byte {
	size := uint32(2 * len(r.samples))
	b := make([]byte, 0, wavHeaderSize+size)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, wavHeaderSize-8+size)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(r.rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(2*r.rate))
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, size)
	for _, s := range r.samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// rms and peak are in dB below full scale, so negative; silence is -Inf.
func (r recording) rms() float64 {
	var sum float64
	for _, s := range r.samples {
		sum += float64(s) * float64(s)
	}
	return decibels(math.Sqrt(sum / float64(max(1, len(r.samples)))))
}

func (r recording) peak() float64 {
	var peak float64
	for _, s := range r.samples {
		peak = max(peak, math.Abs(float64(s)))
	}
	return decibels(peak)
}

// silence is how long the start and the end stay under -50 dB.
func (r recording) silence() (before, after time.Duration) {
	const heard = 104
	first, last := len(r.samples), -1
	for i, s := range r.samples {
		if s > heard || s < -heard {
			first, last = min(first, i), i
		}
	}
	each := time.Second / time.Duration(r.rate)
	return time.Duration(first) * each, time.Duration(len(r.samples)-1-last) * each
}

func decibels(amplitude float64) float64 { return 20 * math.Log10(amplitude/32768) }
