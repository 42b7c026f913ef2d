package lines

import (
	"errors"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// TOTP is a time-based one-time code from the customer's authenticator.
type TOTP struct {
	Tries int `yaml:"tries" bounds:"1..5"`
	Pace
	everyKind
}

func (*TOTP) key() string    { return string(event.MethodTOTP) }
func (t *TOTP) setDefaults() { t.Tries = 5 }

func (*TOTP) describe() (string, map[string]doc) {
	return "The code of the customer's authenticator app: something that they have.", map[string]doc{
		"tries": {Description: "How many wrong codes end the question."},
	}
}

func (*TOTP) missing(p Parts) error {
	if p.Once == nil {
		return errors.New("it asks for time-based codes, but no store for used codes is given")
	}
	return nil
}

func (t *TOTP) step(c compiler) session.Step {
	ask, again := c.asks(t)
	return steps.TOTP{
		Directory: c.parts.Directory, Once: c.parts.Once, Prompt: ask, Again: again, Limits: c.limits(t.Tries-1, t.Pace),
	}
}
