package lines

import (
	"cmp"

	"countersign/session"
	"countersign/steps"
)

// Fact is a numeric fact of the customer's record: a weak factor.
type Fact struct {
	Name   string `yaml:"name" required:"true"`
	Prompt string `yaml:"prompt"`
	Digits Digits `yaml:"digits" bounds:"2..20" required:"true"`
	Reasks int    `yaml:"reasks" bounds:"0..3"`
	Speech bool   `yaml:"speech"`
	Pace
	everyKind
}

func (*Fact) key() string               { return "fact" }
func (*Fact) conceals() bool            { return true }
func (f *Fact) ownName() (string, bool) { return f.Name, true }
func (f *Fact) ownPrompt() string       { return cmp.Or(f.Prompt, "ask-fact") }
func (f *Fact) setDefaults()            { f.Reasks, f.Speech = 2, true }

func (*Fact) describe() (string, map[string]doc) {
	return "Any number in the customer's record, such as a post code: a weak answer.", map[string]doc{
		"name": {
			Description: "Its name in the customer's record.",
			Pattern:     "^[a-z][a-z0-9_]{0,31}$", Examples: []string{"post_code"},
		},
		"prompt": {Description: "The prompt that asks for it.", Pattern: "^[a-z0-9-]{1,64}$", Default: "ask-fact"},
	}
}

func (f *Fact) check(c *checker, at place) {
	if f.Name != "" {
		c.name(at, f.Name, session.MayBeFact)
		c.knownPrompt(at.setting("prompt"), f.ownPrompt())
	}
}

func (f *Fact) step(c compiler) session.Step {
	ask, again := c.asks(f)
	return steps.Fact{
		Directory: c.parts.Directory, Fact: f.Name, Prompt: ask, Again: again, Min: f.Digits.Min, Max: f.Digits.Max,
		Limits: c.limits(f.Reasks, f.Pace), Speech: c.speech(f.Speech),
	}
}
