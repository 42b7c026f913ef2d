package lines

import (
	"math"
	"strconv"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// PIN is a secret number.
type PIN struct {
	Digits Digits `yaml:"digits" bounds:"4..12"`
	Reasks int    `yaml:"reasks" bounds:"0..3"`
	Speech bool   `yaml:"speech"`
	Pace
	everyKind
}

func (*PIN) key() string    { return string(event.MethodPIN) }
func (*PIN) conceals() bool { return true }
func (p *PIN) setDefaults() { *p = PIN{Digits: Digits{4, 6}, Reasks: 2} }

func (*PIN) describe() (string, map[string]doc) {
	return "The customer's PIN: something that only they know.", map[string]doc{
		"speech": {Description: "Whether callers may say it, on a line with speech. Others can hear it."},
	}
}

// fewDigits is the least length of a PIN without a warning.
const fewDigits = 6

func (p *PIN) check(c *checker, at place) {
	if p.Speech && c.def.Speech == nil {
		c.wrong(at.setting("speech"), "the line has no speech engine: set speech")
	}
}

func (p *PIN) warn(w *warner, at place) {
	if p.Speech {
		w.say(at.setting("speech"), "others can hear a PIN that is said")
	}
	if p.Digits.Min < fewDigits {
		w.say(at.setting("digits"), "a PIN of %d digits is guessed in one call with a chance of %s (%d digits: %s)",
			p.Digits.Min, chance(p.Reasks+1, p.Digits.Min), fewDigits, chance(p.Reasks+1, fewDigits))
	}
}

// chance is tries in ten to the power of digits, in percent (docs/policy.md#arithmetic).
func chance(tries, digits int) string {
	return strconv.FormatFloat(float64(tries)/math.Pow10(digits)*100, 'g', 2, 64) + " %"
}

func (p *PIN) step(c compiler) session.Step {
	ask, again := c.asks(p)
	return steps.PIN{
		Directory: c.parts.Directory, Prompt: ask, Again: again, Min: p.Digits.Min, Max: p.Digits.Max,
		Limits: c.limits(p.Reasks, p.Pace), Speech: c.speech(p.Speech),
	}
}
