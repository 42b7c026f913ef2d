package esl

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"countersign/esl/tap"
	"countersign/session"
	"countersign/session/sound"
)

const (
	// heardBefore is how much of what was heard before the caller was noticed to speak belongs to it.
	heardBefore = 600 * time.Millisecond
	// bytesPerSample of the sound.
	bytesPerSample = 2
)

// ear hears one answer: what FreeSWITCH records goes to the recogniser from when the caller begins to speak until they
// have ended. What it keeps is wiped.
type ear struct {
	by       session.Recogniser
	tap      *tap.Tap
	detector sound.Detector
	deaf     error // why nothing is heard
	// bytes are those of the frames heard last, and of one that is not complete yet.
	bytes, frame []byte
	heardAt      time.Time // of the last sound
	utterance    *sound.Utterance
	asked        bool // the recogniser has not answered yet
	askedAt      time.Time
	answer       chan recognised
	giveUp       context.CancelCauseFunc
}

// recognised is what a recogniser makes of an utterance.
type recognised struct {
	entry session.Entry
	err   error
}

// listen takes what was said since the last time, up to where the caller begins to speak, if they may: begins is then
// true. prompt says that a prompt is played meanwhile.
func (r *ear) listen(now time.Time, prompt, may bool) (begins bool, err error) {
	size := r.by.Rate() * bytesPerSample * int(sound.Frame) / int(time.Second)
	if r.bytes == nil {
		kept := size * int(heardBefore/sound.Frame)
		r.bytes, r.frame = make([]byte, 0, kept), make([]byte, 0, size)
	}
	for {
		n, err := r.tap.Read(r.frame[len(r.frame):size])
		if err != nil || n == 0 {
			return false, err
		}
		r.heardAt = now
		if r.frame = r.frame[:len(r.frame)+n]; len(r.frame) < size {
			continue
		}
		speaks := r.detector.Hear(r.frame, prompt)
		if r.utterance != nil {
			r.utterance.Write(r.frame)
		} else {
			r.keep()
		}
		r.frame = r.frame[:0]
		if speaks && may && r.utterance == nil {
			return true, nil
		}
	}
}

// keep keeps the frame, and forgets the oldest one if there is no room.
func (r *ear) keep() {
	if len(r.bytes)+len(r.frame) > cap(r.bytes) {
		r.bytes = r.bytes[:copy(r.bytes, r.bytes[len(r.frame):])]
	}
	r.bytes = append(r.bytes, r.frame...)
}

// ask begins to ask the recogniser what the caller says. They may speak for that long.
func (r *ear) ask(x session.Expected, grammar string, atMost time.Duration) {
	most := r.by.Rate() * bytesPerSample * int((heardBefore+atMost+time.Second)/time.Second+1)
	u := sound.NewUtterance(most)
	u.Write(r.bytes)
	ctx, cancel := context.WithCancelCause(context.Background())
	r.utterance, r.giveUp, r.asked, r.askedAt = u, cancel, true, time.Now()
	answer := r.answer
	go func() {
		var got recognised
		defer func() {
			if p := recover(); p != nil { // in one caller's answer
				got = recognised{err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
			}
			answer <- got
		}()
		got.entry, got.err = r.by.Recognise(ctx, x, grammar, u)
	}()
}

// isOver says whether the caller has ended, or has spoken for too long. A line that falls silent has ended, too.
func (r *ear) isOver(now time.Time, atMost time.Duration) bool {
	return r.detector.Quiet() >= endPause || now.Sub(r.heardAt) >= endPause || now.Sub(r.askedAt) >= atMost
}

// wipe ends everything and waits for the recogniser's answer, if it is still asked.
func (r *ear) wipe(why error) {
	_ = r.tap.Close()
	clear(r.bytes[:cap(r.bytes)])
	clear(r.frame[:cap(r.frame)])
	if r.utterance == nil {
		return
	}
	r.giveUp(why)
	_ = r.utterance.Close()
	if r.asked {
		got := <-r.answer // at once: it was given up
		got.entry.Wipe()
	}
}
