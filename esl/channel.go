package esl

import (
	"context"
	"errors"
	"fmt"
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
	hideDigits = "^^|sensitive_dtmf=true|read_terminator_used=|cs_token=|sip_h_X-Countersign-Token="
	// unsetDigits removes what was keyed. FreeSWITCH never clears read_terminator_used by itself.
	unsetDigits = "^^|" + digits + "=|read_terminator_used="
	// releaseCall undoes hideDigits, unsets what counted for this time only (a token, a step-up), and takes the call out
	// of our hands: with socket_resume still set, FreeSWITCH resets a call that was transferred long ago as soon as our
	// connection ends, and the caller is left in dead air (seen on 1.10.12).
	releaseCall = "^^|sensitive_dtmf=|socket_resume=|cs_token=|sip_h_X-Countersign-Token=" +
		"|nolocal:sip_h_X-Countersign-Token=|cs_need_level=|cs_return="
)

// Commands that are the same on every call.
var (
	// Filters go before myevents, so that no other event slips through between them.
	openCall = connect + filters[0] + filters[1] + myEvents + constant("multiset", hideDigits) + constant("answer", "")
	// FreeSWITCH writes what flush_dtmf discards into the call record (digits_dialed), whatever sensitive_dtmf says. A
	// prompt also takes a key out of the queue in each frame, and does not write it. So a moment of silence comes first,
	// and on a real line nothing is left to flush.
	flush       = constant("playback", "silence_stream://100") + constant("flush_dtmf", "")
	clearDigits = constant("multiset", unsetDigits)
	disarm      = constant("sched_cancel", "")
)

// openCommands is the number of commands in openCall.
const openCommands = 6

// constant builds a command whose completion nobody waits for.
func constant(application, arg string) string {
	text, err := execute(application, arg, "")
	if err != nil {
		panic(err)
	}
	return text
}

// channel is a session.Channel on the wire, used by the call's goroutine.
type channel struct{ c *conn }

var _ session.Channel = (*channel)(nil)

// Play implements session.Channel.
func (ch *channel) Play(ctx context.Context, files []string) error {
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
	})
	if err != nil {
		return err
	}
	if err := ch.c.wait(ctx, x, cmd); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	if !played {
		return fmt.Errorf("play %s: %w", strings.Join(files, ", "), ErrUnplayable)
	}
	return nil
}

// Collect implements session.Channel. The digits travel in one completion event: a command already queued behind the
// prompt unsets the variable, even if the caller hangs up in the middle of the entry.
func (ch *channel) Collect(ctx context.Context, q session.Collect) (session.Entry, error) {
	arg, err := playAndGetDigits(q)
	if err != nil {
		return session.Entry{}, err
	}
	var got collected
	x, collect, err := ch.c.start("play_and_get_digits", arg, got.read)
	if err != nil {
		return session.Entry{}, err
	}
	commands := make([]outgoing, 0, 5)
	if q.Flush {
		commands = append(commands, outgoing{text: flush}, outgoing{}) // two commands, two replies
	}
	commands = append(commands, collect, outgoing{text: clearDigits})
	if err := ch.c.wait(ctx, x, commands...); err != nil {
		clear(got.digits)
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

// collected is the result of play_and_get_digits, copied out of its completion.
type collected struct {
	digits     []byte
	played     bool // there was a read_result, so the prompt could be played
	terminator string
}

const (
	lineDigits = iota
	lineReadResult
	lineTerminator
	collectedCount
)

var collectedLines = [collectedCount]string{
	lineDigits: "variable_" + digits, lineReadResult: "variable_read_result",
	lineTerminator: "variable_read_terminator_used",
}

func (g *collected) read(h header) {
	var v [collectedCount][]byte
	h.pick(collectedLines[:], v[:])
	g.digits, g.played, g.terminator = decoded(v[lineDigits]), v[lineReadResult] != nil, string(decoded(v[lineTerminator]))
}

// classify is the truth table of docs/freeswitch.md#truth-table.
func (g *collected) classify(q session.Collect) (session.Entry, error) {
	if q.Max == 1 && len(g.digits) == 1 {
		if key := g.digits[0]; key == '#' || q.OptOut != 0 && key == q.OptOut {
			g.terminator, g.digits = string(rune(key)), g.digits[:0]
		}
	}
	e := session.Entry{Keyed: len(g.digits), Terminated: g.terminator == "#"}
	switch {
	case len(g.digits) > q.Max:
		clear(g.digits)
		return session.Entry{}, fmt.Errorf("%w: %d digits, asked for at most %d", ErrPeer, len(g.digits), q.Max)
	case q.OptOut != 0 && g.terminator == string(rune(q.OptOut)):
		e.Class = session.OptedOut
	case len(g.digits) >= q.Min:
		e.Class, e.Digits = session.Input, session.NewSecret(g.digits)
		return e, nil
	case len(g.digits) > 0 || g.terminator != "":
		e.Class = session.NoMatch
	case !g.played:
		return session.Entry{}, ErrUnplayable
	}
	clear(g.digits)
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
		return call, nil
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
