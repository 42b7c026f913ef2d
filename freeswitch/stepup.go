package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"countersign/session"
)

// Options are what StepUps need. Calls and Servers are required.
type Options struct {
	// Calls finds the FreeSWITCH channel of a call.
	Calls session.Calls
	// Servers are all FreeSWITCH machines that calls come from: StepUp looks for a call on all of them.
	Servers []Server
	// Timeout bounds the start of a step-up; default 5 s.
	Timeout time.Duration
	// Log gets a line for each step-up that starts. Default: no log.
	Log *slog.Logger
}

// StepUps takes callers out of their conversation with an agent to prove a higher level. The agent hears silence
// meanwhile; the shipped dialplan connects both again, whatever the result. It is safe for concurrent use.
type StepUps struct {
	calls   session.Calls
	servers []*Inbound
	timeout time.Duration
	log     *slog.Logger

	mu       sync.Mutex
	starting map[string]bool // channels with a StepUp call in progress
}

// NewStepUps makes StepUps. It does not connect yet.
func NewStepUps(o Options) *StepUps {
	s := &StepUps{calls: o.Calls, timeout: o.Timeout, log: o.Log, starting: map[string]bool{}}
	for _, server := range o.Servers {
		s.servers = append(s.servers, NewInbound(server))
	}
	if s.timeout <= 0 {
		s.timeout = 5 * time.Second
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Close ends the connections.
func (s *StepUps) Close() {
	for _, server := range s.servers {
		server.Close()
	}
}

// Extensions of the shipped dialplan for the two legs and for connecting them again (conf/dialplan/countersign.xml).
const (
	toStepUp = "stepup/XML/countersign"
	toWait   = "countersign-wait/XML/countersign"
	toRejoin = "countersign-rejoin XML countersign"
)

// StepUp asks a caller who is talking to an agent to prove a level (Verified or Strong). call is the call's cs_call. It
// returns when the caller has left the agent; the call's events have the result. The error is session.ErrUnknownCall,
// session.ErrNotBridged, session.ErrSwitchUnavailable, or that of an invalid level.
func (s *StepUps) StepUp(ctx context.Context, call string, level session.Level) error {
	if level < session.Verified || level > session.Strong {
		return fmt.Errorf("step up to level %d: only %d and %d can be asked for", level, session.Verified, session.Strong)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	k, ok, err := s.calls.Recall(ctx, call)
	switch {
	case err != nil:
		return fmt.Errorf("step up: %w: %w", session.ErrSwitchUnavailable, err)
	case !ok, !isUUID(k.Channel):
		return fmt.Errorf("step up: %w", session.ErrUnknownCall)
	case !s.begin(k.Channel):
		return fmt.Errorf("step up: %w: another step-up is starting", session.ErrNotBridged)
	}
	defer s.end(k.Channel)
	server, agent, err := s.find(ctx, k.Channel)
	if err != nil {
		return fmt.Errorf("step up: %w", err)
	}
	if err := takeOut(ctx, server, k.Channel, agent, level); err != nil {
		var refused *RefusedError
		if errors.As(err, &refused) { // the caller has hung up meanwhile
			err = fmt.Errorf("%w: %w", session.ErrUnknownCall, err)
		}
		return fmt.Errorf("step up: %w", err)
	}
	s.log.Info("step-up starts", "call", call, "level", int(level))
	return nil
}

func (s *StepUps) begin(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starting[channel] {
		return false
	}
	s.starting[channel] = true
	return true
}

func (s *StepUps) end(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.starting, channel)
}

// find asks all servers at once for the caller's leg, and returns the one that has it and the agent's leg.
func (s *StepUps) find(ctx context.Context, caller string) (*Inbound, string, error) {
	type found struct {
		server *Inbound
		agent  string
		err    error
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	all := make(chan found, len(s.servers))
	for _, server := range s.servers {
		go func() {
			agent, err := partner(ctx, server, caller)
			all <- found{server, agent, err}
		}()
	}
	answer := found{err: session.ErrUnknownCall}
	for range s.servers { // each is bounded by ctx
		switch f := <-all; {
		case f.err == nil, errors.Is(f.err, session.ErrNotBridged):
			answer = f
			enough() // do not wait for slow ones
		case errors.Is(f.err, session.ErrSwitchUnavailable) && errors.Is(answer.err, session.ErrUnknownCall):
			answer = f
		}
	}
	return answer.server, answer.agent, answer.err
}

// partner finds the agent's leg.
func partner(ctx context.Context, server *Inbound, caller string) (string, error) {
	agent, err := variable(ctx, server, caller, "signal_bond")
	if err != nil {
		return "", err
	}
	if !isUUID(agent) {
		return "", session.ErrNotBridged
	}
	// With bypass_media, FreeSWITCH would hang up on the caller.
	direct, err := variable(ctx, server, caller, "signal_bridge_to")
	if err != nil {
		return "", err
	}
	if direct != "" {
		return "", fmt.Errorf("%w through FreeSWITCH: their media bypasses it (bypass_media)", session.ErrNotBridged)
	}
	return agent, nil
}

// takeOut sends the caller to the step-up and the agent to wait, in one command. It first sets the variables that the
// dialplan needs to connect them again.
func takeOut(ctx context.Context, server *Inbound, caller, agent string, level session.Level) error {
	set := strings.Join([]string{
		fmt.Sprintf("cs_need_level=%d", level), "cs_return=" + toRejoin, "cs_agent_leg=" + agent,
		"hangup_after_bridge=false", // or FreeSWITCH hangs up on a caller whose agent leaves the bridge first
	}, ";")
	if _, err := server.API(ctx, "uuid_setvar_multi "+caller+" "+set); err != nil {
		return err
	}
	_, err := server.API(ctx, "uuid_dual_transfer "+caller+" "+toStepUp+" "+toWait)
	if err != nil { // the variables must not affect the rest of the call
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), apiTimeout)
		defer cancel()
		const unset = "cs_need_level=;cs_return=;cs_agent_leg=;hangup_after_bridge=true"
		_, _ = server.API(clean, "uuid_setvar_multi "+caller+" "+unset)
	}
	return err
}

// variable reads a channel variable; empty if it is not set.
func variable(ctx context.Context, server *Inbound, channel, name string) (string, error) {
	value, err := server.API(ctx, "uuid_getvar "+channel+" "+name)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		return "", fmt.Errorf("%w: %w", session.ErrUnknownCall, err)
	case value == "_undef_":
		return "", err
	}
	return value, err
}

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// isUUID reports whether id is an id of a FreeSWITCH channel: only those go into a command.
func isUUID(id string) bool { return uuidPattern.MatchString(id) }
