package steps

import (
	"context"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/spoken"
)

// Passphrase verifies by words that the customer says: a knowledge factor. The words that a speech engine recognised
// are compared with those on file. So the engine's grammar must hold other phrases too, or any utterance would be
// recognised as the right one.
type Passphrase struct {
	Directory Directory
	// Prompt asks for it, Again asks again.
	Prompt, Again string
	// Engine and Grammar are the telephone system's names.
	Engine, Grammar string
	// Confidence is the least confidence of the engine, 0 to 1; default 0.8 (docs/policy.md#passphrase).
	Confidence float64
	// Tries is how often the caller may try; default 2 (docs/policy.md#passphrase).
	Tries int
	// OptOut is the key for "I don't have it".
	OptOut byte
}

const (
	speechStart  = 5 * time.Second
	speechLength = 8 * time.Second
)

// Name implements session.Step.
func (Passphrase) Name() string { return string(event.MethodPassphrase) }

// Run implements session.Step. A customer without a passphrase is not asked for one.
func (p Passphrase) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	if !asksStrangers(s, event.MethodPassphrase) {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	prompts := []string{p.Prompt}
	why := event.ReasonNotHeard
	for tried := 0; tried < p.Tries; tried++ {
		got, err := p.once(ctx, s, prompts)
		switch {
		case err != nil:
			return session.Outcome{}, err
		case got.result == event.AttemptAccepted, got.ended:
			return got.outcome, nil
		case got.result == event.AttemptOptedOut:
			return session.Declined(), nil
		}
		if got.slower && s.SlowDown() {
			s.Say("take-your-time")
		}
		switch got.result {
		case event.AttemptServed:
			tried--
			prompts = []string{p.Prompt}
		case event.AttemptRejected:
			why, prompts = event.ReasonWrongAnswer, []string{"not-right-1", p.Again}
		case event.AttemptNoInput:
			why, prompts = event.ReasonNoInput, []string{"not-heard-1", p.Again}
		default:
			why, prompts = event.ReasonNotHeard, []string{"not-heard-1", p.Again}
		}
	}
	return decoyed(s, event.MethodPassphrase, session.Failed(why)), nil
}

// once listens, checks and records one attempt.
func (p Passphrase) once(
	ctx context.Context, s *session.Session, prompts []string,
) (got attempt, err error) {
	started := s.Now()
	defer func() { attempted(ctx, s, started, got, err) }()
	heard, err := s.Hear(ctx, session.Hear{
		Prompts: prompts, Engine: p.Engine, Grammar: p.Grammar, Start: speechStart, Speech: speechLength,
		OptOut: p.OptOut,
	})
	defer heard.Words.Wipe()
	switch {
	case err != nil:
		return attempt{}, err
	case heard.Class == session.NoInput:
		return noInput, nil
	case heard.Class == session.OptedOut:
		return optedOut, nil
	case heard.Class != session.Input:
		return noMatch, nil
	}
	if got, is := p.obey(s, heard); is {
		return got, nil
	}
	if heard.Confidence < p.Confidence {
		return noMatch, nil
	}
	words := session.NewSecret([]byte(session.Words(string(heard.Words.Reveal()))))
	defer words.Wipe()
	if words.Len() == 0 {
		return noMatch, nil
	}
	return judgeSecret(ctx, s, event.MethodPassphrase, func(ctx context.Context) (bool, error) {
		return p.Directory.Check(ctx, whose(s, event.MethodPassphrase), string(event.MethodPassphrase), words)
	})
}

// obey does what the caller wants who says a command, as far as the company's grammar has it. A phrase that is one cannot
// be a passphrase. It cannot be keyed: who would rather do so is asked the next question.
func (p Passphrase) obey(s *session.Session, heard session.Heard) (got attempt, is bool) {
	if heard.Confidence < leastHeard {
		return attempt{}, false
	}
	switch command, _ := spoken.CommandIn(s.Language(), heard.Words.Reveal()); command {
	case spoken.Agent:
		return toPerson(), true
	case spoken.DontHave, spoken.KeyIt:
		return optedOut, true
	case spoken.Repeat:
		return served(event.WishRepeat), true
	case spoken.Slower:
		got = served(event.WishSlower)
		got.slower = true
		return got, true
	}
	return attempt{}, false
}
