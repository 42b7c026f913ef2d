package freeswitch_test

import "math"

// sing writes a frame of tones as PCMU.
func sing(frame []byte, from int, hz []float64) {
	const loud = 6000 // together, out of 32767
	for i := range frame {
		var v float64
		for _, f := range hz {
			v += loud / float64(len(hz)) * math.Sin(2*math.Pi*f*float64(from+i)/8000)
		}
		frame[i] = companded(int16(v))
	}
}

// has says whether at least a fifth of the power of a sound is at a frequency (Goertzel's algorithm).
func has(sound []int16, hz float64) bool {
	if len(sound) < int(listenTo/frame*frameSamples) {
		return false
	}
	const quiet = 200 // root mean square under which there is nothing to be heard
	coefficient := 2 * math.Cos(2*math.Pi*hz/8000)
	var s1, s2, power float64
	for _, v := range sound {
		x := float64(v)
		s1, s2 = x+coefficient*s1-s2, s1
		power += x * x
	}
	n := float64(len(sound))
	if power < quiet*quiet*n {
		return false
	}
	at := (s1*s1 + s2*s2 - coefficient*s1*s2) * 2 / n
	return at > 0.2*power
}

// linear decodes a PCMU byte (G.711).
func linear(b byte) int16 {
	b = ^b
	v := (int16(b&0x0f)<<3 + 0x84) << (b >> 4 & 7)
	v -= 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}

// companded encodes a sample as a PCMU byte (G.711).
func companded(v int16) byte {
	sign, m := byte(0), int(v)
	if m < 0 {
		sign, m = 0x80, -m
	}
	m = min(m, 32635) + 0x84
	exponent := 7
	for mask := 0x4000; exponent > 0 && m&mask == 0; mask >>= 1 {
		exponent--
	}
	return ^(sign | byte(exponent<<4) | byte(m>>(exponent+3)&0x0f))
}
