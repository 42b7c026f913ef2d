package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/bus"
	"countersign/lines/staged"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/store/audit"
)

// stagedOptions are what new versions of lines that begin with a share of the calls are compared with.
func (s *service) stagedOptions() staged.Options {
	return staged.Options{
		Staged: s.lines.Staged, Return: s.returnFrom, Log: s.log,
		Watch: func(ctx context.Context, since time.Time, handle func(event.Event)) error {
			return bus.Watch(ctx, s.endpoint, bus.WatchOptions{
				Since: since, Log: s.log,
				Subjects: []string{"countersign.v1.*.call_started", "countersign.v1.*.call_ended"},
			}, handle)
		},
	}
}

// returnAuthor made the version that ends a start which was worse than it may be.
const returnAuthor = "countersign"

// returnFrom puts the version before in force for all calls again. The first machine that does so tells it.
func (s *service) returnFrom(ctx context.Context, v shared.LineVersion, t staged.Tally, why string) error {
	// Counting ends, and its context with it, as soon as the version is written, which may be before NATS has said so.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	put, err := s.state.Lines().Put(ctx, v.Name, v.Staged.BeforeYAML, bus.Change{
		Author: returnAuthor, Comment: why, ExpectedVersion: v.Version, RolledBackTo: v.Staged.Before,
		Summary: []string{fmt.Sprintf("returned from version %d: %s", v.Version, why)},
	})
	var conflict *bus.ConflictError
	switch {
	case errors.As(err, &conflict): // another machine, or a person
		return nil
	case err != nil && !errors.Is(err, bus.ErrNotAnnounced):
		return err
	}
	s.log.Error("a new version of a line was worse than it may be: the one before is in force for all calls again",
		"line", v.Name, "version", v.Version, "why", why)
	now := time.Now().UTC()
	s.publishAlarm(ctx, fmt.Sprintf("alarm-%s-%s-returned", v.Name, now.Format("200601021504")), now, v.Name, event.Alarm{
		Kind: event.AlarmReturned, Calls: t.New.Calls, Failures: t.New.Calls - t.New.Verified(),
		Seconds: max(1, int(now.Sub(v.Staged.Since).Seconds())),
		What:    fmt.Sprintf("version %d of line %s: %s", v.Version, v.Name, why),
	})
	e := audit.Entry{
		Actor: s.cfg.Node, Action: audit.LineReturned, Object: "line " + v.Name,
		Detail: fmt.Sprintf("version %d → %d: %s", v.Version, put.Version, why),
	}
	if err := auditEntry(ctx, s.cfg, e); err != nil {
		s.log.Error("the return is not in the audit log", "line", v.Name, "err", err)
	}
	return nil
}
