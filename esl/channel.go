package esl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/session"
)

// ErrUnplayable: FreeSWITCH could not play a prompt, and so did not collect digits either.
var ErrUnplayable = errors.New("FreeSWITCH cannot play the prompt: " +
	"check that the file exists on its machine and that its user may read it")

// digits is the channel variable that play_and_get_digits fills.
const digits = "cs_digits"

// Arguments of multiset. FreeSWITCH unsets a variable that is given no value.
const (
	// hideDigits keeps digits out of FreeSWITCH's log, events and CDRs while the call is ours, and unsets a token, which
	// the answer to connect has given us: it stays out of the call record of a caller who hangs up.
	hideDigits = "^^|sensitive_dtmf=true|read_terminator_used=|cs_token=|sip_h_X-Countersign-Token=" + joinFiles
	// joinFiles has the files of a prompt played one after the other, without the 250 ms between them.
	joinFiles = "|playback_delimiter=" + fileDelimiter + "|playback_sleep_val=0"
	// unsetDigits removes what was keyed. FreeSWITCH never clears read_terminator_used by itself.
	unsetDigits = "^^|" + digits + "=|read_terminator_used="
	// releaseCall undoes hideDigits and joinFiles, unsets what counted for this time only (a token, a step-up), and takes the call out
	// of our hands: with socket_resume still set, FreeSWITCH resets a call that was transferred long ago as soon as our
	// connection ends, and the caller is left in dead air (seen on 1.10.12).
	releaseCall = "^^|sensitive_dtmf=|playback_delimiter=|playback_sleep_val=|socket_resume=|cs_token=|sip_h_X-Countersign-Token=" +
		"|nolocal:sip_h_X-Countersign-Token=|cs_need_level=|cs_return=|cs_when_hung="
)

// Commands that are the same on every call.
var (
	// Filters go before myevents, so that no other event slips through between them.
	openCall = connect + strings.Join(filters[:], "") + myEvents +
		constant("multiset", hideDigits) + answerAndHold
	clearDigits = constant("multiset", unsetDigits)
	// Around a playback that any key ends.
	anyKeyEnds = constant("multiset", "^^|playback_terminators="+allKeys)
	noKeyEnds  = constant("multiset", "^^|playback_terminators=|playback_terminator_used=")
	disarm     = constant("sched_cancel", "")
)

// openCommands is the number of commands in openCall.
const openCommands = 4 + len(filters)

// constant builds a command whose completion nobody waits for.
func constant(application, arg string) string {
	text, err := execute(application, arg, "")
	if err != nil {
		panic(err)
	}
	return text
}

// channel is a session.Channel on the wire, used by the call's goroutine.
type channel struct {
	c       *conn
	deadMan deadMan
	// listened says that a speech engine is attached to the call, paused.
	listened bool
	// inBand: FreeSWITCH looks for the tones of keys in the caller's sound.
	inBand bool
	// recording is what FreeSWITCH records of the call.
	recording recording
	// deaf has the recognisers of the company's own that have failed in this call.
	deaf map[string]bool
}

var _ session.Channel = (*channel)(nil)

// Play implements session.Channel.
func (ch *channel) Play(ctx context.Context, files []string) error {
	ch.recording.prompt()
	return ch.play(ctx, files, false)
}

// Fill implements session.Channel.
func (ch *channel) Fill(ctx context.Context, files []string) error {
	ch.recording.prompt()
	return ch.play(ctx, files, true)
}

// play plays files to their end, or until a key ends them, which then begins the next entry.
func (ch *channel) play(ctx context.Context, files []string, keyEnds bool) error {
	if len(files) == 0 {
		return nil
	}
	arg, err := playable(files, false)
	if err != nil {
		return err
	}
	played := true
	x, cmd, err := ch.c.start("playback", arg, func(h header) {
		response, _ := h.raw("Application-Response")
		played = string(response) != "FILE%20NOT%20FOUND"
		if keyEnds {
			raw, _ := h.raw("variable_playback_terminator_used")
			at, _ := h.raw("Event-Date-Timestamp")
			key := decoded(raw)
			ch.c.keys.put(key, eventTime(at))
			clear(key)
		}
	})
	if err != nil {
		return err
	}
	commands := []outgoing{cmd}
	if keyEnds {
		commands = []outgoing{{text: anyKeyEnds}, cmd, {text: noKeyEnds}}
	}
	if err := ch.c.wait(ctx, x, ch.held(commands...)...); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	if !played {
		return fmt.Errorf("play %s: %w", strings.Join(files, ", "), ErrUnplayable)
	}
	return nil
}

// held is commands that take their own time, with the dead-man switch around them, and with another holder if it is
// time for one; a recording is masked or not before.
func (ch *channel) held(commands ...outgoing) []outgoing {
	return slices.Concat(ch.another(), ch.recording.commands(), ch.deadMan.around(commands...))
}

