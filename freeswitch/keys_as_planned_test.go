package freeswitch_test

import (
	"fmt"
	"time"
)

// planned is a frame of 20 ms as a telephone or a gateway sends it: packets of keys (RFC 4733), or sound, or both.
type planned struct {
	packets []keyPacket
	voice   []float64 // tones in the sound
	lost    bool      // nothing arrives

	stamp uint32 // of the plan's first frame
	nth   int    // in the plan
}

// keyPacket is a packet of a key. Began is the frame of the plan in which the key was pressed, which is its timestamp;
// Later is added to that, in samples, as no telephone should.
type keyPacket struct {
	Key    byte
	Began  int
	Later  uint32
	Frames int // its duration so far
	End    bool
}

// keyPlan is what a telephone sends, frame by frame.
type keyPlan []planned

// at adds packets in a frame.
func (p keyPlan) at(frame int, packets ...keyPacket) keyPlan {
	p = p.until(frame + 1)
	p[frame].packets = append(p[frame].packets, packets...)
	return p
}

// until adds silence, up to so many frames.
func (p keyPlan) until(frames int) keyPlan {
	for len(p) < frames {
		p = append(p, planned{})
	}
	return p
}

// pressed adds a key from one frame on for a number of frames, with its end said three times, as a good telephone does.
func (p keyPlan) pressed(key byte, from, frames int) keyPlan {
	return p.held(key, from, from, frames).ended(key, from, from+frames, frames, 3)
}

// held adds the packets of a key that is down, without its end. began is its timestamp.
func (p keyPlan) held(key byte, began, from, frames int) keyPlan {
	for i := range frames {
		p = p.at(from+i, keyPacket{Key: key, Began: began, Frames: from - began + i + 1})
	}
	return p
}

// ended adds the end of a key, in one frame, so many times.
func (p keyPlan) ended(key byte, began, at, frames, times int) keyPlan {
	for range times {
		p = p.at(at, keyPacket{Key: key, Began: began, Frames: frames, End: true})
	}
	return p
}

// sounded adds the tones of a key to the sound.
func (p keyPlan) sounded(key byte, from, frames int) keyPlan {
	p = p.until(from + frames)
	for i := range frames {
		p[from+i].voice = tonesOf(key)
	}
	return p
}

// sung adds tones for a number of frames.
func (p keyPlan) sung(frames int, hz ...float64) keyPlan {
	for range frames {
		p = append(p, planned{voice: hz})
	}
	return p
}

// losing has frames not arrive.
func (p keyPlan) losing(frames ...int) keyPlan {
	for _, f := range frames {
		p[f].lost = true
	}
	return p
}

// follow has the telephone send a plan from the next frame on, and returns when that is sent, or the call is over.
func (p *telephone) follow(plan keyPlan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, f := range plan {
		f.nth = i
		p.plan = append(p.plan, f)
	}
	for len(p.plan) > 0 && !p.over() {
		p.idle.Wait()
	}
}

// nextPlanned takes the next frame of a plan, if there is one. The lock is held.
func (p *telephone) nextPlanned(stamp uint32) (f planned, ok bool) {
	if len(p.plan) == 0 {
		return planned{}, false
	}
	f, p.plan = p.plan[0], p.plan[1:]
	f.stamp = stamp - uint32(f.nth*frameSamples)
	if len(p.plan) == 0 {
		p.idle.Broadcast()
	}
	return f, true
}

func (f planned) send(out *sender, stamp uint32) {
	if f.lost {
		out.seq += uint16(max(1, len(f.packets)))
		return
	}
	if len(f.packets) == 0 || f.voice != nil {
		sound := make([]byte, frameSamples)
		sing(sound, f.nth*frameSamples, f.voice)
		out.send(false, 0, stamp, sound)
	}
	for _, k := range f.packets {
		began := f.stamp + uint32(k.Began*frameSamples) + k.Later
		out.send(k.Frames == 1 && !k.End, eventType, began, keyEvent(k.Key, k.Frames*frameSamples, k.End))
	}
}

// tonesOf are the two tones of a key, in Hz.
func tonesOf(key byte) []float64 {
	for row, keys := range []string{"123A", "456B", "789C", "*0#D"} {
		for column := range keys {
			if keys[column] == key {
				return []float64{keyRows[row], keyColumns[column]}
			}
		}
	}
	panic(fmt.Sprintf("%q is no key", key))
}

// infoKey is a key that is told by SIP INFO.
type infoKey struct {
	After      time.Duration // since the one before, or the answer
	Type, Body string
}

// relayed is a key as application/dtmf-relay tells it.
func relayed(key string, lasts time.Duration) infoKey {
	return infoKey{After: 300 * time.Millisecond, Type: "application/dtmf-relay",
		Body: fmt.Sprintf("Signal=%s\nDuration=%d", key, lasts.Milliseconds())}
}

// told is a key as application/dtmf tells it.
func told(body string) infoKey {
	return infoKey{After: 300 * time.Millisecond, Type: "application/dtmf", Body: body}
}

// info is what the scenario of SIPp needs of the keys.
func (d *dial) info() (keys []map[string]any) {
	for i, k := range d.Info {
		keys = append(keys, map[string]any{"PauseMilliseconds": k.After.Milliseconds(), "Type": k.Type, "Body": k.Body,
			"CSeq": 2 + i})
	}
	return keys
}
