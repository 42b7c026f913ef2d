package steps

import (
	"context"
	"fmt"
	"time"

	"countersign/session"
)

// Waits know how long callers of a queue wait (waiting.Board).
type Waits interface {
	// AtMost is what a caller is told who joins the queue now, in whole minutes; 0 is more than half an hour. ok is false
	// if they do not wait, or nobody knows.
	AtMost(queue string) (most time.Duration, ok bool)
}

// Wait tells callers how long they wait for an agent at most, before they are handed on. Whoever does not wait is told
// nothing.
type Wait struct {
	Queue string
	Waits Waits
}

// Name implements session.Step.
func (Wait) Name() string { return "wait" }

// Run implements session.Step.
func (w Wait) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	most, ok := w.Waits.AtMost(w.Queue)
	if !ok {
		return session.Passed(), nil
	}
	return session.Passed(), s.Play(ctx, waitPrompt(most))
}

// WaitMinutes are the waits that there are prompts for.
func WaitMinutes() []int { return []int{1, 2, 3, 5, 10, 15, 20, 30} }

// waitPrompt is the prompt for a wait: the next that is no shorter.
func waitPrompt(most time.Duration) string {
	for _, minutes := range WaitMinutes() {
		if most > 0 && most <= time.Duration(minutes)*time.Minute {
			return fmt.Sprintf("wait-%d", minutes)
		}
	}
	return "wait-long"
}
