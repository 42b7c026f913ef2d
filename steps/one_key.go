package steps

import (
	"context"

	"countersign/session"
	"countersign/spoken"
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
	// speech lets the caller say it, purpose names the grammar. said is the key that words stand for, 0 for none; nil takes
	// the digits, and yes and no for 1 and 2.
	speech  Speech
	purpose string
	said    func(words []byte) byte
}

// pressed is the answer.
type pressed struct {
	// key is the key pressed or meant, or 0.
	key   byte
	class session.Class
	// person says that the caller asked for a person, and keys that they would rather use the keys.
	person bool
}

// ask asks once, and again whenever the caller wants to hear it again.
func (k oneKey) ask(ctx context.Context, s *session.Session) (pressed, error) {
	for flush, keysOnly := !k.typeAhead, false; ; flush = true {
		k.say()
		asked := k.asked(s, flush, keysOnly)
		if asked.Speech != nil && s.Manner() == "" {
			asked.Speech.Hint = "or-say-it"
		}
		entry, err := s.Ask(ctx, asked)
		keysOnly = keysOnly || entry.Deaf
		got, again := k.answered(s, entry, &keysOnly)
		entry.Wipe()
		if err != nil || !again {
			return got, err
		}
	}
}

func (k oneKey) asked(s *session.Session, flush, keysOnly bool) session.Ask {
	a := session.Ask{
		Min: 1, Max: 1, FirstDigit: k.limits.FirstDigit, InterDigit: k.limits.InterDigit,
		OptOut: k.limits.star(), Flush: flush,
	}
	if !keysOnly && s.Manner() != session.MannerKeyed {
		a.Speech = k.speech.listen(k.purpose, s.Language())
	}
	return a
}

// answered reads an answer; again says that it is a wish to hear the question again.
func (k oneKey) answered(s *session.Session, entry session.Entry, keysOnly *bool) (got pressed, again bool) {
	got = pressed{key: firstKey(entry.Digits), class: entry.Class}
	switch {
	case entry.Spoken:
		return k.heard(s, entry, keysOnly)
	case entry.Class == session.OptedOut:
		return got, k.limits.OptOut != star
	}
	return got, entry.Class == session.Input && got.key == k.limits.repeatKey()
}

// heard reads what was said. What is not understood is as a key that means nothing.
func (k oneKey) heard(s *session.Session, entry session.Entry, keysOnly *bool) (got pressed, again bool) {
	nothing := pressed{class: session.NoMatch}
	if entry.Class != session.Input || entry.Confidence < leastHeard {
		return nothing, false
	}
	words := entry.Words.Reveal()
	command, _ := spoken.CommandIn(s.Language(), words)
	switch command {
	case spoken.Agent:
		return pressed{class: session.OptedOut, person: true}, false
	case spoken.DontHave:
		return pressed{class: session.OptedOut}, false
	case spoken.Slower:
		s.SlowDown()
		s.Say("take-your-time")
		return nothing, true
	case spoken.KeyIt:
		*keysOnly = true
		s.Say("please-key")
		return nothing, true
	case spoken.Repeat:
		return nothing, true
	}
	said := k.said
	if said == nil {
		said = func(words []byte) byte { return digitOrYes(s.Language(), command, words) }
	}
	if got.key = said(words); got.key == 0 {
		return nothing, false
	}
	return pressed{key: got.key, class: session.Input}, false
}

// digitOrYes is the key that is said: its digit, or yes and no.
func digitOrYes(language string, command spoken.Command, words []byte) byte {
	switch command {
	case spoken.Yes:
		return yes
	case spoken.No:
		return no
	}
	readings := spoken.Digits(language, words, 1, 1)
	defer spoken.Wipe(readings)
	if len(readings) != 1 {
		return 0
	}
	return readings[0].Reveal()[0]
}

// firstKey is the first digit keyed, or 0.
func firstKey(digits session.Secret) byte {
	if keyed := digits.Reveal(); len(keyed) > 0 {
		return keyed[0]
	}
	return 0
}
