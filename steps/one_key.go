package steps

import (
	"context"

	"countersign/session"
)

// The keys for yes and no, where a prompt says "press 1".
const yes, no = '1', '2'

// oneKey is a question that one key answers, such as "press 1".
type oneKey struct {
	// say queues what is played.
	say func()
	// limits has the caller's timers and the opt-out key; the step decides how often to ask.
	limits Limits
	// typeAhead accepts a key pressed before the prompt.
	typeAhead bool
}

// ask asks once, and again whenever the caller wants to hear it again. key is the key pressed, or 0.
func (k oneKey) ask(ctx context.Context, s *session.Session) (key byte, class session.Class, err error) {
	for flush := !k.typeAhead; ; flush = true {
		k.say()
		key, class, err = k.once(ctx, s, flush)
		again := key == k.limits.repeatKey()
		if class == session.OptedOut {
			again = k.limits.OptOut != star
		}
		if err != nil || !again || class != session.Input && class != session.OptedOut {
			return key, class, err
		}
	}
}

func (k oneKey) once(ctx context.Context, s *session.Session, flush bool) (key byte, class session.Class, err error) {
	entry, err := s.Ask(ctx, session.Ask{
		Min: 1, Max: 1, FirstDigit: k.limits.FirstDigit, InterDigit: k.limits.InterDigit,
		OptOut: k.limits.star(), Flush: flush,
	})
	defer entry.Digits.Wipe()
	return firstKey(entry.Digits), entry.Class, err
}

// firstKey is the first digit keyed, or 0.
func firstKey(digits session.Secret) byte {
	if keyed := digits.Reveal(); len(keyed) > 0 {
		return keyed[0]
	}
	return 0
}
