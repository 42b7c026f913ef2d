package lines

import (
	"cmp"
	"fmt"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// Parts is what the steps of a line use. A service passes the real parts, a simulation others.
type Parts struct {
	Directory steps.Directory
	Sends     steps.Sends
	Once      steps.Once
	// Senders send one-time codes, by way. A way without one is left out of the lines that name it.
	Senders map[event.Way]steps.Sender
	// Countries are the regions (ISO 3166) of telephones that one-time codes may go to, by way; none means all.
	Countries map[event.Way][]string
	// Receipts are those of text messages; nil if the gateway sends none.
	Receipts steps.Receipts
	// AppLinks ask customers on their own page; nil where there is none, which the question skips.
	AppLinks steps.AppLinks
	// Waits know how long callers wait; nil: nobody does.
	Waits steps.Waits
	// Region and PopURL apply to lines without their own.
	Region, PopURL string
}

// EveryWay has one sender for every way.
func EveryWay(sender steps.Sender) map[event.Way]steps.Sender {
	all := map[event.Way]steps.Sender{}
	for _, way := range codeWays {
		all[way] = sender
	}
	return all
}

// Compile makes a line ready for calls; version is the one that calls carry. It fails if p lacks a part that the line
// needs, or if this machine does not know the line's time zone.
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
		Allows:       def.allowed(),
		OnPage:       def.pageChoices(),
	}
	if def.LanguageMenu && len(def.Languages) > 1 {
		limits := c.limits(0, Pace{})
		if r := limits.Repeat; r >= '1' && r <= '9' && int(r-'0') <= len(def.Languages) {
			limits.Repeat = 0 // the key of a language
		}
		l.LanguageMenu = steps.LanguageMenu{Limits: limits, Speech: c.speech(true)}
	}
	if def.TellWait != "" && p.Waits != nil {
		l.Wait = steps.Wait{Queue: def.TellWait, Waits: p.Waits}
	}
	if def.RememberNumber {
		l.Enrol = steps.RememberNumber{
			Directory: p.Directory, Limits: c.limits(0, Pace{}), Speech: c.speech(true),
		}
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

// missing returns an error if the line needs a part that is not given.
func (c compiler) missing() error {
	if c.parts.Directory == nil {
		return fmt.Errorf("no directory of customers is given")
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

// again is the prompt that asks again: the first one if there is no other.
func (c compiler) again(prompt string) string {
	again := prompt + "-again"
	if _, own := c.def.Prompts[again]; own || inCatalogue(again) {
		// A line that replaces only the first prompt gets its own words again, not the catalogue's.
		if _, replaced := c.def.Prompts[prompt]; own || !replaced {
			return again
		}
	}
	return prompt
}

// asks returns the prompts that ask a question the first time and all other times.
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

// question compiles a question and its else. Parse has refused circles.
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
