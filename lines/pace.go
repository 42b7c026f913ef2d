package lines

import (
	"cmp"
	"time"

	"countersign/steps"
)

// Timers are the caller's timers for digits.
type Timers struct {
	FirstDigit time.Duration `yaml:"first_digit" bounds:"1s..99s"`
	InterDigit time.Duration `yaml:"inter_digit" bounds:"1s..30s"`
}

// Pace is a question's own timers; zero ones are the line's.
type Pace struct {
	FirstDigit time.Duration `yaml:"first_digit" bounds:"1s..99s"`
	InterDigit time.Duration `yaml:"inter_digit" bounds:"1s..30s"`
}

// paced is a question with timers of its own.
type paced interface{ pace() Pace }

func (p Pace) pace() Pace { return p }

// with is the line's timers with a question's own in their place.
func (t Timers) with(p Pace) Timers {
	return Timers{FirstDigit: cmp.Or(p.FirstDigit, t.FirstDigit), InterDigit: cmp.Or(p.InterDigit, t.InterDigit)}
}

// timers checks that the time between digits is shorter than that for the first; settings is the path of the one, or of
// the line's.
func (c *checker) timers(t Timers, setting func(key string) string) {
	if t.InterDigit < t.FirstDigit {
		return
	}
	path := setting("inter_digit")
	if !c.given(path) {
		path = setting("first_digit")
	}
	c.wrong(path, "the time between digits (%s) must be shorter than that for the first (%s)", t.InterDigit, t.FirstDigit)
}

// pace checks a question's own timers.
func (c *checker) pace(at place, s settings) {
	if own, is := s.(paced); is && own.pace() != (Pace{}) {
		c.timers(c.def.Timers.with(own.pace()), at.setting)
	}
}

// limits are those of a question with its own timers that may be asked again reasks times.
func (c compiler) limits(reasks int, own Pace) steps.Limits {
	l, t := steps.DefaultLimits(reasks), c.def.Timers.with(own)
	l.FirstDigit, l.InterDigit = t.FirstDigit, t.InterDigit
	l.OptOut, l.Wishes = c.def.Keys.OptOut.code(), c.def.Keys.wishes()
	return l
}
