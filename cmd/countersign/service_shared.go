package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/lines"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/store/audit"
)

// What operators are told about the state that machines share in NATS: when some of it was lost, by log, event and
// audit log; and by readyz, while it cannot be used.

// maxLosses is how many losses wait to be told.
const maxLosses = 64

// stateLost notes that NATS has lost something. It does not wait.
func (s *service) stateLost(what string) {
	select {
	case s.losses <- what:
	default: // everything is gone, and that was said
	}
}

// tellLosses tells operators what was lost until ctx ends.
func (s *service) tellLosses(ctx context.Context) {
	builtIn, _ := lines.Default()
	for {
		select {
		case <-ctx.Done():
			return
		case what := <-s.losses:
			text := what + " was gone from NATS and was made anew: what this machine knows is put back"
			s.log.Error("shared state was lost", "what", what,
				"do", "find out why: another NATS or account in nats.url, a volume that was not mounted, a deletion")
			s.tell(ctx, builtIn.Line, audit.Entry{Action: audit.StateLost, Object: what, Detail: text}, text)
		}
	}
}

// linePutBack tells operators that NATS had lost a line.
func (s *service) linePutBack(ctx context.Context, v shared.LineVersion) {
	text := fmt.Sprintf("line %s, version %d, was missing in NATS, or older there: it stayed in force and was put back",
		v.Name, v.Version)
	s.tell(ctx, v.Name, audit.Entry{
		Action: audit.LinePutBack, Object: "line " + v.Name, Detail: fmt.Sprintf("version %d", v.Version),
	}, text)
}

// tell adds an entry to the audit log and publishes an alarm.
func (s *service) tell(ctx context.Context, line string, e audit.Entry, text string) {
	e.Actor = s.cfg.Node
	if err := auditEntry(ctx, s.cfg, e); err != nil {
		s.log.Error("a loss of shared state is not in the audit log", "what", text, "err", err)
	}
	now := time.Now().UTC()
	about := fmt.Sprintf("alarm-%s-%s-%s", line, now.Format("200601021504"), strings.ReplaceAll(e.Object, " ", "-"))
	s.publishAlarm(ctx, about, now, line, event.Alarm{Kind: event.AlarmStateLost, Seconds: 1, What: text})
}

// trunkSilent publishes that no key is heard on a trunk.
func (s *service) trunkSilent(line string, a event.Alarm) {
	ctx, cancel := context.WithTimeout(context.Background(), proveWithin)
	defer cancel()
	now := time.Now().UTC()
	about := fmt.Sprintf("alarm-%s-%s-%s-%s", line, now.Format("200601021504"), s.cfg.Node,
		strings.ReplaceAll(a.Trunk, "/", "-"))
	s.publishAlarm(ctx, about, now, line, a)
}

// alarm logs and publishes that more calls than usual fail on a line.
func (s *service) alarm(ctx context.Context, line string, a event.Alarm) {
	s.log.Error("more calls than usual fail on a line: somebody may be trying PINs on many accounts",
		"line", line, "kind", string(a.Kind), "calls", a.Calls, "failures", a.Failures)
	now := time.Now().UTC()
	s.publishAlarm(ctx, fmt.Sprintf("alarm-%s-%s", line, now.Format("200601021504")), now, line, a)
}

func (s *service) publishAlarm(ctx context.Context, about string, at time.Time, line string, a event.Alarm) {
	err := s.state.Publish(ctx, event.Event{
		ID: event.ID(about, 1), Source: session.Source(s.cfg.Node), Time: at, Call: about, Seq: 1,
		Line: line, LineVersion: s.lines.Version(line), Data: a,
	})
	if err != nil {
		s.log.Error("alarm not published", "line", line, "err", err)
	}
}

// How long a test write may take, and how much is written to the data folder.
const (
	proveWithin = 1500 * time.Millisecond
	proveBytes  = 64 << 10
)

// notReady lists what this machine cannot do now, found out by doing: it writes to the disk and to NATS, and reads it
// back. Calls are answered anyway.
func (s *service) notReady(ctx context.Context) (reasons []string) {
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	if err := datafile.Prove(s.cfg.data, proveBytes); err != nil {
		reasons = append(reasons, fmt.Sprintf("the data folder cannot be written: %v", err))
	}
	if reason := journalNotReady(s.journal.Status()); reason != "" {
		reasons = append(reasons, reason)
	}
	if reason := s.replicaNotReady(); reason != "" {
		reasons = append(reasons, reason)
	}
	reasons = append(reasons, s.damage.all()...)
	reasons = append(reasons, natsNotReady(s.provesNATS(ctx))...)
	select {
	case <-s.lines.Known():
	default:
		reasons = append(reasons, "lines not read from NATS yet")
	}
	if s.lines.Unknown() {
		reasons = append(reasons, "nobody knows which lines there are: callers go to a person")
	}
	if lost := s.lines.Lost(); len(lost) > 0 {
		reasons = append(reasons, "lines in force here are missing in NATS, or older there: "+strings.Join(lost, ", "))
	}
	return reasons
}

// provesNATS writes to every part of NATS that is used, and reads it back.
func (s *service) provesNATS(ctx context.Context) (buckets, events error) {
	proved := make(chan error, 1)
	go func() { proved <- s.state.Prove(ctx) }()
	events = s.relay.Prove(ctx)
	return <-proved, events
}

// natsNotReady says what does not work: the buckets that machines share, and the events.
func natsNotReady(buckets, events error) (reasons []string) {
	switch {
	case buckets == nil:
	case errors.Is(buckets, bus.ErrAway):
		reasons = append(reasons, fmt.Sprintf("NATS is away: locks count on this machine only: %v", buckets))
	default:
		reasons = append(reasons, fmt.Sprintf("NATS does not store what machines share: locks may count on this machine "+
			"only: %v", buckets))
	}
	switch {
	case events == nil:
	case errors.Is(events, bus.ErrOutbox):
		reasons = append(reasons, fmt.Sprintf("events wait in the journal: %v", events))
	case errors.Is(events, bus.ErrAway):
		reasons = append(reasons, fmt.Sprintf("NATS is away: events wait: %v", events))
	default:
		reasons = append(reasons, fmt.Sprintf("NATS does not store events, they wait: %v", events))
	}
	return reasons
}
