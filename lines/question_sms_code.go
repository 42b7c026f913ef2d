package lines

import (
	"errors"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// SMSCode is a one-time code, sent to a telephone on file.
type SMSCode struct {
	Digits   int           `yaml:"digits" bounds:"6..8"`
	Lifetime time.Duration `yaml:"lifetime" bounds:"60s..600s"`
	Tries    int           `yaml:"tries" bounds:"1..5"`
	everyKind
}

func (*SMSCode) key() string    { return string(event.MethodSMSCode) }
func (s *SMSCode) setDefaults() { *s = SMSCode{Digits: 6, Lifetime: 5 * time.Minute, Tries: 3} }

func (*SMSCode) describe() (string, map[string]doc) {
	return "A one-time code by SMS to a telephone on file: something that the customer has.", map[string]doc{
		"digits":   {Description: "How many digits the code has."},
		"lifetime": {Description: "How long the code counts: 60s to 600s.", Examples: []string{"5m"}},
		"tries":    {Description: "After so many wrong entries the code is void."},
	}
}

func (*SMSCode) missing(p Parts) error {
	if p.Sends == nil || p.Sender == nil {
		return errors.New("it sends one-time codes, but no gateway for text messages is configured")
	}
	return nil
}

func (s *SMSCode) step(c compiler) session.Step {
	return steps.SMSCode{
		Directory: c.parts.Directory, Sends: c.parts.Sends, Sender: c.parts.Sender, Countries: c.parts.Countries,
		Digits: s.Digits, Lifetime: s.Lifetime, Limits: c.limits(s.Tries - 1),
	}
}
