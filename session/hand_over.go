package session

import (
	"context"
	"errors"
	"log/slog"

	"countersign/session/event"
)

// announce tells the caller the result. An error here must not keep them from their destination.
func (r *Runner) announce(ctx context.Context, s *Session, v verdict, log *slog.Logger) {
	if s.spoken { // drop what an unfinished step has queued, but keep a greeting that was not played yet
		s.queued = s.queued[:0]
	}
	step := s.line.Failure
	switch {
	case v.reason == event.ReasonClosed:
		step = s.line.Closed
	case v.enough(s) && v.level < Verified:
		return
	case v.enough(s):
		if step = s.line.Confirmation; s.line.Enrol != nil && s.call.NeedLevel == Unknown && ctx.Err() == nil {
			if _, err := r.step(ctx, s, s.line.Enrol, log); err != nil {
				return
			}
		}
	}
	if step == nil || v.reason == event.ReasonTooLong || ctx.Err() != nil {
		return
	}
	_, _ = r.step(ctx, s, step, log)
}

// tellWait tells a caller who goes to an agent how long they wait. An error here must not keep them from there either.
func (r *Runner) tellWait(ctx context.Context, s *Session, v verdict, log *slog.Logger) {
	_, to := s.line.Routes.For(v.status(), v.reason)
	if s.line.Wait == nil || s.call.Return != (Destination{}) || to != s.line.Routes.Identified ||
		v.reason == event.ReasonClosed || v.reason == event.ReasonTooLong || ctx.Err() != nil {
		return
	}
	_, _ = r.step(ctx, s, s.line.Wait, log)
}

// handOver hands the call on. gone says why it could not. It takes a verdict back that nothing would remember.
func (r *Runner) handOver(ctx context.Context, s *Session, v *verdict, log *slog.Logger) (end event.End, gone error) {
	if err := context.Cause(ctx); err != nil {
		return event.EndReleased, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, handOverTimeout, ErrTooLong)
	defer cancel()
	// Journalled first, so that a crash does not hide where the caller went.
	to := s.recordRoute(*v)
	if err := r.syncJournal(ctx, s); err != nil && ctx.Err() == nil {
		log.Error("the verdict is not on disk, the call goes on unverified", "err", err)
		if v.enough(s) {
			to = s.takeBack(v)
		}
	}
	token := r.remember(ctx, s, *v, log)
	if to == Hangup {
		return event.EndRouted, s.hangUp(ctx)
	}
	if err := s.channel.Transfer(ctx, s.handover(*v, to, token)); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		if !isHangup(err) {
			log.Error("transfer failed, the call goes on with the dialplan", "to", to.String(), "err", err)
		}
		return event.EndReleased, err
	}
	return event.EndRouted, nil
}

// recordRoute picks the call's destination and journals it.
func (s *Session) recordRoute(v verdict) Destination {
	outcome, to := s.line.Routes.For(v.status(), v.reason)
	if s.call.Return != (Destination{}) {
		outcome, to = "returned", s.call.Return
	}
	s.events.record(event.Routed{
		Outcome: outcome, Destination: to.String(), Status: v.status(), Level: int(v.level), Reason: v.reason,
		Continues: s.earlier.First,
	})
	return to
}

// syncJournal returns when the call's events would survive a crash, or an error if they would not. A caller who waits for
// it hears so.
func (r *Runner) syncJournal(ctx context.Context, s *Session) error {
	if s.events.lost != nil {
		return s.events.lost
	}
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	unknown := errors.New("the journal does not say whether it has the call's events")
	onDisk := unknown
	if err := s.While(ctx, func() {}, func() { onDisk = r.journal.Sync(ctx) }); onDisk == unknown {
		return errors.Join(onDisk, err)
	}
	return onDisk
}

// takeBack turns a good verdict that a crash would erase into one that sends the caller to a person, unverified.
func (s *Session) takeBack(v *verdict) (to Destination) {
	v.level, v.reason, s.proofs = min(v.level, Identified), event.ReasonUnavailable, nil
	if len(s.methods) > 0 {
		s.methods = []event.Method{identifiedBy(s.methods)}
	}
	customer, _ := s.Customer()
	s.events.record(event.Failed{
		Reason: v.reason, Status: v.status(), Level: int(v.level), Customer: customer.ID,
		PopURL: s.line.popURL(s.call.ID, customer.ID, v.status()), Continues: s.earlier.First,
	})
	return s.recordRoute(*v)
}

// hangUp ends a call whose route is hangup. A caller who has hung up already is no error.
func (s *Session) hangUp(ctx context.Context) error {
	if err := s.channel.Hangup(ctx, "NORMAL_CLEARING"); err != nil && !isHangup(err) {
		return err
	}
	return nil
}

// remember keeps the result for when the call comes back, and issues a token if the line sends one.
func (r *Runner) remember(ctx context.Context, s *Session, v verdict, log *slog.Logger) (token string) {
	if r.calls == nil && r.tokens == nil {
		return ""
	}
	k := Known{
		Call: s.call.ID, First: s.first(), Channel: s.call.Channel, Line: s.line.Name, Required: v.required, Decided: r.now(),
	}
	if s.customer != nil {
		k.Proven = Proven{Customer: s.customer.ID, Methods: s.methods, Proofs: s.proofs, Language: s.language}
	}
	ctx, cancel := context.WithTimeout(ctx, r.stateTimeout)
	defer cancel()
	if r.calls != nil {
		all := []Known{k}
		if k.First != k.Call { // an agent who knows the call by its first id sees the latest state
			latest := k
			latest.Call = k.First
			all = append(all, latest)
		}
		for _, known := range all {
			if err := r.calls.Remember(ctx, known); err != nil {
				log.Warn("result not stored, the caller is asked again when the call comes back", "err", err)
			}
		}
	}
	if r.tokens == nil || !s.line.SendToken || v.status() != event.StatusVerified {
		return ""
	}
	token, err := r.tokens.Issue(ctx, k)
	if err != nil {
		log.Warn("no token issued for the call", "err", err)
	}
	return token
}
