package steps

import (
	"context"
	"errors"

	"countersign/session"
	"countersign/session/event"
)

// judgeSecret checks an answer against the secret on file, as one of the customer's attempts.
func judgeSecret(
	ctx context.Context, s *session.Session, by event.Method, check func(context.Context) (bool, error),
) (attempt, error) {
	answered, err := s.Judge(ctx, by, func(ctx context.Context) (session.Answered, error) {
		return checkSecret(ctx, s, func(ctx context.Context) (session.Answered, error) {
			right, err := check(ctx)
			switch {
			case err != nil:
				return session.Unchecked, err
			case right:
				return session.Right, nil
			}
			return session.Wrong, nil
		})
	})
	switch {
	case err != nil && answered == session.Wrong: // and the caller is gone
		return rejected, err
	case err != nil:
		return attempt{}, err
	case answered == session.LockedOut: // the same words as any wrong answer, and the step ends
		return over(session.Failed(event.ReasonLocked)), nil
	case answered == session.TurnedAway:
		return over(session.Failed(event.ReasonVelocity)), nil
	case answered == session.Wrong:
		return rejected, nil
	case answered != session.Right:
		return attempt{}, errors.New("the answer was not checked")
	}
	return accepted(session.VerifiedBy(session.FactorOf(by), by)), nil
}
