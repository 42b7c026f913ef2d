package steps

import (
	"context"

	"countersign/session"
)

// The keys for yes and no, where a prompt says "press 1".
const yes, no = '1', '2'

// oneKey is a question that one key answers, such as "press 1".
type oneKey struct {
	// prompts are played after what was queued.
	prompts []string
	// limits has the caller's timers and the opt-out key; the step decides how often to ask.
	limits Limits
	// typeAhead accepts a key pressed before the prompt.
	typeAhead bool
}

// ask asks once. key is the key pressed, or 0.
func (k oneKey) ask(ctx context.Context, s *session.Session) (key byte, class session.Class, err error) {
	entry, err := s.Ask(ctx, session.Ask{
		Prompts: k.prompts, Min: 1, Max: 1, FirstDigit: k.limits.FirstDigit, InterDigit: k.limits.InterDigit,
		OptOut: k.limits.OptOut, Flush: !k.typeAhead,
	})
	defer entry.Digits.Wipe()
	if err != nil {
		return 0, entry.Class, err
	}
	return firstKey(entry.Digits), entry.Class, nil
}

// firstKey is the first digit keyed, or 0.
func firstKey(digits session.Secret) byte {
	if keyed := digits.Reveal(); len(keyed) > 0 {
		return keyed[0]
	}
	return 0
}