// Collect implements session.Channel. If the caller is keying already, the holder takes the rest of the entry, and
// nothing is played.
//
// The digits travel in one completion event: a command already queued behind the prompt unsets the variable, even if
// the caller hangs up in the middle of the entry. Keys that the holder took just before the prompt began come before
// that completion, and are put in front.
func (ch *channel) Collect(ctx context.Context, q session.Collect) (session.Entry, error) {
	if _, err := playAndGetDigits(q); err != nil { // nothing unsafe, before anything is sent
		return session.Entry{}, err
	}
	k := ch.c.keys
	ch.recording.question(q.Secret)
	if q.Flush {
		explain := q.Files[:max(len(q.Files)-1, 0)]
		optedOut, err := ch.discard(ctx, explain, q.OptOut)
		if optedOut || err != nil {
			return session.Entry{Class: session.OptedOut}, err
		}
		q.Files = q.Files[len(explain):]
	}
	if k.count() > 0 {
		return ch.collectRest(ctx, q)
	}
	deaf := false
	if q.Speech != nil {
		entry, err := ch.collectSpoken(ctx, q)
		switch left := q.FirstDigit - longestStart; {
		case err == nil && entry.Class == session.NoInput && left >= time.Second: // the rest of the time is for keys
			q.Files, q.FirstDigit, q.Speech = nil, left, nil
			return ch.collectKeyed(ctx, q)
		case !errors.Is(err, session.ErrNoSpeech):
			return entry, err
		}
		deaf, q.Files, q.Speech = true, q.WithoutHint(), nil
	}
	entry, err := ch.collectKeyed(ctx, q)
	entry.Deaf = deaf
	return entry, err
}

// collectKeyed plays the prompt and collects digits.
func (ch *channel) collectKeyed(ctx context.Context, q session.Collect) (session.Entry, error) {
	k := ch.c.keys
	switch {
	case k.count() > 0: // keyed while an engine failed
		return ch.collectRest(ctx, q)
	case k.double > 0:
		return ch.collectByKey(ctx, q)
	}
	got := collected{keys: k, asked: q}
	arg, err := playAndGetDigits(q)
	if err != nil {
		return session.Entry{}, err
	}
	x, collect, err := ch.c.start("play_and_get_digits", arg, got.read)
	if err != nil {
		return session.Entry{}, err
	}
	if err := ch.c.wait(ctx, x, ch.held(collect, outgoing{text: clearDigits})...); err != nil {
		return session.Entry{}, fmt.Errorf("collect: %w", err)
	}
	entry, err := got.classify(q)
	if err != nil {
		return session.Entry{}, fmt.Errorf("collect: %w: %s", err, strings.Join(q.Files, ", "))
	}
	return entry, nil
}

// optOutKeys are the keys that can mean "I don't have it": all but the hash key.
const optOutKeys = "0123456789*ABCD"

// allKeys are the keys of a telephone.
const allKeys = optOutKeys + "#"

// playAndGetDigits builds the application's argument: one try, because the session decides on retries; no regular
// expression, because FreeSWITCH would log the digits (docs/freeswitch.md#where-a-pin-leaks).
func playAndGetDigits(q session.Collect) (string, error) {
	prompt, err := playable(q.Files, true)
	if err != nil {
		return "", err
	}
	if q.Min < 1 || q.Max < q.Min || q.Max > 128 {
		return "", fmt.Errorf("%w: %d to %d digits", ErrUnsafeValue, q.Min, q.Max)
	}
	terminators := "#"
	if q.OptOut != 0 {
		if !strings.ContainsRune(optOutKeys, rune(q.OptOut)) {
			return "", fmt.Errorf("%w: opt-out key %q", ErrUnsafeValue, q.OptOut)
		}
		terminators += string(rune(q.OptOut))
	}
	if q.Max == 1 {
		terminators = noTerminators
	}
	return fmt.Sprintf("%d %d 1 %d %s %s silence_stream://10 %s '' %d",
		q.Min, q.Max, milliseconds(q.FirstDigit), terminators, prompt, digits, milliseconds(q.InterDigit)), nil
}

// noTerminators names no key. When one digit is asked for, FreeSWITCH takes a terminator pressed during the prompt for
// that digit, discards it and does not report it (switch_ivr_read). Without terminators it returns the key itself.
const noTerminators = "none"

// milliseconds is a timer for FreeSWITCH, at least a second.
func milliseconds(d time.Duration) int64 { return max(d, time.Second).Milliseconds() }

// collected is the result of play_and_get_digits. The digits are put behind the keys ahead, with the terminator as the
// key that it is.
type collected struct {
	keys  *keysAhead
	asked session.Collect
	// played says that there was a read_result, so the prompt could be played; most that more digits came than asked for.
	played, most bool
}

const (
	lineDigits = iota
	lineReadResult
	lineTerminator
	lineCollectedAt
	collectedCount
)

var collectedLines = linesOf([]string{
	lineDigits: "variable_" + digits, lineReadResult: "variable_read_result",
	lineTerminator: "variable_read_terminator_used", lineCollectedAt: "Event-Date-Timestamp",
}...)

