package freeswitch_test

import (
	"encoding/binary"
	"time"
)

// listen hears until the call is over.
func (p *telephone) listen() {
	defer p.done.Done()
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
		if n >= 12 && b[1]&0x7f == p.soundType() {
			p.take(b[12:n])
		}
	}
}

// take records a frame of sound and keeps the last moments of what is heard.
func (p *telephone) take(sound []byte) {
	most := int(listenTo / frame * frameSamples)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first.IsZero() {
		p.first = time.Now()
	}
	if p.resume.IsZero() {
		p.resume = time.Now()
	}
	before := len(p.recent)
	if p.wide { // every other sample will do
		for i := 0; i+1 < len(sound); i += 4 {
			p.recent = append(p.recent, int16(binary.BigEndian.Uint16(sound[i:])))
		}
	} else {
		for _, c := range sound {
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
}

// heardSo is how much has been heard so far: the recording, and the keys told by RFC 4733.
func (p *telephone) heardSo() (recording []int16, keys []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.recording, p.keysHeard
}

// hear waits until a tone of this frequency is heard, alone or with another one, from now on. Every frame is listened
// to, however many come at once on a busy machine. It is for one goroutine at a time.
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
