package esl

import (
	"context"
	"time"

	"countersign/session"
)

// rearmAfter is when the dead-man switch is armed anew while the holder takes an entry.
const rearmAfter = 5 * time.Second

// collectRest waits for the rest of an entry that the caller has begun. The holder takes it key by key, so that no
// question begins in the middle of it.
func (ch *channel) collectRest(ctx context.Context, q session.Collect) (session.Entry, error) {
	k := ch.c.keys
	for armed := time.Now(); ; {
		if e, complete := k.entry(q); complete {
			return e, nil
		}
		_, came := k.times()
		wait := max(q.InterDigit, time.Second) - time.Since(came)
		if wait <= 0 {
			return k.finish(q), nil
		}
		commands := append(ch.another(), ch.recording.commands()...)
		if time.Since(armed) > rearmAfter {
			commands, armed = append(commands, ch.deadMan.around()...), time.Now()
		}
		if err := ch.c.send(commands...); err != nil {
			ch.c.lost(err)
		}
		timer := time.NewTimer(min(wait, rearmAfter))
		select {
		case <-k.pressed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return session.Entry{}, context.Cause(ctx)
		}
		timer.Stop()
		ch.c.waited()
	}
}

// another starts another holder if it is time for one.
func (ch *channel) another() []outgoing {
	if !ch.c.keys.another() {
		return nil
	}
	return []outgoing{{text: hold}}
}

const (
	// pause is the silence that separates what a caller keys in one go from what they key next
	// (docs/policy.md#type-ahead).
	pause = 1500 * time.Millisecond
	// longestRun bounds how long the end of keys in one go is waited for. It must be shorter than silenceAtMost.
	longestRun = 10 * time.Second
)

// discard forgets what the caller has keyed behind a refused entry, up to their next pause. Meanwhile it plays files,
// which tell them that it was refused; a key in the same go stops them, and they are played again after the pause.
// optedOut says that the opt-out key was pressed. A key after a pause is an answer and stays.
func (ch *channel) discard(ctx context.Context, files []string, optOut byte) (optedOut bool, err error) {
	k := ch.c.keys
	for end := time.Now().Add(longestRun); ; {
		optedOut, err := ch.awaitPause(ctx, optOut, end)
		if optedOut || err != nil || len(files) == 0 {
			return optedOut, err
		}
		before, _ := k.times()
		if err := ch.play(ctx, files, true); err != nil {
			return false, err
		}
		if after, _ := k.times(); after.Equal(before) || after.Sub(before) >= pause || time.Now().After(end) {
			return false, nil
		}
	}
}

// awaitPause drops keys until none has come for a pause.
func (ch *channel) awaitPause(ctx context.Context, optOut byte, end time.Time) (optedOut bool, err error) {
	k := ch.c.keys
	for keying := false; ; {
		dropped, optedOut := k.drop(optOut)
		keying = keying || dropped > 0
		_, came := k.times()
		wait := min(pause-time.Since(came), time.Until(end))
		if optedOut || !keying || wait <= 0 {
			return optedOut, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-k.pressed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false, context.Cause(ctx)
		}
		timer.Stop()
		ch.c.waited()
	}
}
