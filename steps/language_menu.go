package steps

import (
	"context"
	"fmt"

	"countersign/session"
	"countersign/session/event"
)

// LanguageMenu asks which of the line's languages to speak, each in its own words. Who does not answer hears the first.
type LanguageMenu struct{ Limits Limits }

// menuTries is how often the menu is played.
const menuTries = 2

// Name implements session.Step.
func (LanguageMenu) Name() string { return "language" }

// Run implements session.Step.
func (m LanguageMenu) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	languages := s.Line().Languages
	for try := range menuTries {
		started := s.Now()
		if try > 0 {
			s.Say("ask-language-again")
		}
		for i, l := range languages {
			s.SayIn(l, fmt.Sprintf("language-%d", i+1))
		}
		entry, err := s.Collect(ctx, session.Ask{Min: 1, Max: 1, FirstDigit: m.Limits.FirstDigit, InterDigit: m.Limits.InterDigit, Flush: try > 0})
		if err != nil {
			return session.Outcome{}, err
		}
		key := 0
		if entry.Class == session.Input {
			key = int(entry.Digits.Reveal()[0] - '0')
			entry.Digits.Wipe()
		}
		switch {
		case key >= 1 && key <= len(languages):
			s.Attempted(event.AttemptAccepted, started)
			s.Choose(languages[key-1])
			return session.Passed(), nil
		case entry.Class == session.NoInput:
			s.Attempted(event.AttemptNoInput, started)
		default:
			s.Attempted(event.AttemptNoMatch, started)
		}
	}
	return session.Skipped(event.ReasonNoInput), nil
}
