package whatif

import (
	"context"
	"time"

	"countersign/session"
	"countersign/session/applink"
	"countersign/session/event"
)

// appLinks are the steps.AppLinks of a replayed call. The customer answers as before.
type appLinks struct{ *player }

// Ask implements steps.AppLinks. It sends nothing.
func (a appLinks) Ask(context.Context, string, string, applink.Question, time.Duration) (session.Secret, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return session.NewSecret([]byte("00")), a.gone
}

// Look implements steps.AppLinks: what the attempt replayed last was answered with.
func (a appLinks) Look(context.Context, string, string) (q applink.Question, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unchecked = false
	s := a.step
	if a.gone != nil || s == nil {
		return q, a.gone
	}
	q.State, q.Passkey = applink.Shown, s.passkey
	for _, before := range s.Attempts[:a.next] {
		if before.Result == event.AttemptRejected {
			q.Wrong++
		}
	}
	last := a.next == len(s.Attempts)
	switch {
	case a.last() == event.AttemptAccepted:
		q.State = applink.Confirmed
	case last && s.Reason == event.ReasonDenied:
		q.State = applink.Denied
	case last && s.Reason == event.ReasonVoid:
		q.State = applink.Void
	case last && s.Reason == event.ReasonNoInput:
		q.State = applink.Over
	}
	return q, nil
}

// Changed implements steps.AppLinks: a recorded silence is replayed as one.
func (appLinks) Changed(context.Context, applink.Question) bool { return true }

// End implements steps.AppLinks.
func (appLinks) End(context.Context, string, string) error { return nil }
