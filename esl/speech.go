package esl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/session"
)

// detectSpeech is the application that listens. It leaves what it heard in the variable detect_speech_result.
const detectSpeech = "play_and_detect_speech"

// stopListening ends an engine that never comes to an end by itself.
var stopListening = constant("detect_speech", "stop")

const (
	// listenSlack is how long an engine may take beyond the times that it was given.
	listenSlack = 2 * time.Second
	// pauseEnds is how long a silence ends what is said, for engines that have no other end (pocketsphinx).
	pauseEnds = time.Second
)

// Listen implements session.Channel. The words travel in one completion event: the variable is unset by the next action of the same little dialplan, so
// that no event and no call record after it has them. The prompt is played before the engine listens, because an engine's time for the first word runs from
// its start (pocketsphinx).
func (ch *channel) Listen(ctx context.Context, l session.Listen) (session.Heard, error) {
	arg, err := listen(l)
	if err != nil {
		return session.Heard{}, err
	}
	if err := ch.Play(ctx, l.Files); err != nil {
		return session.Heard{}, fmt.Errorf("listen: %w", err)
	}
	var got heard
	x, cmd, err := ch.c.start("execute_extension", arg, nil)
	if err != nil {
		return session.Heard{}, err
	}
	x.inside, x.read = detectSpeech, got.read
	x.patience, x.stop = l.Start+l.Speech+listenSlack, stopListening
	err = ch.c.wait(ctx, x, cmd)
	defer clear(got.result)
	switch {
	case err != nil && (context.Cause(ctx) != nil || errors.Is(err, session.ErrLineLost)):
		return session.Heard{}, fmt.Errorf("listen: %w", err)
	case err != nil:
		return session.Heard{}, fmt.Errorf("listen with %s: %w: %w", l.Engine, session.ErrNoSpeech, err)
	}
	h, err := got.classify(x.stopped)
	if err != nil {
		return session.Heard{}, fmt.Errorf("listen with %s for %s: %w: %w", l.Engine, l.Grammar, session.ErrNoSpeech, err)
	}
	return h, nil
}

// listen builds a dialplan of two actions for execute_extension: listen, and forget. Sent one after the other with event-lock, the second would wait in
// the queue just as well, but so would everything that could stop an engine that hangs.
func listen(l session.Listen) (string, error) {
	if !session.IsEngine(l.Engine) {
		return "", fmt.Errorf("%w: speech engine %q: only letters, digits and _ : . - may be in its name", ErrUnsafeValue, l.Engine)
	}
	if !session.IsGrammar(l.Grammar) {
		return "", fmt.Errorf("%w: grammar %.80q: only letters, digits and _ : / . - may be in its name", ErrUnsafeValue, l.Grammar)
	}
	if l.Start <= 0 || l.Speech <= 0 {
		return "", fmt.Errorf("%w: %s to begin to speak, %s to speak", ErrUnsafeValue, l.Start, l.Speech)
	}
	before, after := "", "~unset:detect_speech_result"
	if l.OptOut != 0 {
		if !strings.ContainsRune(optOutKeys, rune(l.OptOut)) {
			return "", fmt.Errorf("%w: opt-out key %q", ErrUnsafeValue, l.OptOut)
		}
		before = "set:playback_terminators=" + string(rune(l.OptOut)) + "~unset:playback_terminator_used~"
		after += "~unset:playback_terminators~unset:playback_terminator_used"
	}
	return fmt.Sprintf("'m:~:%s%s:silence_stream://10 detect:%s {start-input-timers=true,no-input-timeout=%d,recognition-timeout=%d,speech-timeout=%d}%s%s' inline",
		before, detectSpeech, l.Engine, milliseconds(l.Start), milliseconds(l.Speech), milliseconds(pauseEnds), l.Grammar, after), nil
}

// heard is what the completion of play_and_detect_speech says, copied out of the event.
type heard struct {
	response string
	result   []byte
}

var heardLines = []string{"Application-Response", "variable_detect_speech_result"}

func (g *heard) read(h header) {
	var v [2][]byte
	h.pick(heardLines, v[:])
	clear(g.result)
	g.response, g.result = string(decoded(v[0])), decoded(v[1])
}

// classify says what came of listening. stopped is whether the engine had to be stopped, so that it said nothing.
func (g *heard) classify(stopped bool) (session.Heard, error) {
	switch {
	case g.response == "":
		return session.Heard{}, errors.New("FreeSWITCH did not listen")
	case g.response != "DONE":
		return session.Heard{}, fmt.Errorf("FreeSWITCH says %.40q: check that the engine's module is loaded, and that the grammar is there", g.response)
	case len(g.result) == 0 && stopped:
		return session.Heard{Class: session.NoMatch}, nil // something was said that the engine could make nothing of
	case len(g.result) == 0:
		return session.Heard{}, errors.New("the engine ended without a result")
	}
	return readResult(g.result)
}
