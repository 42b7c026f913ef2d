package sim

import (
	"strconv"
	"strings"
	"time"
)

// played is how a prompt ended.
type played int

const (
	toTheEnd played = iota
	byKey
	bySpeech // or because the engine was told to stop, or the prompt broken off
	notFound
	broken // by a hang-up, a transfer or the end of the socket
)

// play plays an argument of playback (switch_ivr_play_file). It reads keys and calls onKey for each; true stops. With a
// nil onKey it leaves keys in the queue.
func (c *call) play(arg string, ask Prompt, onKey func(byte) bool) played {
	files := c.sw.sounds.files(arg, c.vars.get("playback_delimiter"))
	if len(files) == 0 || !c.ready() {
		return broken
	}
	var length time.Duration
	audible, found := false, false
	for _, f := range files {
		ask.Files = append(ask.Files, f.name)
		length, found = length+f.length, found || f.found
		audible = audible || !strings.HasPrefix(f.name, "silence_stream:")
	}
	if !found {
		return notFound
	}
	ask.Length = length
	if audible {
		c.wire.flush() // Hear may take a while
		c.hear(ask)
	}
	c.hidden(2) // PLAYBACK_START and PLAYBACK_STOP
	c.broken = false
	began := c.now()
	c.sounds()
	how := c.listen(began.Add(length), onKey)
	c.silence()
	if how != toTheEnd {
		length = min(length, c.now().Sub(began))
	}
	c.playedFor(length)
	return how
}

// sounds and silence note what the caller hears. While FreeSWITCH waits for the service in a silent question, that is
// nothing.
func (c *call) sounds() {
	if !c.holding {
		c.quiet = time.Time{}
	}
}

func (c *call) silence() {
	if !c.holding {
		c.quiet = c.sw.now()
	}
}

// listen lets the time of a prompt pass.
func (c *call) listen(until time.Time, onKey func(byte) bool) played {
	for {
		c.spend(until, func() bool {
			return !c.ready() || c.said != nil || c.stopped || c.broken || onKey != nil && len(c.keys) > 0
		})
		if !c.ready() {
			return broken
		}
		if c.said != nil || c.stopped || c.broken {
			c.broken = false
			return bySpeech
		}
		if onKey == nil || len(c.keys) == 0 {
			return toTheEnd
		}
		if digit, _ := c.pop(); onKey(digit) {
			return byKey
		}
	}
}

// playedFor sets the variables that playing sets; a second has 8,000 samples.
func (c *call) playedFor(d time.Duration) {
	samples := strconv.FormatInt(d.Milliseconds()*8, 10)
	c.vars.set("playback_last_offset_pos", samples)
	c.vars.set("playback_seconds", strconv.Itoa(int(d/time.Second)))
	c.vars.set("playback_ms", strconv.FormatInt(d.Milliseconds(), 10))
	c.vars.set("playback_samples", samples)
}

// hear records a prompt that starts, and lets the caller react.
func (c *call) hear(p Prompt) {
	now, real := c.now(), c.sw.now()
	p.At = now.Sub(c.profile.arrived)
	c.result.Prompts = append(c.result.Prompts, p)
	if t := &c.result.Times; t.FirstPrompt == 0 && c.wire.open {
		t.FirstPrompt = real.Sub(c.wire.started)
	}
	c.reacted(real)
	c.heard = p.Files
	c.recorded(p.Name())
	c.caller.hear(now, p)
}

// reacted records how long the service took after the last entry.
func (c *call) reacted(now time.Time) {
	if !c.lastDigit.IsZero() {
		c.result.Times.Reactions = append(c.result.Times.Reactions, now.Sub(c.lastDigit))
		c.lastDigit = time.Time{}
	}
}

// playback plays a file and drops keys, except those that stop it (playback_terminators; * by default).
func (c *call) playback(data string) {
	c.vars.unset("playback_terminator_used")
	data, _, _ = strings.Cut(data, "@@")
	how := c.play(data, Prompt{Speech: c.tap != nil}, func(digit byte) bool {
		if strings.IndexByte(c.terminators(), digit) < 0 {
			return false
		}
		c.vars.set("playback_terminator_used", string(digit))
		return true
	})
	response := "FILE PLAYED"
	switch how {
	case notFound:
		response = "FILE NOT FOUND"
	case broken:
		response = "PLAYBACK ERROR"
	}
	c.vars.set("current_application_response", response)
}

func (c *call) terminators() string {
	switch t := c.vars.get("playback_terminators"); strings.ToLower(t) {
	case "":
		return "*"
	case "any":
		return "1234567890*#"
	case "none":
		return ""
	default:
		return t
	}
}

// sleep waits. A key ends it and stays in the queue, unless sleep_eat_digits is set.
func (c *call) sleep(data string) {
	until := c.now().Add(time.Duration(atoi(data)) * time.Millisecond)
	eat := c.vars.truth("sleep_eat_digits")
	c.spend(until, func() bool { return !c.ready() || len(c.keys) > 0 && !eat && c.media() })
	if eat {
		for len(c.keys) > 0 {
			c.pop()
		}
	}
}
