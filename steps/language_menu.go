package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"countersign/session"
	"countersign/session/event"
	"countersign/spoken"
)

// LanguageMenu offers the line's languages, each in its own words. Without an answer the call stays in the first.
type LanguageMenu struct {
	Limits Limits
	// Speech lets the caller name the language, or say its key, in any of the line's languages that the engine knows.
	Speech Speech
}

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
	menu := oneKey{limits: limits, speech: m.Speech, purpose: "language", said: languageKey(languages, s.Language())}
	for try := range menuTries {
		started := s.Now()
		if try > 0 {
			s.Say("ask-language-again")
		}
		menu.say = func() {
			for i, l := range languages {
				s.SayIn(l, fmt.Sprintf("language-%d", i+1))
			}
		}
		menu.typeAhead = try == 0
		got, err := menu.ask(ctx, s)
		if err != nil {
			return session.Outcome{}, err
		}
		choice := int(got.key) - '1'
		switch {
		case choice >= 0 && choice < len(languages):
			s.Attempted(event.AttemptAccepted, started)
			s.Choose(languages[choice])
			return session.Passed(), nil
		case got.class == session.OptedOut: // it was said: a person, in whichever language
			s.Attempted(event.AttemptOptedOut, started)
			out := session.Declined()
			out.Last = got.person
			return out, nil
		case got.class == session.NoInput:
			s.Attempted(event.AttemptNoInput, started)
			s.SlowDown()
		default:
			s.Attempted(event.AttemptNoMatch, started)
		}
	}
	return session.Skipped(event.ReasonNoInput), nil
}

// languageKey is the key of the language that is named, or of the digit that is said.
func languageKey(languages []string, in string) func(words []byte) byte {
	return func(words []byte) byte {
		tag, named := spoken.LanguageIn(in, words)
		if !named {
			return digitOrYes(in, spoken.None, words)
		}
		at := slices.IndexFunc(languages, func(l string) bool {
			primary, _, _ := strings.Cut(l, "-")
			return primary == tag
		})
		if at < 0 {
			return 0
		}
		return byte('1' + at)
	}
}
