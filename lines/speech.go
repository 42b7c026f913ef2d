package lines

import (
	"countersign/session"
	"countersign/spoken"
	"countersign/steps"
)

// Speech lets callers say numbers and dates in place of keying them.
type Speech struct {
	Engine   string `yaml:"engine" required:"true"`
	Grammars string `yaml:"grammars"`
}

func (s *Speech) setDefaults() { s.Grammars = "countersign" }

// speech checks the settings of the line.
func (c *checker) speech() {
	s := c.def.Speech
	if s == nil {
		return
	}
	c.notEmpty("speech.engine", s.Engine)
	if s.Engine != "" && !session.IsEngine(s.Engine) {
		c.wrong("speech.engine", "%q is not an engine: want FreeSWITCH's name of it, such as pocketsphinx, or that of a "+
			"recogniser in the settings", shorten(s.Engine))
	}
	if !session.IsGrammar(s.Grammars) {
		c.wrong("speech.grammars", "%q does not begin the name of a grammar: want letters, digits and _:/.-",
			shorten(s.Grammars))
	}
}

// warnings says what callers cannot say.
func (s *Speech) warnings(w *warner) {
	if s == nil {
		return
	}
	for _, language := range w.d.Languages {
		if !spoken.Supports(language) {
			w.say("speech", "numbers that are said in %s are not understood: its callers key them", language)
		}
	}
}

// speech is how a question is answered by voice, if it may be.
func (c compiler) speech(may bool) steps.Speech {
	if s := c.def.Speech; s != nil && may {
		return steps.Speech{Engine: s.Engine, Grammars: s.Grammars}
	}
	return steps.Speech{}
}
