package steps

import (
	"context"
	"errors"
	"time"

	"countersign/session"
)

const (
	// lookUpLimit bounds a look-up with all its parts (docs/policy.md#backend-call).
	lookUpLimit = 8 * time.Second
	// secretLimit bounds the check of a secret. A check by a system of the company is bounded by that system's cap; one of
	// ours may have to wait for its turn behind those of many other callers (docs/policy.md#argon2-concurrency).
	secretLimit = 150 * time.Second
)

// errTooSlow is the cause of a look-up or a check that took too long.
var errTooSlow = errors.New("no answer in time")

// lookUp makes a look-up that may be slow, and plays filler prompts meanwhile. It returns with the answer, when the
// caller is gone, or after lookUpLimit. The look-up has ended then, unless it ignores its context.
func lookUp[T any](ctx context.Context, s *session.Session, ask func(context.Context) (T, error)) (T, error) {
	asking, cancel := context.WithTimeoutCause(ctx, lookUpLimit, errTooSlow)
	defer cancel()
	return fill(ctx, s, asking, cancel, ask)
}

// tryOne is lookUp for one of several ways: why is its failure, gone says that the caller is.
func tryOne[T any](
	ctx context.Context, s *session.Session, ask func(context.Context) (T, error),
) (value T, why, gone error) {
	_, gone = lookUp(ctx, s, func(ctx context.Context) (struct{}, error) {
		value, why = ask(ctx)
		return struct{}{}, nil
	})
	return value, why, gone
}

// lookUpToTheEnd is lookUp, but waits for the answer even if the caller is gone, and returns it with the error that
// says so: hanging up must not undo a wrong answer.
func lookUpToTheEnd[T any](ctx context.Context, s *session.Session, ask func(context.Context) (T, error)) (T, error) {
	return toTheEnd(ctx, s, lookUpLimit, ask)
}

// checkSecret is lookUpToTheEnd for an answer that is checked against a secret on file.
func checkSecret[T any](ctx context.Context, s *session.Session, ask func(context.Context) (T, error)) (T, error) {
	return toTheEnd(ctx, s, secretLimit, ask)
}

func toTheEnd[T any](
	ctx context.Context, s *session.Session, limit time.Duration, ask func(context.Context) (T, error),
) (T, error) {
	asking, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), limit, errTooSlow)
	defer cancel()
	return fill(ctx, s, asking, func() {}, ask)
}

// fill asks, and plays filler prompts meanwhile. gone is called when the caller is.
func fill[T any](
	ctx context.Context, s *session.Session, asking context.Context, gone func(),
	ask func(context.Context) (T, error),
) (value T, err error) {
	waited := s.While(ctx, gone, func() { value, err = ask(asking) })
	return value, errors.Join(waited, err)
}
