package steps

import (
	"bytes"
	"context"

	"countersign/session"
	"countersign/session/event"
	"countersign/spoken"
)

// saying is how the number is said. One that has letters is keyed.
func (n Number) saying(s *session.Session) *saying {
	if n.Speech.Engine == "" || n.Letters {
		return nil
	}
	say := &saying{
		Speech: n.Speech, purpose: digitsOf(n.Min, n.Max),
		read: func(language string, words []byte) []spoken.Reading {
			return spoken.Digits(language, words, n.Min, n.Max)
		},
		judge: func(ctx context.Context, readings []spoken.Reading, t *talk) (attempt, error) {
			return n.heard(ctx, s, readings, t)
		},
	}
	if n.Kind == string(event.MethodPhone) {
		say.read = func(language string, words []byte) []spoken.Reading {
			return spoken.Telephone(language, words, n.Min, n.Max)
		}
	}
	return say
}

// heard judges a number that was said. It counts if its check digit settles what was said, or if the caller says that
// what we read back is right: nobody is taken for another customer because we misheard.
func (n Number) heard(
	ctx context.Context, s *session.Session, readings []spoken.Reading, t *talk,
) (attempt, error) {
	if n.Check != nil {
		if r, ok := spoken.Settle(readings, n.Check); ok && n.ReadBack == ReadBackNever {
			return n.lookUpValue(ctx, s, string(r.Reveal()))
		}
		possible := readings[:0:0]
		for _, r := range readings {
			if n.Check(string(r.Reveal())) {
				possible = append(possible, r)
			}
		}
		if readings = possible; len(readings) == 0 {
			return attempt{doubtful: true}, nil
		}
	}
	value, got, err := n.readBack(ctx, s, readings[0], t)
	switch {
	case err != nil || value == "":
		return got, err
	case n.Check != nil && !n.Check(value): // corrected into one that there is not
		return attempt{doubtful: true}, nil
	}
	return n.lookUpValue(ctx, s, value)
}

// maxCorrected is how often a number is read back, corrected and read back again.
const maxCorrected = 3

// readBack reads a number back until the caller says that it is right. An empty value comes with the attempt's result.
func (n Number) readBack(
	ctx context.Context, s *session.Session, heard spoken.Reading, t *talk,
) (value string, got attempt, err error) {
	number := groups(heard)
	for silent, round := false, 0; round < maxCorrected; round++ {
		s.Say("read-back")
		s.SayDigits(bytes.Join(number, nil))
		entry, err := s.Ask(ctx, session.Ask{
			Prompts: []string{"read-back-confirm-said"}, Min: 1, Max: 1,
			FirstDigit: n.Limits.FirstDigit, InterDigit: n.Limits.InterDigit,
			OptOut: n.Limits.star(), Flush: true, Speech: n.Speech.listen("confirm", s.Language()),
		})
		if err != nil {
			return "", attempt{}, err
		}
		answer, corrected, got := n.answered(s, entry, number, t)
		entry.Wipe()
		switch {
		case answer == spoken.Yes:
			return string(bytes.Join(number, nil)), attempt{}, nil
		case corrected != nil:
			number, silent = corrected, false
		case answer == spoken.Repeat, answer == spoken.None && !silent:
			silent = answer == spoken.None
		default:
			return "", got, nil
		}
	}
	return "", attempt{doubtful: true}, nil
}

// answered is the answer to a read-back: yes, no, a corrected number, or nothing that is understood.
func (n Number) answered(
	s *session.Session, entry session.Entry, number [][]byte, t *talk,
) (answer spoken.Command, corrected [][]byte, got attempt) {
	again := attempt{result: event.AttemptNoMatch, misheard: true, prompts: []string{n.Again}}
	if !entry.Spoken {
		switch key := firstKey(entry.Digits); {
		case entry.Class == session.OptedOut && n.Limits.OptOut != star, key != 0 && key == n.Limits.repeatKey():
			return spoken.Repeat, nil, again
		case entry.Class == session.OptedOut:
			return spoken.DontHave, nil, optedOut
		case key == yes:
			return spoken.Yes, nil, attempt{}
		case key == no:
			return spoken.No, nil, again
		}
		return spoken.None, nil, again
	}
	if entry.Class != session.Input || entry.Confidence < leastHeard {
		return spoken.None, nil, again
	}
	words := entry.Words.Reveal()
	command, rest := spoken.CommandIn(s.Language(), words)
	switch {
	case command == spoken.Agent, command == spoken.DontHave, command == spoken.KeyIt:
		got, _ = question{prompt: n.Prompt, again: n.Again}.obey(command, t)
		return command, nil, got
	case command != spoken.None && !(command == spoken.No && len(rest) > 0):
		return command, nil, again
	}
	fixed := spoken.Correct(s.Language(), number, words, n.Min, n.Max)
	defer spoken.Wipe(fixed)
	switch {
	case len(fixed) == 0:
		return spoken.None, nil, again
	case !bytes.Equal(fixed[0].Reveal(), bytes.Join(number, nil)):
	case command == spoken.No: // we hear the same thing once more, and it is wrong
		return spoken.No, nil, again
	default:
		return spoken.Yes, nil, attempt{}
	}
	return spoken.None, groups(fixed[0]), again
}

// groups is a copy of a reading's groups.
func groups(r spoken.Reading) (all [][]byte) {
	for _, g := range r.Groups() {
		all = append(all, bytes.Clone(g))
	}
	return all
}
