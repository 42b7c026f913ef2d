package sim

import (
	"encoding/xml"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// playAndDetectSpeech is play_and_detect_speech: <file> detect:<engine> {parameters}<grammar>. The engine understands
// what the caller says (Act.Says) at once, whatever the grammar. As with mod_pocketsphinx, no-input-timeout runs from
// its start, or with start-input-timers=false from the end of the playback, and speech ends the playback. An unknown
// engine is an error in the same frame.
func (c *call) playAndDetectSpeech(data string) {
	c.vars.unset("detect_speech_result")
	file, rest, ok := strings.Cut(data, " detect:")
	engine, grammar, two := strings.Cut(rest, " ")
	response := "DONE"
	switch {
	case !ok, !two:
		response = "USAGE ERROR"
	case !slices.Contains(c.sw.options.Engines, engine):
		response = "ASR INIT ERROR"
	default:
		if result, heard := c.recognise(file, grammar); !heard {
			response = "ERROR"
		} else if result != "" {
			c.vars.set("detect_speech_result", result)
		}
	}
	c.vars.set("current_application_response", response)
}

// recognise plays and listens until something is said, a key of playback_terminators is pressed, it is told to stop, or
// the no-input-timeout is over. ok is false if the call left.
func (c *call) recognise(file, grammar string) (result string, ok bool) {
	patience, fromStart := 5*time.Second, true
	if params, after, ok := strings.Cut(strings.TrimPrefix(grammar, "{"), "}"); ok {
		grammar = after
		for p := range strings.SplitSeq(params, ",") {
			if ms, ok := strings.CutPrefix(p, "no-input-timeout="); ok {
				patience = milliseconds(ms)
			}
			fromStart = fromStart && p != "start-input-timers=false"
		}
	}
	until := c.now().Add(patience)
	c.listening, c.said, c.stopped = true, nil, false
	defer func() { c.listening, c.said, c.stopped = false, nil, false }()
	if strings.HasPrefix(file, "silence_stream:") {
		now := c.now()
		c.caller.hear(now, Prompt{At: now.Sub(c.profile.arrived), Speech: true, After: c.heard})
	}
	var key byte
	terminator := func(digit byte) bool {
		if strings.IndexByte(c.speechTerminators(), digit) < 0 {
			return false
		}
		key = digit
		return true
	}
	if how := c.play(file, Prompt{Speech: true}, terminator); how == broken || how == notFound {
		return "", false
	}
	if !fromStart {
		until = c.now().Add(patience)
	}
	if key == 0 && c.said == nil && !c.stopped {
		c.listen(until, terminator)
	}
	c.lastDigit = c.sw.now()
	switch {
	case !c.ready():
		return "", false
	case key != 0:
		c.vars.set("playback_terminator_used", string(key))
		return "DIGIT: " + string(key), true
	case c.said != nil:
		return nlsml(grammar, *c.said), true
	case c.stopped:
		return "", true
	default:
		return nlsml(grammar, Act{}), true
	}
}

// speechTerminators are the keys that end listening: none, unless playback_terminators is set.
func (c *call) speechTerminators() string {
	if c.vars.get("playback_terminators") == "" {
		return ""
	}
	return c.terminators()
}

// detectSpeech is detect_speech, of which the simulator has only "stop".
func (c *call) detectSpeech(data string) {
	if data == "stop" {
		c.stopped = c.listening
	}
}

// nlsml is the result as mod_pocketsphinx writes it: words, no match or no input.
func nlsml(grammar string, said Act) string {
	attributes, input := "", "<noinput/>"
	switch {
	case said.Confidence < 0:
		input = "<nomatch/>"
	case said.Says != "":
		if said.Confidence == 0 {
			said.Confidence = 1
		}
		attributes = ` grammar="` + grammar + `" confidence="` + strconv.Itoa(int(math.Round(100*said.Confidence))) + `"`
		var w strings.Builder
		_ = xml.EscapeText(&w, []byte(said.Says))
		input = w.String()
	}
	return "<?xml version=\"1.0\"?>\n<result grammar=\"" + grammar + "\">\n  <interpretation" + attributes + ">\n" +
		"    <input mode=\"speech\">" + input + "</input>\n  </interpretation>\n</result>\n"
}
