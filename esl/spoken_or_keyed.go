package esl

import (
	"context"
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
	if r, own := ch.c.limits.Recognisers[q.Speech.Engine]; own {
		return ch.collectRecognised(ctx, q, r)
	}
	q.FirstDigit = min(q.FirstDigit, longestStart)
	arg, err := listenForKeys(q)
	if err != nil {
		return session.Entry{}, err
	}
	var got heard
	defer got.wipe()
	read := func(h header) {
		got.read(h)
		if key, ok := got.key(); ok {
			at, _ := h.raw("Event-Date-Timestamp")
			ch.c.keys.put([]byte{key}, eventTime(at))
		}
	}
	atMost := length(q.Files) + q.FirstDigit + q.Speech.Length
	stopped, err := ch.hear(ctx, q.Speech.Engine, arg, atMost, read, ch.another()...)
	if err != nil {
		return session.Entry{}, err
	}
	if _, keyed := got.key(); keyed || ch.c.keys.count() > 0 {
		return ch.collectRest(ctx, q)
	}
	h, err := got.classify(q.Speech.Engine, q.Speech.Grammar, stopped)
	if err != nil {
		return session.Entry{}, err
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
