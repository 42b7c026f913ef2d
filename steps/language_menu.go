package steps

import (
	"context"
	"fmt"

	"countersign/session"
	"countersign/session/event"
)

// LanguageMenu offers the line's languages, each in its own words. Without an answer the call stays in the first.
type LanguageMenu struct{ Limits Limits }

// menuTries is how often the menu is played.
const menuTries = 2

// Name implements session.Step.
func (LanguageMenu) Name() string { return "language" }

// PossibleKeys implements Selective.
func (LanguageMenu) PossibleKeys(string) string { return "1" }

// Run implements session.Step.
func (m LanguageMenu) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	languages, limits := s.Line().Languages, m.Limits
	limits.OptOut = 0 // no opt-out
	for try := range menuTries {
		started := s.Now()
		if try > 0 {
			s.Say("ask-language-again")
		}
		say := func() {
			for i, l := range languages {
				s.SayIn(l, fmt.Sprintf("language-%d", i+1))
			}
		}
		key, class, err := oneKey{say: say, limits: limits, typeAhead: try == 0}.ask(ctx, s)
		if err != nil {
			return session.Outcome{}, err
		}
		choice := int(key) - '1'
		switch {
		case choice >= 0 && choice < len(languages):
			s.Attempted(event.AttemptAccepted, started)
			s.Choose(languages[choice])
			return session.Passed(), nil
		case class == session.NoInput:
			s.Attempted(event.AttemptNoInput, started)
			s.SlowDown()
		default:
			s.Attempted(event.AttemptNoMatch, started)
		}
	}
	return session.Skipped(event.ReasonNoInput), nil
}
