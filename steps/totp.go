package steps

import (
	"context"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// TOTP verifies by the time-based code of the customer's authenticator (RFC 6238): a possession factor. A code is
// accepted once, on all machines together.
type TOTP struct {
	Directory Directory
	Once      Once
	// Prompt asks for it, Again asks again.
	Prompt, Again string
	Limits        Limits
	// Speech lets the caller say it.
	Speech Speech
}

const (
	totpDigits = 6
	// totpMemory is longer than any code is valid: three time steps of 30 s.
	totpMemory = 5 * time.Minute
)

// Name implements session.Step.
func (TOTP) Name() string { return string(event.MethodTOTP) }

// Run implements session.Step. A customer without an authenticator is not asked.
func (t TOTP) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	if !asksStrangers(s, event.MethodTOTP) {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	check := func(ctx context.Context, code session.Secret) (attempt, error) {
		return judgeSecret(ctx, s, event.MethodTOTP, func(ctx context.Context) (bool, error) {
			customer := whose(s, event.MethodTOTP)
			step, ok, err := t.Directory.CheckTOTP(ctx, customer, code, s.Now())
			if err != nil || !ok {
				return false, err
			}
			return t.Once.Use(ctx, fmt.Sprintf("totp %s %d", customer, step), totpMemory)
		})
	}
	q := question{
		prompt: t.Prompt, again: t.Again, min: totpDigits, max: totpDigits, limits: t.Limits,
		by:    event.MethodTOTP,
		judge: check,
	}
	if t.Speech.Engine != "" {
		q.say = t.Speech.code(totpDigits, check)
	}
	out, err := q.ask(ctx, s, event.ReasonWrongAnswer)
	return decoyed(s, event.MethodTOTP, out), err
}
