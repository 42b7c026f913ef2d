package lines

import (
	"countersign/session"
	"countersign/steps"
)

// Choice lets callers go on who press a key; all others go to an agent.
type Choice struct {
	Name   string `yaml:"name"`
	Prompt string `yaml:"prompt"`
	Key    Key    `yaml:"key"`
	Speech bool   `yaml:"speech"`
	Pace
}

func (*Choice) key() string               { return "choice" }
func (c *Choice) ownName() (string, bool) { return c.Name, true }
func (c *Choice) prompts() []string       { return []string{c.Prompt} }
func (c *Choice) setDefaults() {
	*c = Choice{Name: "have_account", Prompt: "have-account", Key: "1", Speech: true}
}

func (c *Choice) check(on *checker, at place) {
	on.name(at, c.Name, session.MayIdentify)
	on.knownPrompt(at.setting("prompt"), c.Prompt)
	if c.Key == "none" {
		on.wrong(at.setting("key"), "want the key to press, such as \"1\"")
	}
}

func (*Choice) warn(w *warner, at place) {
	if at.index == len(w.d.Identify)-1 {
		w.say(at.entry(), "no question follows this choice: "+
			"all callers go to an agent, with or without the key")
	}
}

func (c *Choice) addTo(l *session.Line, with compiler) {
	limits := with.limits(maxUnsafeless, c.Pace)
	if limits.Repeat == c.Key.code() {
		limits.Repeat = 0
	}
	l.Identify = append(l.Identify, steps.Choice{
		Choice: c.Name, Prompt: c.Prompt, Again: with.again(c.Prompt), Key: c.Key.code(),
		Limits: limits, Speech: with.speech(c.Speech),
	})
}
