package pbx

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	frame        = 20 * time.Millisecond
	frameSamples = 160 // at 8 kHz
	eventType    = 101 // telephone-event, as the caller's SDP offers it
	keyHeld      = 4   // frames
	keyGap       = 3
)

// phone is the media half of a caller, PCMU and keys of RFC 4733, as the telephone of the tests in freeswitch/ is. It
// remembers when it heard a sound first, and when first after the last key.
type phone struct {
	conn *net.UDPConn

	mu     sync.Mutex
	keys   []byte
	first  time.Time
	keyed  time.Time // the last key was let go
	resume time.Time // the first sound after that
	change chan struct{}
}

func newPhone() (*phone, error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	p := &phone{conn: conn, change: make(chan struct{}, 1)}
	go p.listen()
	return p, nil
}

func (p *phone) port() int { return p.conn.LocalAddr().(*net.UDPAddr).Port }

// close ends listening and speaking.
func (p *phone) close() { _ = p.conn.Close() }

// press keys digits in, from the next frame on.
func (p *phone) press(digits string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys, p.keyed, p.resume = []byte(digits), time.Time{}, time.Time{}
}

// heard waits for the first sound of all; after press, for the first one behind the last key, and returns when it was
// and when the key.
func (p *phone) heard(within time.Duration) (sound, key time.Time, ok bool) {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	for {
		p.mu.Lock()
		sound, key = p.first, p.keyed
		if p.keys != nil {
			sound = p.resume
		}
		p.mu.Unlock()
		if !sound.IsZero() {
			return sound, key, true
		}
		select {
		case <-p.change:
		case <-timeout.C:
			return sound, key, false
		}
	}
}

// listen hears until the phone is closed.
func (p *phone) listen() {
	b := make([]byte, 2048)
	for {
		n, err := p.conn.Read(b)
		if err != nil {
			return
		}
		if n <= 12 || b[1]&0x7f != 0 || !audible(b[12:n]) {
			continue
		}
		now := time.Now()
		p.mu.Lock()
		news := p.first.IsZero()
		if news {
			p.first = now
		}
		if !p.keyed.IsZero() && p.resume.IsZero() {
			p.resume, news = now, true
		}
		p.mu.Unlock()
		if news {
			select {
			case p.change <- struct{}{}:
			default:
			}
		}
	}
}

// audible says whether a frame of PCMU has a sample 50 dB under full scale or louder.
func audible(sound []byte) bool {
	for _, b := range sound {
		b = ^b
		if b>>4&7 > 0 || b&0x0f > 10 { // beyond about 90 of 32767
			return true
		}
	}
	return false
}

// speak sends a frame every 20 ms to FreeSWITCH's end of the media until the phone is closed: silence, and keys.
func (p *phone) speak(port int) {
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	seq, ssrc, stamp := uint16(rand.Uint32()), rand.Uint32(), rand.Uint32()
	silence := make([]byte, frameSamples)
	for i := range silence {
		silence[i] = 0xff
	}
	send := func(marker bool, kind byte, stamp uint32, payload []byte) error {
		b := make([]byte, 12, 12+len(payload))
		b[0], b[1] = 0x80, kind
		if marker {
			b[1] |= 0x80
		}
		binary.BigEndian.PutUint16(b[2:], seq)
		binary.BigEndian.PutUint32(b[4:], stamp)
		binary.BigEndian.PutUint32(b[8:], ssrc)
		seq++
		_, err := p.conn.WriteToUDP(append(b, payload...), to)
		return err
	}
	var key byte
	var last bool
	var down int
	var began uint32
	for next := time.Now(); ; next = next.Add(frame) {
		if late := time.Since(next); late > 0 && key != 0 {
			next = next.Add(late) // a key that is late lasts as long as it would
		}
		time.Sleep(time.Until(next))
		stamp += frameSamples
		if key == 0 {
			key, last = p.nextKey()
			down, began = 0, stamp
		}
		var err error
		switch {
		case key == 0 || down > keyHeld:
			err = send(false, 0, stamp, silence)
		case down < keyHeld:
			err = send(down == 0, eventType, began, keyEvent(key, (down+1)*frameSamples, false))
		default: // the end is said three times (RFC 4733, 2.5.1.4)
			if last {
				p.mu.Lock()
				p.keyed = time.Now()
				p.mu.Unlock()
			}
			for range 3 {
				err = send(false, eventType, began, keyEvent(key, down*frameSamples, true))
			}
		}
		if err != nil {
			return
		}
		if down++; down >= keyHeld+keyGap {
			key = 0
		}
	}
}

// nextKey takes a key; 0 if none is to be pressed.
func (p *phone) nextKey() (key byte, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.keys) == 0 {
		return 0, false
	}
	key, p.keys = p.keys[0], p.keys[1:]
	return key, len(p.keys) == 0
}

// keyEvent is the payload of RFC 4733: event, end and volume, duration in samples.
func keyEvent(key byte, duration int, end bool) []byte {
	const volume = 10
	b := []byte{key - '0', volume, 0, 0}
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], uint16(duration))
	return b
}
