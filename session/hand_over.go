package session

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"countersign/session/event"
)

// announce tells the caller how it went. Nothing that goes wrong here may keep them from the person they are going to.
func (r *Runner) announce(ctx context.Context, s *Session, v verdict, log *slog.Logger) {
	step := s.line.Failure
	if v.status() == event.StatusVerified {
		step = s.line.Confirmation
	}
	s.queued = s.queued[:0]
	if step == nil || v.reason == event.ReasonTooLong || ctx.Err() != nil {
		return
	}
	_, _ = r.step(ctx, s, step, log)
}

// handOver sends the call on. gone is set if there was nobody left to send.
func (r *Runner) handOver(ctx context.Context, s *Session, v verdict, log *slog.Logger) (end event.End, gone error) {
	if err := context.Cause(ctx); err != nil {
		return event.EndReleased, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, handOverTimeout, ErrTooLong)
	defer cancel()
	// Written first, so that a crash in the middle of it does not hide where the caller went.
	outcome, to := s.line.Routes.For(v.status())
	s.events.record(event.Routed{Outcome: outcome, Destination: to.String(), Status: v.status(), Level: int(v.level), Reason: v.reason})
	syncing, done := context.WithTimeout(ctx, journalTimeout)
	if err := r.journal.Sync(syncing); err != nil && ctx.Err() == nil {
		log.Error("the verdict is not on disk yet, the call goes on all the same", "err", err)
	}
	done()
	if err := s.channel.Transfer(ctx, s.handover(v, to)); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		if !isHangup(err) {
			log.Error("transfer failed, the dialplan takes the caller on", "to", to.String(), "err", err)
		}
		return event.EndReleased, err
	}
	return event.EndRouted, nil
}

// handover is the result as the next application and the next leg see it (design.md §3.3).
func (s *Session) handover(v verdict, to Destination) Handover {
	customer, _ := s.Customer()
	methods := make([]string, len(s.methods))
	for i, m := range s.methods {
		methods[i] = string(m)
	}
	level := strconv.Itoa(int(v.level))
	return Handover{
		To: to,
		Variables: []Variable{
			{"cs_call", s.call.ID}, {"cs_status", string(v.status())}, {"cs_level", level}, {"cs_reason", string(v.reason)},
			{"cs_methods", strings.Join(methods, ",")}, {"cs_customer", customer.ID},
		},
		Headers: []Variable{
			{"X-Countersign-Call", s.call.ID}, {"X-Countersign-Status", string(v.status())}, {"X-Countersign-Level", level},
			{"X-Countersign-Customer", customer.ID},
		},
	}
}
