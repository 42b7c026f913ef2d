package session

import (
	"context"
	"fmt"
	"time"
)

const (
	// fillAfter is how long the caller waits before queued prompts are played, such as the greeting. What is local is
	// faster; then the greeting and the first question are one prompt.
	fillAfter = 100 * time.Millisecond
	// comfortAfter is how long the caller hears silence (docs/policy.md#backend-call), comfortEvery how long between two
	// assurances. Both must be shorter than the dead-man switch.
	comfortAfter = time.Second
	comfortEvery = 8 * time.Second
)

// While does what the caller waits for, in a goroutine of its own. Meanwhile it plays what was queued, and "one moment,
// please" as often as it takes. It returns when work has ended. An error says that work panicked, or that the caller is
// gone: gone was called then, so that work can end early.
func (s *Session) While(ctx context.Context, gone func(), work func()) error {
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic while the caller waits: %v", p)
			}
			done <- err
		}()
		work()
	}()
	started, next := time.Now(), fillAfter
	var prompts []string
	for {
		wait := time.NewTimer(next - time.Since(started))
		select {
		case err := <-done:
			wait.Stop()
			return err
		case <-wait.C:
		case <-ctx.Done():
		}
		wait.Stop()
		if err := s.Fill(ctx, prompts...); err != nil {
			gone()
			<-done
			return err
		}
		if prompts == nil {
			prompts, next = []string{"one-moment"}, comfortAfter
		} else {
			next = time.Since(started) + comfortEvery
		}
	}
}
