package lines

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// SMSCode is a one-time code, sent to a telephone or an e-mail address on file.
type SMSCode struct {
	Ways     []CodeWay     `yaml:"ways" items:"1..3"`
	Digits   int           `yaml:"digits" bounds:"6..8"`
	Lifetime time.Duration `yaml:"lifetime" bounds:"60s..600s"`
	Tries    int           `yaml:"tries" bounds:"1..5"`
	Speech   bool          `yaml:"speech"`
	// FirstDigit is how long the message may take, InterDigit the time between digits; 0 is the line's.
	FirstDigit time.Duration `yaml:"first_digit" bounds:"20s..180s"`
	InterDigit time.Duration `yaml:"inter_digit" bounds:"1s..30s"`
	everyKind
}

// CodeWay is a way to send a code.
type CodeWay string

// codeWays are all of them, in the order of documentation.
var codeWays = []event.Way{event.WaySMS, event.WayCall, event.WayEmail}

func (w *CodeWay) unword(text string) error {
	if !slices.Contains(codeWays, event.Way(text)) {
		return fmt.Errorf("%q: it can be %s", text, listed(wayNames()))
	}
	*w = CodeWay(text)
	return nil
}

func wayNames() (names []string) {
	for _, w := range codeWays {
		names = append(names, string(w))
	}
	return names
}

func (*SMSCode) key() string { return string(event.MethodSMSCode) }
func (s *SMSCode) setDefaults() {
	*s = SMSCode{Ways: []CodeWay{CodeWay(event.WaySMS)}, Digits: 6, Lifetime: 5 * time.Minute, Tries: 3,
		Speech: true, FirstDigit: time.Minute}
}

func (*SMSCode) describe() (string, map[string]doc) {
	return "A one-time code by SMS to a telephone on file: something that the customer has.", map[string]doc{
		"ways": {
			Description: "The ways to send it, in this order: the next one when one fails or the caller did not get it.",
			Items:       &doc{Enum: wayNames()},
		},
		"digits":   {Description: "How many digits the code has."},
		"lifetime": {Description: "How long the code counts: 60s to 600s.", Examples: []string{"5m"}},
		"tries":    {Description: "After so many wrong entries the code is void."},
		"first_digit": {
			Description: "How long the caller may wait for the message, in three parts with a reminder between them: 20s to 180s.",
			Examples:    []string{"2m"},
		},
	}
}

// CodeWays are the ways on which the line sends one-time codes and links, in the order of documentation.
func (d *Definition) CodeWays() (used []event.Way) {
	name := map[event.Way]bool{}
	for q := range d.Verify.asked() {
		switch k := q.Kind.(type) {
		case *SMSCode:
			for _, w := range k.Ways {
				name[event.Way(w)] = true
			}
		case *AppLink:
			name[event.WaySMS] = true
		}
	}
	for _, w := range codeWays {
		if name[w] {
			used = append(used, w)
		}
	}
	return used
}

func (s *SMSCode) check(c *checker, at place) {
	for i, w := range s.Ways {
		if w != "" && slices.Contains(s.Ways[:i], w) {
			c.wrong(fmt.Sprintf("%s[%d]", at.setting("ways"), i), "%s is there twice: remove one", w)
		}
	}
}

func (s *SMSCode) warn(w *warner, at place) {
	if slices.Contains(s.Ways, CodeWay(event.WayEmail)) {
		w.say(at.setting("ways"), "email: whoever reads the customer's mail gets the code, so it is weaker proof "+
			"than their telephone")
	}
}

func (s *SMSCode) missing(p Parts) error {
	if p.Sends == nil {
		return errors.New("it sends one-time codes, but nothing counts them")
	}
	for _, w := range s.Ways {
		if p.Senders[event.Way(w)] == nil {
			return fmt.Errorf("it sends one-time codes by %s, but no way to do so is given", w)
		}
	}
	return nil
}

func (s *SMSCode) step(c compiler) session.Step {
	ways := make([]steps.CodeWay, len(s.Ways))
	for i, w := range s.Ways {
		way := event.Way(w)
		ways[i] = steps.CodeWay{Way: way, Sender: c.parts.Senders[way], Countries: c.parts.Countries[way]}
	}
	return steps.SMSCode{
		Directory: c.parts.Directory, Sends: c.parts.Sends, Ways: ways, Receipts: c.parts.Receipts,
		Digits: s.Digits, Lifetime: s.Lifetime, Limits: c.limits(s.Tries-1, Pace{InterDigit: s.InterDigit}), Patience: s.FirstDigit,
		Speech: c.speech(s.Speech),
	}
}
