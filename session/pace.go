package session

import (
	"context"
	"time"
)

const (
	// slowFactor lengthens a slow caller's timers; leastSlowBetween is the least time between their keys, so that six
	// seconds a key are enough on any line (docs/policy.md#slow-mode).
	slowFactor       = 2
	leastSlowBetween = 8 * time.Second
	// longestSlow bounds a slow caller's call, as the settings bound every call (docs/policy.md#whole-idv).
	longestSlow = 10 * time.Minute
)

// SlowDown gives the caller more time from now on, until the call ends: longer timers, and a longer call. began is false
// if they have it already.
func (s *Session) SlowDown() (began bool) {
	if s.slow {
		return false
	}
	s.slow = true
	if s.extend != nil {
		s.extend()
	}
	return true
}

// paced lengthens the timers of a question for a slow caller.
func (s *Session) paced(a Ask) Ask {
	if !s.slow {
		return a
	}
	if !a.Waits {
		a.FirstDigit *= slowFactor
	}
	a.InterDigit = max(a.InterDigit*slowFactor, leastSlowBetween)
	a.FirstDigit = max(a.FirstDigit, a.InterDigit)
	return a
}

// LongestCall bounds our part of a call (docs/policy.md#whole-idv): most, or the default if that is 0, and twice as much
// for a slow caller.
func LongestCall(most time.Duration, slow bool) time.Duration {
	if most <= 0 {
		most = defaultMaxDuration
	}
	if slow {
		most = max(most, min(slowFactor*most, longestSlow))
	}
	return most
}

// bounded bounds our part of a call. extend gives it as much time again, once, from its beginning, but never more than
// longestSlow.
func bounded(ctx context.Context, most time.Duration) (c context.Context, extend, cancel func()) {
	c, end := context.WithCancelCause(ctx)
	began := time.Now()
	timer := time.AfterFunc(most, func() { end(ErrTooLong) })
	extend = func() {
		if timer.Stop() {
			timer.Reset(LongestCall(most, true) - time.Since(began))
		}
	}
	return c, extend, func() { timer.Stop(); end(context.Canceled) }
}
