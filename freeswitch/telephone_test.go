package freeswitch_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	frame        = 20 * time.Millisecond
	frameSamples = 160 // 20 ms at 8 kHz
	eventType    = 101 // telephone-event in the SDP that sipp_test.go offers
	wideSamples  = 320 // 20 ms at 16 kHz
	wideType     = 96  // L16/16000 in that SDP
	keyFrames    = 5   // a key is held for 100 ms …
	gapFrames    = 3   // … and let go for 60 ms, faster than most people
	// listenTo is how much sound a tone is looked for in.
	listenTo = 100 * time.Millisecond
)

// telephone is the media half of a caller or an agent: RTP with PCMU both ways, keys as RFC 4733 events. It speaks silence between keys, as a quiet
// caller's telephone does, unless it is told to sing. It records what it hears.
type telephone struct {
	conn *net.UDPConn
	stop chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	keys   []byte        // still to be pressed
	idle   *sync.Cond    // keys is empty and the last one is let go
	busy   bool          // a key is down
	first  time.Time     // the first frame heard
	keyed  time.Time     // the last key was let go
	resume time.Time     // the first frame heard after that
	recent []int16       // the last listenTo that was heard
	tone   float64       // waited for by hear, or 0
	heard  chan struct{} // closed when tone is heard
	voice  []float64     // the tones that it sings; none is silence

	recording []int16 // everything that was heard
	keysHeard []byte  // the keys that the other side's telephone was told of (RFC 4733), a packet each

	wide   bool    // speaks and hears L16 at 16 kHz, and no tones
	speech []int16 // still to be spoken by a wide telephone
}

func newTelephone(t testing.TB) *telephone { return newTelephoneOf(t, false) }

// newTelephoneOf makes a wide telephone, one that a speech engine understands, or a usual one.
func newTelephoneOf(t testing.TB, wide bool) *telephone {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	p := &telephone{conn: conn, stop: make(chan struct{}), wide: wide}
	p.idle = sync.NewCond(&p.mu)
	p.done.Add(1)
	go p.listen()
	return p
}

// port is where FreeSWITCH has to send its sound to.
func (p *telephone) port() int { return p.conn.LocalAddr().(*net.UDPAddr).Port }

// connect begins to speak to FreeSWITCH's end of the media.
func (p *telephone) connect(port int) {
	p.done.Add(1)
	go p.speak(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
}

// hangUp ends the media. It may be called more than once.
func (p *telephone) hangUp() {
	p.mu.Lock()
	select {
	case <-p.stop:
	default:
		close(p.stop)
		p.conn.Close()
		p.idle.Broadcast()
	}
	p.mu.Unlock()
	p.done.Wait()
}

// press keys digits in and returns when the last key is let go, or the call is over.
func (p *telephone) press(digits string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, digits...)
	for (len(p.keys) > 0 || p.busy) && !p.over() {
		p.idle.Wait()
	}
}

func (p *telephone) over() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

// speak sends a frame every 20 ms until the call is over.
func (p *telephone) speak(to *net.UDPAddr) {
	defer p.done.Done()
	var (
		tick     = time.NewTicker(frame)
		seq      = uint16(rand.Uint32())
		sung     int
		stamp    = rand.Uint32()
		ssrc     = rand.Uint32()
		key      byte
		position int // frames since the key went down
		began    uint32
	)
	defer tick.Stop()
	send := func(marker bool, payloadType byte, stamp uint32, payload []byte) {
		b := make([]byte, 12, 12+len(payload))
		b[0], b[1] = 0x80, payloadType
		if marker {
			b[1] |= 0x80
		}
		binary.BigEndian.PutUint16(b[2:], seq)
		binary.BigEndian.PutUint32(b[4:], stamp)
		binary.BigEndian.PutUint32(b[8:], ssrc)
		_, _ = p.conn.WriteToUDP(append(b, payload...), to)
		seq++
	}
	samples := frameSamples
	if p.wide {
		samples = wideSamples
	}
	sound := make([]byte, frameSamples)
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		stamp += uint32(samples)
		p.mu.Lock()
		if key == 0 && len(p.keys) > 0 {
			key, p.keys, p.busy, position, began = p.keys[0], p.keys[1:], true, 0, stamp
		}
		if p.wide {
			sound = p.utter(sound)
		} else {
			sing(sound, sung, p.voice)
			sung += frameSamples
		}
		p.mu.Unlock()
		switch {
		case key != 0 && position < keyFrames:
			send(position == 0, eventType, began, keyEvent(key, (position+1)*samples, false))
		case key != 0 && position == keyFrames: // the end is said three times (RFC 4733, 2.5.1.4)
			p.mu.Lock()
			p.keyed, p.resume = time.Now(), time.Time{}
			p.mu.Unlock()
			for range 3 {
				send(false, eventType, began, keyEvent(key, position*samples, true))
			}
		default:
			send(false, p.soundType(), stamp, sound)
		}
		if key == 0 {
			continue
		}
		if position++; position > keyFrames+gapFrames {
			key = 0
			p.mu.Lock()
			if p.busy = false; len(p.keys) == 0 {
				p.idle.Broadcast()
			}
			p.mu.Unlock()
		}
	}
}

