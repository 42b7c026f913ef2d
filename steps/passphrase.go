package steps

import (
	"context"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// Passphrase verifies by words that the customer says: a knowledge factor. What an engine of the telephone system
// understood is compared with what is on file, so the engine's grammar must know more words than the phrase, or it
// would give it away.
type Passphrase struct {
	Directory Directory
	// Prompt asks for it, Again asks once more.
	Prompt, Again string
	// Engine and Grammar are those of the telephone system.
	Engine, Grammar string
	// Confidence is how sure the engine must be, 0 to 1; 0.8 by policy.md.
	Confidence float64
	// Tries is how often the caller is listened to; 2 by policy.md.
	Tries int
	// OptOut is the key that says "I don't have it".
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
	customer, identified := s.Customer()
	if !identified || !customer.Has(string(event.MethodPassphrase)) {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	prompts := []string{p.Prompt}
	why := event.ReasonNotHeard
	for range p.Tries {
		got, err := p.once(ctx, s, customer.ID, prompts)
		switch {
		case err != nil:
			return session.Outcome{}, err
		case got.result == event.AttemptAccepted, got.ended:
			return got.outcome, nil
		case got.result == event.AttemptOptedOut:
			return session.Declined(), nil
		}
		switch got.result {
		case event.AttemptRejected:
			why, prompts = event.ReasonWrongAnswer, []string{"not-right-1", p.Again}
		case event.AttemptNoInput:
			why, prompts = event.ReasonNoInput, []string{"not-heard-1", p.Again}
		default:
			why, prompts = event.ReasonNotHeard, []string{"not-heard-1", p.Again}
		}
	}
	return session.Failed(why), nil
}

// once listens, judges and records one attempt.
func (p Passphrase) once(
	ctx context.Context, s *session.Session, customer string, prompts []string,
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
	case heard.Class != session.Input, heard.Confidence < p.Confidence:
		return noMatch, nil
	}
	words := session.NewSecret([]byte(session.Words(string(heard.Words.Reveal()))))
	defer words.Wipe()
	if words.Len() == 0 {
		return noMatch, nil
	}
	return judgeSecret(ctx, s, event.MethodPassphrase, func(ctx context.Context) (bool, error) {
		return p.Directory.Check(ctx, customer, string(event.MethodPassphrase), words)
	})
}
