package steps

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/session"
)

const (
	// fillAfter is how long a look-up may take before queued prompts are played, such as the greeting. A local look-up is
	// faster; then the greeting and the first question are one prompt.
	fillAfter = 100 * time.Millisecond
	// comfortAfter is how long the caller hears silence (docs/policy.md#backend-call).
	comfortAfter = time.Second
	// lookUpLimit bounds a look-up with all its parts (docs/policy.md#backend-call).
	lookUpLimit = 8 * time.Second
)

// errTooSlow is the cause of a look-up that took too long.
var errTooSlow = fmt.Errorf("no answer within %s", lookUpLimit)

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
	asking, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), lookUpLimit, errTooSlow)
	defer cancel()
	return fill(ctx, s, asking, func() {}, ask)
}

// fill asks, and plays filler prompts meanwhile. gone is called when the caller is.
func fill[T any](
	ctx context.Context, s *session.Session, asking context.Context, gone func(),
	ask func(context.Context) (T, error),
) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("panic in a look-up: %v", p)
			}
			done <- a
		}()
		a.value, a.err = ask(asking)
	}()
	started := time.Now()
	for _, speak := range []struct {
		after   time.Duration
		prompts []string
	}{{fillAfter, nil}, {comfortAfter, []string{"one-moment"}}} {
		wait := time.NewTimer(speak.after - time.Since(started))
		select {
		case a := <-done:
			wait.Stop()
			return a.value, a.err
		case <-wait.C:
		case <-ctx.Done():
		}
		wait.Stop()
		if err := s.Fill(ctx, speak.prompts...); err != nil {
			gone()
			a := <-done
			return a.value, errors.Join(err, a.err)
		}
	}
	a := <-done
	return a.value, a.err
}
