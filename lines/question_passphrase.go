package lines

import (
	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// Passphrase is a spoken phrase.
type Passphrase struct {
	Engine     string  `yaml:"engine" required:"true"`
	Grammar    string  `yaml:"grammar" required:"true"`
	Confidence float64 `yaml:"confidence" bounds:"0.5..1"`
	Tries      int     `yaml:"tries" bounds:"1..3"`
	everyKind
}

func (*Passphrase) key() string    { return string(event.MethodPassphrase) }
func (p *Passphrase) setDefaults() { p.Confidence, p.Tries = 0.8, 2 }

func (*Passphrase) describe() (string, map[string]doc) {
	text := "Words that the customer says: something that only they know. It takes a speech engine in FreeSWITCH."
	return text, map[string]doc{
		"engine": {
			Description: "FreeSWITCH's name of the speech engine.",
			Pattern:     "^[A-Za-z0-9_.:-]{1,64}$", Examples: []string{"pocketsphinx"},
		},
		"grammar": {
			Description: "What the engine is to understand, in its own words. " +
				"It must know more words than any passphrase, or it would give it away.",
			MinLength: 1, MaxLength: 4000,
		},
		"confidence": {Description: "How sure the engine must be of what it heard, from 0.5 to 1."},
		"tries":      {Description: "How often the caller is listened to."},
	}
}

func (p *Passphrase) check(c *checker, at place) {
	if p.Engine != "" && !session.IsEngine(p.Engine) {
		c.wrong(at.setting("engine"), "%q is not an engine: want FreeSWITCH's name of it, such as pocketsphinx",
			shorten(p.Engine))
	}
	if p.Grammar != "" && !session.IsGrammar(p.Grammar) {
		c.wrong(at.setting("grammar"), "%q is not a grammar: want its name or path, "+
			"of at most 512 letters, digits and _:/.-", shorten(p.Grammar))
	}
	c.notEmpty(at.setting("engine"), p.Engine)
	c.notEmpty(at.setting("grammar"), p.Grammar)
}

func (p *Passphrase) step(c compiler) session.Step {
	ask, again := c.asks(p)
	return steps.Passphrase{
		Directory: c.parts.Directory, Prompt: ask, Again: again, Engine: p.Engine, Grammar: p.Grammar,
		Confidence: p.Confidence, Tries: p.Tries, OptOut: c.limits(0, Pace{}).OptOut,
	}
}