// read takes the digits out of the completion, in the reader's goroutine, so that they stay in order with the keys of
// the holder.
func (g *collected) read(h header) {
	var v [collectedCount][]byte
	h.pick(collectedLines, v[:])
	keys, terminator := decoded(v[lineDigits]), decoded(v[lineTerminator])
	defer clear(keys)
	g.played, g.most = v[lineReadResult] != nil, len(keys) > g.asked.Max
	at := eventTime(v[lineCollectedAt])
	if len(terminator) == 0 && len(keys) < g.asked.Max {
		at = at.Add(-g.asked.InterDigit) // it ended because no more keys came
	}
	g.keys.put(keys, at)
	g.keys.put(terminator, at)
}

// classify takes the entry from the keys, by the truth table of docs/freeswitch.md#truth-table.
func (g *collected) classify(q session.Collect) (session.Entry, error) {
	if g.most {
		return session.Entry{}, fmt.Errorf("%w: more digits than the %d asked for", ErrPeer, g.asked.Max)
	}
	e := g.keys.finish(q)
	if e.Class == session.NoInput && !g.played {
		return session.Entry{}, ErrUnplayable
	}
	return e, nil
}

// Transfer implements session.Channel: one write switches the dead-man switch off, sets the result and transfers.
func (ch *channel) Transfer(ctx context.Context, h session.Handover) error {
	commands, x, err := ch.handOver(h)
	if err != nil {
		return err
	}
	if err := ch.c.catchUp(ctx); err != nil {
		return fmt.Errorf("transfer to %s: %w", h.To, err)
	}
	if ch.listened { // the next application does not need the engine, and nobody else is to be listened to
		commands = append([]outgoing{{text: stopListening}}, commands...)
	}
	ch.c.mu.Lock()
	ch.c.leaving = true
	ch.c.mu.Unlock()
	if err := ch.c.wait(ctx, x, commands...); err != nil {
		return fmt.Errorf("transfer to %s: %w", h.To, err)
	}
	return nil
}

func (ch *channel) handOver(h session.Handover) ([]outgoing, *execution, error) {
	if err := checkDestination(h.To); err != nil {
		return nil, nil, err
	}
	variables := make([]string, 0, len(h.Variables))
	for _, v := range h.Variables {
		a, err := assignment(v.Name, v.Value)
		if err != nil {
			return nil, nil, err
		}
		variables = append(variables, a)
	}
	result, err := execute("multiset", releaseCall+"|"+strings.Join(variables, "|"), "")
	if err != nil {
		return nil, nil, err
	}
	commands := []outgoing{{text: disarm}, {text: result}}
	commands = append(commands, ch.beforeTransfer()...)
	for _, v := range h.Headers { // one without a value is unset: it may be left from an earlier pass of the same call
		a, err := assignment("nolocal:sip_h_"+v.Name, v.Value)
		if err != nil {
			return nil, nil, err
		}
		text, err := execute("export", a, "")
		if err != nil {
			return nil, nil, err
		}
		commands = append(commands, outgoing{text: text})
	}
	x, cmd, err := ch.c.start("transfer", h.To.String(), nil)
	return append(commands, cmd), x, err
}

// Hangup implements session.Channel.
func (ch *channel) Hangup(ctx context.Context, cause string) error {
	if err := word("hang-up cause", cause); err != nil {
		return err
	}
	x, cmd, err := ch.c.start("hangup", cause, nil)
	if err != nil {
		return err
	}
	var hangup *session.HangupError
	if err := ch.c.wait(ctx, x, cmd); err != nil && !errors.As(err, &hangup) {
		return fmt.Errorf("hang up: %w", err)
	}
	return nil
}

// open is the first write of every call: connect, subscribe to the two kinds of events that matter, keep digits out of
// FreeSWITCH's log, and answer. It returns when FreeSWITCH has described the call, which may still be being answered.
func (ch *channel) open(ctx context.Context) (session.Call, error) {
	facts := make(chan session.Call, 1)
	take := func(h header) error {
		call, err := callFrom(h)
		if err != nil {
			return fmt.Errorf("%w: %w: %w", session.ErrLineLost, ErrPeer, err)
		}
		here, _ := h.raw("Caller-Destination-Number")
		ch.c.destination = bytes.Clone(here)
		hung, _ := h.raw("variable_cs_when_hung")
		ch.deadMan = newDeadMan(destination(hung))
		ch.keysCome(h, call.Trunk)
		facts <- call
		return nil
	}
	commands := make([]outgoing, openCommands) // a reply for each
	commands[0] = outgoing{text: openCall, reply: reply{take: take}}
	if err := ch.c.send(commands...); err != nil {
		return session.Call{}, err
	}
	select {
	case call := <-facts:
		return call, ch.c.send(ch.afterFacts()...)
	case <-ctx.Done():
		select {
		case call := <-facts: // over at once, but a call
			return call, nil
		default:
			return session.Call{}, context.Cause(ctx)
		}
	case <-time.After(ch.c.limits.Handshake):
		return session.Call{}, fmt.Errorf("%w: no answer to connect after %s", session.ErrLineLost, ch.c.limits.Handshake)
	}
}
