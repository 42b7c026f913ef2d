package esl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"countersign/session"
)

const (
	// longestPrompt is taken for a prompt whose length cannot be told.
	longestPrompt = 15 * time.Second
	// longestStart bounds the time for the first word, so that a hung engine is not waited for in silence.
	longestStart = 5 * time.Second
	// narrow is how many bytes of a prompt of 8 kHz, mono, 16 bits are a second; a file of another kind has more of them.
	narrow = 16000
)

// collectSpoken plays the prompt and waits for the first key or for words, whichever comes first. After a key the
// holder takes the rest of the entry. ErrNoSpeech means that nothing was asked yet, or that the engine failed.
//
// The prompt is played by the application that listens, so that both keys and speech end it. The dead-man switch allows
// for its length.
func (ch *channel) collectSpoken(ctx context.Context, q session.Collect) (session.Entry, error) {
	q.FirstDigit = min(q.FirstDigit, longestStart)
	arg, err := listenForKeys(q)
	if err != nil {
		return session.Entry{}, err
	}
	var got heard
	x, cmd, err := ch.c.start("execute_extension", arg, nil)
	if err != nil {
		return session.Entry{}, err
	}
	x.inside = detectSpeech
	x.read = func(h header) {
		got.read(h)
		if key, ok := got.key(); ok {
			at, _ := h.raw("Event-Date-Timestamp")
			ch.c.keys.put([]byte{key}, eventTime(at))
		}
	}
	x.patience, x.stop = length(q.Files)+q.FirstDigit+q.Speech.Length+listenSlack, stopListening
	commands := append(ch.another(), ch.recording.commands()...)
	if ch.deadMan.to != "" { // it cannot be queued behind an application without event-lock
		commands = append(commands, outgoing{text: ch.deadMan.off},
			outgoing{text: ch.deadMan.after(x.patience + hearAtMost)})
	}
	err = ch.c.wait(ctx, x, append(commands, cmd)...)
	defer clear(got.result)
	switch {
	case err != nil && (context.Cause(ctx) != nil || errors.Is(err, session.ErrLineLost)):
		return session.Entry{}, fmt.Errorf("listen: %w", err)
	case err != nil:
		return session.Entry{}, fmt.Errorf("listen with %s: %w: %w", q.Speech.Engine, session.ErrNoSpeech, err)
	}
	ch.listened = true
	if _, keyed := got.key(); keyed || ch.c.keys.count() > 0 {
		return ch.collectRest(ctx, q)
	}
	h, err := got.classify(x.stopped)
	if err != nil {
		return session.Entry{}, fmt.Errorf(
			"listen with %s for %s: %w: %w", q.Speech.Engine, q.Speech.Grammar, session.ErrNoSpeech, err)
	}
	return session.Entry{Class: h.Class, Words: h.Words, Confidence: h.Confidence, Spoken: h.Class != session.NoInput}, nil
}

// listenForKeys builds an inline dialplan for execute_extension, as listen does; every key ends the listening.
func listenForKeys(q session.Collect) (string, error) {
	l := session.Listen{
		Engine: q.Speech.Engine, Grammar: q.Speech.Grammar, Start: q.FirstDigit, Speech: q.Speech.Length,
	}
	if err := checkListen(l); err != nil {
		return "", err
	}
	prompt, err := playable(q.Files, false)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(prompt, "~ ") {
		return "", fmt.Errorf("%w: file name %q: FreeSWITCH cannot play it while it listens: use a path without space and ~",
			session.ErrNoSpeech, prompt)
	}
	return fmt.Sprintf("'m:~:set:playback_terminators=%s~unset:playback_terminator_used~%s:%s detect:%s %s%s"+
		"~unset:detect_speech_result~unset:playback_terminators~unset:playback_terminator_used' inline",
		allKeys, detectSpeech, prompt, l.Engine, timers(l, false), l.Grammar), nil
}

// key is the key that ended the listening.
func (g *heard) key() (key byte, ok bool) {
	const digit = "DIGIT: "
	if len(g.result) != len(digit)+1 || string(g.result[:len(digit)]) != digit {
		return 0, false
	}
	return g.result[len(digit)], true
}

// length is how long prompts take, or a little more.
func length(files []string) (all time.Duration) {
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.IsDir() {
			return longestPrompt
		}
		all += time.Duration(info.Size()) * time.Second / narrow
	}
	return min(all, longestPrompt)
}
