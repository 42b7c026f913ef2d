package sim

import (
	"encoding/xml"
	"slices"
	"strings"
	"time"
)

// playAndDetectSpeech is play_and_detect_speech: <file> detect:<engine> {parameters}<grammar>. The engine understands every word that the
// caller says (Act.Say), at once. An engine that is not there is an error in the same frame.
func (c *call) playAndDetectSpeech(data string) {
	file, rest, _ := strings.Cut(data, " detect:")
	engine, grammar, _ := strings.Cut(rest, " ")
	if !slices.Contains(c.sw.options.Engines, engine) {
		c.vars.set("current_application_response", "ASR INIT ERROR")
		return
	}
	patience := 5 * time.Second
	if params, after, ok := strings.Cut(strings.TrimPrefix(grammar, "{"), "}"); ok {
		grammar = after
		for p := range strings.SplitSeq(params, ",") {
			if ms, ok := strings.CutPrefix(p, "no-input-timeout="); ok {
				patience = milliseconds(ms)
			}
		}
	}
	c.play(file, Prompt{Speech: true}, nil)
	c.spend(c.now().Add(patience), func() bool { return !c.ready() || c.said != "" })
	c.lastDigit = c.sw.now()
	if c.said != "" {
		c.vars.set("detect_speech_result", nlsml(grammar, c.said))
	} else {
		c.vars.unset("detect_speech_result")
	}
	c.said = ""
	c.vars.set("current_application_response", "DONE")
}

// nlsml is the result as mod_pocketsphinx writes it.
func nlsml(grammar, words string) string {
	var w strings.Builder
	_ = xml.EscapeText(&w, []byte(words))
	return "<?xml version=\"1.0\"?>\n<result grammar=\"" + grammar + "\">\n  <interpretation grammar=\"" + grammar +
		"\" confidence=\"100\">\n    <input mode=\"speech\">" + w.String() + "</input>\n  </interpretation>\n</result>\n"
}
