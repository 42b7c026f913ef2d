package lines

import (
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// AppLink is a link to the customer's own page, where they key two digits that the call speaks, and confirm with a
// passkey if they have one.
type AppLink struct {
	Lifetime time.Duration `yaml:"lifetime" bounds:"40s..120s"`
	everyKind
}

func (*AppLink) key() string    { return string(event.MethodAppLink) }
func (a *AppLink) setDefaults() { a.Lifetime = 2 * time.Minute }

func (*AppLink) describe() (string, map[string]doc) {
	return "A link by SMS to the customer's own page, which asks for two digits that the call speaks: something that " +
			"the customer has. With a passkey it is something that they know or are as well, which is level 3.",
		map[string]doc{
			"lifetime": {Description: "How long the call waits for the answer: 40s to 120s.", Examples: []string{"90s"}},
		}
}

func (a *AppLink) step(c compiler) session.Step {
	ask, again := c.asks(a)
	return steps.AppLink{
		Directory: c.parts.Directory, Sends: c.parts.Sends, Links: c.parts.AppLinks,
		Countries: c.parts.Countries[event.WaySMS], Prompt: ask, Again: again, Lifetime: a.Lifetime,
		Limits: c.limits(0, Pace{}),
	}
}

// AsksOnPage says whether the line asks customers on their own page.
func (d *Definition) AsksOnPage() bool {
	for q := range d.Verify.asked() {
		if _, is := q.Kind.(*AppLink); is {
			return true
		}
	}
	return false
}
