package freeswitch_test

import (
	"encoding/binary"
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
	keyFrames    = 5   // unless it is told a pace, a key is held for 100 ms …
	gapFrames    = 4   // … and let go for 80 ms, faster than most people
	// listenTo is how much sound a tone is looked for in.
	listenTo = 100 * time.Millisecond
)

// telephone is the media half of a caller or an agent: RTP with PCMU both ways, keys as RFC 4733 events. It speaks
// silence between keys, as a quiet caller's telephone does, unless it is told to sing. It records what it hears.
type telephone struct {
	conn *net.UDPConn
	stop chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	keys   []byte        // still to be pressed
	held   int           // frames for which a key is held
	gap    int           // frames between two keys
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

	plan        []planned // frames still to be sent in place of sound (keys_as_planned_test.go)
	planned     bool      // their time is not over
	planHasKeys bool      // packets of keys, not sound alone
}

func newTelephone(t testing.TB) *telephone { return newTelephoneOf(t, false) }

// newTelephoneOf makes a wide telephone, one that a speech engine understands, or a usual one.
func newTelephoneOf(t testing.TB, wide bool) *telephone {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	p := &telephone{conn: conn, stop: make(chan struct{}), wide: wide, held: keyFrames, gap: gapFrames}
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

// pace has the telephone press a key each so often from now on, in whole frames; at least three.
func (p *telephone) pace(each time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	frames := int(each / frame)
	p.held = min(frames-1, keyFrames)
	p.gap = frames - p.held
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

// lateAtMost is how much sound a telephone that was held up sends at once, as a network does; FreeSWITCH reads a frame
// every 20 ms. After a longer time it goes on where it was.
const lateAtMost = 500 * time.Millisecond

// speak sends a frame every 20 ms until the call is over.
func (p *telephone) speak(to *net.UDPAddr) {
	defer p.done.Done()
	out := sender{conn: p.conn, to: to, seq: uint16(rand.Uint32()), ssrc: rand.Uint32()}
	samples := frameSamples
	if p.wide {
		samples = wideSamples
	}
	var (
		stamp = rand.Uint32()
		sung  int
		sound = make([]byte, frameSamples)
		down  keyDown
	)
	for next := time.Now(); p.awaits(next); {
		p.mu.Lock()
		next = p.after(next, down)
		stamp += uint32(samples)
		if down.key == 0 && len(p.keys) > 0 {
			down, p.keys, p.busy = keyDown{key: p.keys[0], began: stamp, held: p.held, gap: p.gap}, p.keys[1:], true
		}
		if p.wide {
			sound = p.utter(sound)
		} else {
			sing(sound, sung, p.voice)
			sung += frameSamples
		}
		plan, isPlanned := p.nextPlanned(stamp)
		p.mu.Unlock()
		if isPlanned {
			plan.send(&out, stamp)
			continue
		}
		if !p.sendKey(&out, &down, samples) {
			out.send(false, p.soundType(), stamp, sound)
		}
		p.letGo(&down)
	}
}

// keyDown is the key that a telephone presses, 0 for none, since how many frames and since when.
type keyDown struct {
	key    byte
	frames int
	began  uint32
	held   int
	gap    int
}

// awaits waits until the next frame is due; false when the call is over. A tone that was begun is sent to its end at
// once: FreeSWITCH reads it at its own pace, and hears no gap in it, however late a busy machine lets this telephone
// speak.
func (p *telephone) awaits(next time.Time) bool {
	p.mu.Lock()
	begun := len(p.plan) > 0 && p.plan[0].begun
	p.mu.Unlock()
	if begun {
		return !p.over()
	}
	select {
	case <-p.stop:
		return false
	case <-time.After(time.Until(next)):
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.planned && len(p.plan) == 0 {
		p.planned = false
		p.idle.Broadcast()
	}
	return true
}

// after is when the frame after the one of a time is due. Sound that is late is made up for; keys are not, since how
// long they and the pauses between them last counts. The lock is held.
func (p *telephone) after(this time.Time, down keyDown) time.Time {
	most := lateAtMost
	if down.key != 0 || len(p.keys) > 0 || p.planned && p.planHasKeys {
		most = 0
	}
	if earliest := time.Now().Add(-most); this.Before(earliest) {
		this = earliest
	}
	return this.Add(frame)
}

// sendKey sends what this frame has to say of a key; false if it has sound in it.
func (p *telephone) sendKey(out *sender, down *keyDown, samples int) bool {
	switch {
	case down.key != 0 && down.frames < down.held:
		out.send(down.frames == 0, eventType, down.began, keyEvent(down.key, (down.frames+1)*samples, false))
		return true
	case down.key != 0 && down.frames == down.held: // the end is said three times (RFC 4733, 2.5.1.4)
		p.mu.Lock()
		p.keyed, p.resume = time.Now(), time.Time{}
		p.mu.Unlock()
		for range 3 {
			out.send(false, eventType, down.began, keyEvent(down.key, down.frames*samples, true))
		}
		return true
	}
	return false
}

// letGo counts a frame of a key, and after the gap behind it makes room for the next one.
func (p *telephone) letGo(down *keyDown) {
	if down.key == 0 {
		return
	}
	if down.frames++; down.frames < down.held+down.gap {
		return
	}
	down.key = 0
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy = false; len(p.keys) == 0 {
		p.idle.Broadcast()
	}
}

// sing has the telephone speak tones from now on, all at once, such as the two of a key; none is silence.
func (p *telephone) sing(hz ...float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.voice = hz
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
