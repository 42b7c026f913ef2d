package esl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/session"
)

// detectSpeech is the application that listens. It leaves the result in the variable detect_speech_result.
const detectSpeech = "play_and_detect_speech"

// stopListening stops an engine that does not end by itself.
var stopListening = constant("detect_speech", "stop")

const (
	// listenSlack is how long an engine may exceed its timers.
	listenSlack = 2 * time.Second
	// endPause is the silence that ends an utterance, for engines that have no other end (pocketsphinx).
	endPause = time.Second
)

// Listen implements session.Channel. The words travel in one completion event: the next action of the same inline
// dialplan unsets the variable, so no later event and no call record has them. The prompt is played before the engine
// listens, because pocketsphinx counts the time for the first word from its own start.
func (ch *channel) Listen(ctx context.Context, l session.Listen) (session.Heard, error) {
	arg, err := listen(l)
	if err != nil {
		return session.Heard{}, err
	}
	if _, optedOut := ch.c.keys.drop(l.OptOut); optedOut {
		return session.Heard{Class: session.OptedOut}, nil
	}
	ch.recording.question(l.Secret)
	if err := ch.play(ctx, l.Files, false); err != nil {
		return session.Heard{}, fmt.Errorf("listen: %w", err)
	}
	if r, own := ch.c.limits.Recognisers[l.Engine]; own {
		return ch.listenRecognised(ctx, l, r)
	}
	var got heard
	defer got.wipe()
	stopped, err := ch.hear(ctx, l.Engine, arg, l.Start+l.Speech, got.read)
	if err != nil {
		return session.Heard{}, err
	}
	return got.classify(l.Engine, l.Grammar, stopped)
}

// hear runs an inline dialplan in which an engine listens for no longer than atMost, after other commands. read gets
// the engine's completion; stopped says that it did not end by itself. ErrNoSpeech means that the engine failed.
func (ch *channel) hear(
	ctx context.Context, engine, arg string, atMost time.Duration, read func(header), before ...outgoing,
) (stopped bool, err error) {
	x, cmd, err := ch.c.start("execute_extension", arg, nil)
	if err != nil {
		return false, err
	}
	x.inside, x.read = detectSpeech, read
	x.patience, x.stop = atMost+listenSlack, stopListening
	commands := append(before, ch.recording.commands()...)
	if ch.deadMan.to != "" { // it cannot be queued behind an application without event-lock
		commands = append(commands, outgoing{text: ch.deadMan.off},
			outgoing{text: ch.deadMan.after(x.patience + hearAtMost)})
	}
	err = ch.c.wait(ctx, x, append(commands, cmd)...)
	switch {
	case err != nil && (context.Cause(ctx) != nil || errors.Is(err, session.ErrLineLost)):
		return false, fmt.Errorf("listen: %w", err)
	case err != nil:
		return false, fmt.Errorf("listen with %s: %w: %w", engine, session.ErrNoSpeech, err)
	}
	ch.listened = true
	return x.stopped, nil
}

// listen builds an inline dialplan of two actions for execute_extension: listen, and unset the result. Two applications
// with event-lock would do the same, but a command that stops a hanging engine would then wait behind them.
func listen(l session.Listen) (string, error) {
	if err := checkListen(l); err != nil {
		return "", err
	}
	before, after := "", "~unset:detect_speech_result"
	if l.OptOut != 0 {
		if !strings.ContainsRune(optOutKeys, rune(l.OptOut)) {
			return "", fmt.Errorf("%w: opt-out key %q", ErrUnsafeValue, l.OptOut)
		}
		before = "set:playback_terminators=" + string(rune(l.OptOut)) + "~unset:playback_terminator_used~"
		after += "~unset:playback_terminators~unset:playback_terminator_used"
	}
	return fmt.Sprintf("'m:~:%s%s:silence_stream://10 detect:%s %s%s%s' inline",
		before, detectSpeech, l.Engine, timers(l, true), l.Grammar, after), nil
}

// timers are the engine's parameters. Its time for the first word runs from its start, or from the end of the prompt.
func timers(l session.Listen, fromStart bool) string {
	return fmt.Sprintf("{start-input-timers=%t,no-input-timeout=%d,recognition-timeout=%d,speech-timeout=%d}",
		fromStart, milliseconds(l.Start), milliseconds(l.Speech), milliseconds(endPause))
}

func checkListen(l session.Listen) error {
	if !session.IsEngine(l.Engine) {
		return fmt.Errorf("%w: speech engine %q: use only letters, digits and _ : . -", ErrUnsafeValue, l.Engine)
	}
	if !session.IsGrammar(l.Grammar) {
		return fmt.Errorf("%w: grammar %.80q: use only letters, digits and _ : / . -", ErrUnsafeValue, l.Grammar)
	}
	if l.Start <= 0 || l.Speech <= 0 {
		return fmt.Errorf("%w: %s to start speaking, %s to speak", ErrUnsafeValue, l.Start, l.Speech)
	}
	return nil
}

// heard is the result of play_and_detect_speech, copied out of its completion.
type heard struct {
	response string
	result   []byte
}

const (
	lineResponse = iota
	lineSpeechResult
	heardCount
)

var heardLines = linesOf([]string{
	lineResponse: "Application-Response", lineSpeechResult: "variable_detect_speech_result",
}...)

func (g *heard) read(h header) {
	var v [heardCount][]byte
	h.pick(heardLines, v[:])
	clear(g.result)
	g.response, g.result = string(decoded(v[lineResponse])), decoded(v[lineSpeechResult])
}

func (g *heard) wipe() { clear(g.result) }

// classify is the outcome of listening. stopped says that the engine had to be stopped, so there is no result.
func (g *heard) classify(engine, grammar string, stopped bool) (session.Heard, error) {
	h, err := g.outcome(stopped)
	if err != nil {
		return session.Heard{}, fmt.Errorf("listen with %s for %s: %w: %w", engine, grammar, session.ErrNoSpeech, err)
	}
	return h, nil
}

func (g *heard) outcome(stopped bool) (session.Heard, error) {
	switch {
	case g.response == "":
		return session.Heard{}, errors.New("FreeSWITCH did not listen")
	case g.response != "DONE":
		return session.Heard{}, fmt.Errorf(
			"FreeSWITCH says %.40q: check that the engine's module is loaded and that the grammar exists", g.response)
	case len(g.result) == 0 && stopped:
		return session.Heard{Class: session.NoMatch}, nil // the engine recognised nothing
	case len(g.result) == 0:
		return session.Heard{}, errors.New("the engine ended without a result")
	}
	return readResult(g.result)
}
