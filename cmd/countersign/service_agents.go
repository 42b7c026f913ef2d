package main

import (
	"context"
	"time"

	"countersign/freeswitch"
	"countersign/queue"
	"countersign/session"
)

// agentsFor is how long a call is looked for after it was handed on, when the service starts.
const agentsFor = 24 * time.Hour

// followCalls returns the journal for calls. If FreeSWITCH's event sockets are set, it also follows what becomes of the
// calls that are handed on.
func (s *service) followCalls() session.Journal {
	if len(s.cfg.FreeSWITCH) == 0 {
		return s.journal
	}
	s.agents = queue.New(queue.Options{
		Record: s.journal.Append, Source: session.Source(s.cfg.Node), Servers: len(s.cfg.FreeSWITCH), Log: s.log,
	})
	return s.agents.Follow(s.journal)
}

// watchAgents journals who of the staff gets which call, until ctx ends. First it takes up the calls of the process
// before this one.
func (s *service) watchAgents(ctx context.Context) {
	now := time.Now()
	if before, err := s.journal.HandedOn(ctx, now.Add(-agentsFor)); err != nil {
		s.log.Error("calls that were handed on before the start are not followed", "err", err)
	} else {
		s.agents.Restore(before, now)
	}
	freeswitch.WatchAgents(ctx, freeswitch.AgentOptions{
		Servers: s.cfg.eventSockets(), Desk: s.agents, Log: s.log,
	})
}
