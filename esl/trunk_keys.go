package esl

import (
	"bytes"
	"context"
	"time"

	"countersign/session"
)

// Keys say how the keys of a trunk's callers come to us (docs/freeswitch.md#which-keys-count).
type Keys struct {
	// InBand says when FreeSWITCH looks for the tones of keys in the caller's sound.
	InBand InBand
	// Double is the time within which the same key once more is taken for the trunk's doing and dropped; 0 never drops a
	// key. With it, keys are taken one by one, because only so is it known when each came.
	Double time.Duration
}

// InBand says when tones of keys are looked for.
type InBand string

const (
	// InBandAuto looks for tones on calls whose SDP offers no telephone-event.
	InBandAuto   InBand = "auto"
	InBandAlways InBand = "always"
	InBandNever  InBand = "never"
)

// DefaultKeys never drop a key, and look for tones where nothing else can come.
func DefaultKeys() Keys { return Keys{InBand: InBandAuto} }

// LongestDouble bounds Keys.Double: whoever presses a key twice takes longer.
const LongestDouble = 150 * time.Millisecond

var (
	startTones = constant("start_dtmf", "")
	stopTones  = constant("stop_dtmf", "")
)

var telephoneEvent = []byte("telephone-event")

// keysCome reads how the call's keys come, and what is recorded of them, from the answer to connect.
func (ch *channel) keysCome(h header, trunk string) {
	keys := ch.c.limits.Keys(trunk)
	if ch.c.keys.double = min(keys.Double, LongestDouble); keys.Double > 0 {
		ch.c.keys.kept = map[byte]time.Time{}
	}
	switch keys.InBand {
	case InBandAlways:
		ch.inBand = true
	case InBandNever:
	default:
		offer, _ := h.raw("variable_switch_r_sdp")
		ch.inBand = len(offer) > 0 && !bytes.Contains(bytes.ToLower(offer), telephoneEvent)
	}
	name, _ := h.raw("variable_" + recordingOf)
	var named bool
	if ch.recording, named = newRecording(string(decoded(name)), ch.inBand); !named {
		ch.c.limits.Log.Warn("cs_recording is no usable path: recordings of the call are stopped before the first secret")
	}
}

// afterFacts are the commands that depend on what kind of call it is.
func (ch *channel) afterFacts() (commands []outgoing) {
	if ch.inBand {
		commands = append(commands, outgoing{text: startTones})
	}
	if ch.deadMan.to != "" {
		commands = append(commands, outgoing{text: ch.deadMan.on})
	}
	return commands
}

// beforeTransfer undoes what we do to the call's sound.
func (ch *channel) beforeTransfer() []outgoing {
	commands := ch.recording.end()
	if ch.inBand {
		commands = append(commands, outgoing{text: stopTones})
	}
	return commands
}

// isDouble says whether a key that came alone came before, so lately that no caller pressed it twice. Another key
// between the two changes nothing: the ends of two keys may come in turn. The lock is held.
func (k *keysAhead) isDouble(b []byte, at time.Time) bool {
	if k.kept == nil || len(b) != 1 {
		return false
	}
	if d := at.Sub(k.kept[b[0]]); d > -k.double && d < k.double { // FreeSWITCH's clock may have been set back
		return true
	}
	k.kept[b[0]] = at
	return false
}

// collectByKey is Collect on a trunk that doubles keys: any key ends the prompt, and the holder takes the others.
func (ch *channel) collectByKey(ctx context.Context, q session.Collect) (session.Entry, error) {
	if err := ch.play(ctx, q.Files, true); err != nil {
		return session.Entry{}, err
	}
	k := ch.c.keys
	for end := time.Now().Add(max(q.FirstDigit, time.Second)); k.count() == 0; {
		wait := time.Until(end)
		if wait <= 0 {
			return session.Entry{}, nil
		}
		timer := time.NewTimer(min(wait, rearmAfter))
		select {
		case <-k.pressed:
		case <-timer.C:
			if err := ch.c.send(ch.held()...); err != nil {
				ch.c.lost(err)
			}
		case <-ctx.Done():
			timer.Stop()
			return session.Entry{}, context.Cause(ctx)
		}
		timer.Stop()
		ch.c.waited()
	}
	return ch.collectRest(ctx, q)
}
