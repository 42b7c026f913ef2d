package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// Choice asks whether to go on, such as "if you have an account with us, press 1". Any other key sends the caller to an
// agent.
type Choice struct {
	// Choice is the step's name, such as "have_account".
	Choice string
	// Prompt asks, Again asks again.
	Prompt, Again string
	// Key is the key for yes.
	Key    byte
	Limits Limits
	// Speech lets the caller say yes or no.
	Speech Speech
}

// Name implements session.Step.
func (c Choice) Name() string { return c.Choice }

// PossibleKeys implements Selective.
func (c Choice) PossibleKeys(string) string { return string(rune(c.Key)) }

// Run implements session.Step. Anything but a yes ends self-service.
func (c Choice) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	chosen := func(yes bool) attempt {
		if yes {
			return accepted(session.Passed())
		}
		return optedOut
	}
	q := question{
		prompt: c.Prompt, again: c.Again, min: 1, max: 1, limits: c.Limits,
		judge: func(_ context.Context, digits session.Secret) (attempt, error) {
			return chosen(firstKey(digits) == c.Key), nil
		},
	}
	if c.Speech.Engine != "" {
		q.say = &saying{Speech: c.Speech, purpose: "yes-no", yesOrNo: chosen}
	}
	out, err := q.ask(ctx, s, event.ReasonNoMatch)
	out.Last = out.Result != event.StepPassed
	return out, err
}