// sing has the telephone speak tones from now on, all at once, such as the two of a key; none is silence.
func (p *telephone) sing(hz ...float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.voice = hz
}

// heardSo is how much has been heard so far: the recording, and the keys told by RFC 4733.
func (p *telephone) heardSo() (recording []int16, keys []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.recording, p.keysHeard
}

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

// soundType is the payload type of sound.
func (p *telephone) soundType() byte {
	if p.wide {
		return wideType
	}
	return 0
}

// utter takes the next frame of what a wide telephone has to say, or silence.
func (p *telephone) utter(frame []byte) []byte {
	frame = frame[:0]
	for i := range wideSamples {
		var v int16
		if i < len(p.speech) {
			v = p.speech[i]
		}
		frame = binary.BigEndian.AppendUint16(frame, uint16(v))
	}
	p.speech = p.speech[min(wideSamples, len(p.speech)):]
	return frame
}

// say has a wide telephone speak samples at 16 kHz.
func (p *telephone) say(samples []int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.speech = append(p.speech, samples...)
}

// keyEvent is the payload of RFC 4733: event, end and volume, duration in samples.
func keyEvent(key byte, duration int, end bool) []byte {
	const volume = 10
	b := []byte{key - '0', volume, 0, 0}
	switch key {
	case '*':
		b[0] = 10
	case '#':
		b[0] = 11
	}
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], uint16(duration))
	return b
}

// listen keeps the last moments of what is heard.
func (p *telephone) listen() {
	defer p.done.Done()
	most := int(listenTo / frame * frameSamples)
	b := make([]byte, 2048)
	for {
		n, err := p.conn.Read(b)
		if err != nil {
			return
		}
		if n >= 16 && b[1]&0x7f == eventType {
			p.mu.Lock()
			p.keysHeard = append(p.keysHeard, b[12])
			p.mu.Unlock()
		}
		if n < 12 || b[1]&0x7f != p.soundType() {
			continue
		}
		p.mu.Lock()
		if p.first.IsZero() {
			p.first = time.Now()
		}
		if p.resume.IsZero() {
			p.resume = time.Now()
		}
		before := len(p.recent)
		if p.wide { // every other sample will do
			for i := 12; i+1 < n; i += 4 {
				p.recent = append(p.recent, int16(binary.BigEndian.Uint16(b[i:])))
			}
		} else {
			for _, c := range b[12:n] {
				p.recent = append(p.recent, linear(c))
			}
		}
		p.recording = append(p.recording, p.recent[before:]...)
		if extra := len(p.recent) - most; extra > 0 {
			p.recent = append([]int16(nil), p.recent[extra:]...)
		}
		if p.tone != 0 && has(p.recent, p.tone) {
			p.tone = 0
			close(p.heard)
		}
		p.mu.Unlock()
	}
}

// hear waits until a tone of this frequency is heard, alone or with another one, from now on. Every frame is listened to, however many come at once on
// a busy machine. It is for one goroutine at a time.
func (p *telephone) hear(hz float64, within time.Duration) bool {
	heard := make(chan struct{})
	p.mu.Lock()
	p.recent, p.tone, p.heard = nil, hz, heard
	p.mu.Unlock()
	select {
	case <-heard:
		return true
	case <-p.stop:
	case <-time.After(within):
	}
	p.mu.Lock()
	p.tone = 0
	p.mu.Unlock()
	return false
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
