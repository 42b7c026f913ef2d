package lines

import (
	"cmp"
	"fmt"

	"countersign/session"
	"countersign/steps"
)

// Parts is everything outside of a line that its steps ask. Whoever runs a line for real gives the real ones, whoever
// wants to know what would have happened gives others.
type Parts struct {
	Directory steps.Directory
	Sends     steps.Sends
	Sender    steps.Sender
	Once      steps.Once
	// Countries are the regions (ISO 3166) that one-time codes are sent to; none means all.
	Countries []string
	// Region and PopURL are for lines that say nothing of their own.
	Region, PopURL string
}

// Compile makes a line ready for calls. version is the one that its calls carry. It fails if p lacks what the line
// asks, or if this machine does not know the line's time zone.
func Compile(def *Definition, version int, p Parts) (*session.Line, error) {
	c := compiler{def: def, parts: p}
	l := &session.Line{
		Name: def.Line, Version: version, Region: cmp.Or(def.Region, p.Region), Languages: def.Languages,
		Level:        def.Level(),
		Greeting:     steps.Greeting{Prompt: "greeting"},
		StepUp:       steps.Greeting{Step: "step_up", Prompt: "step-up"},
		Confirmation: steps.Confirmation{Prompt: "confirmation", ByName: def.GreetByName},
		Failure:      steps.Announcement{Step: "failure", Prompt: "failure"},
		Routes:       c.routes(),
		SendToken:    def.SendToken,
		Replaced:     c.replaced(),
		PopURL:       cmp.Or(def.PopURL, p.PopURL),
	}
	if def.LanguageMenu && len(def.Languages) > 1 {
		l.LanguageMenu = steps.LanguageMenu{Limits: c.limits(0)}
	}
	if def.RememberNumber {
		l.Enrol = steps.RememberNumber{Directory: p.Directory, Limits: c.limits(0)}
	}
	if err := c.hours(l); err != nil {
		return nil, fmt.Errorf("line %s: %w", def.Line, err)
	}
	if err := c.missing(); err != nil {
		return nil, fmt.Errorf("line %s: %w", def.Line, err)
	}
	c.identify(l)
	c.verify(l)
	return l, nil
}

type compiler struct {
	def   *Definition
	parts Parts
}

func (c compiler) hours(l *session.Line) error {
	if c.def.Hours == nil {
		return nil
	}
	h, err := c.def.Hours.Schedule()
	if err != nil {
		return err
	}
	l.Hours, l.Closed = h, steps.Announcement{Step: "closed", Prompt: "closed"}
	return nil
}

// missing says what the line needs that there is not.
func (c compiler) missing() error {
	if c.parts.Directory == nil {
		return fmt.Errorf("there is no directory of customers")
	}
	for _, q := range c.def.Verify.all() {
		if err := q.missing(c.parts); err != nil {
			return err
		}
		if q.orElse() == "" {
			continue
		}
		if other, _, ok := c.def.Verify.find(q.orElse()); ok {
			if err := other.missing(c.parts); err != nil {
				return err
			}
		}
	}
	return nil
}

// limits are those of a question that may be asked again so often.
func (c compiler) limits(reasks int) steps.Limits {
	l := steps.DefaultLimits(reasks)
	l.FirstDigit, l.InterDigit = c.def.Timers.FirstDigit, c.def.Timers.InterDigit
	return l
}

// again is the prompt that asks once more: the first one where there is no other.
func (c compiler) again(prompt string) string {
	again := prompt + "-again"
	if _, own := c.def.Prompts[again]; own || inCatalogue(again) {
		// Who replaced the first alone wants to be heard in its own words, not in the catalogue's.
		if _, replaced := c.def.Prompts[prompt]; own || !replaced {
			return again
		}
	}
	return prompt
}

// asks are the prompts that ask a question the first time and every other time.
func (c compiler) asks(k Kind) (ask, again string) {
	ask = Question{k}.prompt()
	return ask, c.again(ask)
}

func (c compiler) identify(l *session.Line) {
	for _, way := range c.def.ways() {
		way.addTo(l, c)
	}
}

func (c compiler) verify(l *session.Line) {
	for _, q := range c.def.Verify.all() {
		l.Verify = append(l.Verify, c.question(q))
	}
}

// question compiles a question and what stands in for it. Parse has seen to it that this ends.
func (c compiler) question(q Question) session.Question {
	out := session.Question{Step: q.step(c), Factor: q.factor()}
	if q.orElse() != "" {
		if other, _, ok := c.def.Verify.find(q.orElse()); ok {
			next := c.question(other)
			out.Else = &next
		}
	}
	return out
}

func (c compiler) routes() session.Routes {
	r := c.def.Routes
	out := session.Routes{
		Verified: cmp.Or(r.Verified, r.Identified), Identified: r.Identified,
		Unidentified: cmp.Or(r.Unidentified, r.Identified),
		Failed:       r.Failed, OptedOut: r.OptedOut, Locked: r.Locked, Unavailable: r.Unavailable,
	}
	if c.def.Hours != nil {
		out.Closed = c.def.Hours.Closed
	}
	return out
}

func (c compiler) replaced() map[string]map[string]session.Replacement {
	var out map[string]map[string]session.Replacement
	for name, byLanguage := range c.def.Prompts {
		for language, w := range byLanguage {
			if out == nil {
				out = map[string]map[string]session.Replacement{}
			}
			if out[language] == nil {
				out[language] = map[string]session.Replacement{}
			}
			out[language][name] = session.Replacement{File: w.File, Text: w.Text}
		}
	}
	return out
}
