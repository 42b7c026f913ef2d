package lines

import (
	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// BirthDate is a weak factor.
type BirthDate struct {
	Reasks int  `yaml:"reasks" bounds:"0..3"`
	Speech bool `yaml:"speech"`
	Pace
	everyKind
}

func (*BirthDate) key() string    { return string(event.MethodBirthDate) }
func (*BirthDate) conceals() bool { return true }
func (b *BirthDate) setDefaults() { b.Reasks, b.Speech = 2, true }

func (*BirthDate) describe() (string, map[string]doc) {
	return "The date of birth: a weak answer, because others may know it. " +
		"Keyed as the caller's language writes dates.", nil
}

func (b *BirthDate) step(c compiler) session.Step {
	ask, again := c.asks(b)
	return steps.BirthDate{
		Directory: c.parts.Directory, Prompt: ask, Again: again, Limits: c.limits(b.Reasks, b.Pace), Speech: c.speech(b.Speech),
	}
}
