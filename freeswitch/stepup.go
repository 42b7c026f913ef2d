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
	// Calls knows which of FreeSWITCH's calls is meant.
	Calls session.Calls
	// Servers are all FreeSWITCH machines that calls come from: a call is looked for on all of them.
	Servers []Server
	// Timeout bounds a step-up's beginning; default 5 s.
	Timeout time.Duration
	// Log gets a line for each step-up that begins. Default: nothing is logged.
	Log *slog.Logger
}

// StepUps take callers out of their talk with an agent to prove more (issue: AN-st). The agent hears silence meanwhile;
// the shipped dialplan joins both again, whatever came of it. Its methods may be called from any goroutine.
type StepUps struct {
	calls   session.Calls
	servers []*Inbound
	timeout time.Duration
	log     *slog.Logger

	mu       sync.Mutex
	starting map[string]bool // channels that somebody is just taking out
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

// Where the shipped dialplan goes on with the two legs, and comes back to (conf/dialplan/countersign.xml).
const (
	toStepUp = "stepup/XML/countersign"
	toWait   = "countersign-wait/XML/countersign"
	toRejoin = "countersign-rejoin XML countersign"
)

// StepUp asks a caller who is talking to an agent to prove a level (Identified to Strong). call is the id under which
// the call is known (cs_call). It returns when the caller has left the agent; what comes of it is for the call's
// events. The error is session.ErrUnknownCall, session.ErrNotBridged, session.ErrSwitchUnavailable, or about a level
// that there is not.
func (s *StepUps) StepUp(ctx context.Context, call string, level session.Level) error {
	if level < session.Identified || level > session.Strong {
		return fmt.Errorf("step up to level %d: there are %d to %d", level, session.Identified, session.Strong)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if level < session.Verified || level > session.Strong {
		return fmt.Errorf("step up: level %d cannot be asked for: 2 or 3 can", level)
	}
	k, ok, err := s.calls.Recall(ctx, call)
	switch {
	case err != nil:
		return fmt.Errorf("step up: %w: %w", session.ErrSwitchUnavailable, err)
	case !ok, !isUUID(k.Channel):
		return fmt.Errorf("step up: %w", session.ErrUnknownCall)
	case !s.begin(k.Channel):
		return fmt.Errorf("step up: %w: somebody else asks at this moment", session.ErrNotBridged)
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
	s.log.Info("step-up begins", "call", call, "level", int(level))
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
			enough() // a slow one is not waited for
		case errors.Is(f.err, session.ErrSwitchUnavailable) && errors.Is(answer.err, session.ErrUnknownCall):
			answer = f
		}
	}
	return answer.server, answer.agent, answer.err
}

// partner finds the leg that a caller is talking to.
func partner(ctx context.Context, server *Inbound, caller string) (string, error) {
	agent, err := variable(ctx, server, caller, "signal_bond")
	if err != nil {
		return "", err
	}
	if !isUUID(agent) {
		return "", session.ErrNotBridged
	}
	// FreeSWITCH would hang up on the caller.
	direct, err := variable(ctx, server, caller, "signal_bridge_to")
	if err != nil {
		return "", err
	}
	if direct != "" {
		return "", fmt.Errorf("%w through FreeSWITCH: their sound bypasses it (bypass_media)", session.ErrNotBridged)
	}
	return agent, nil
}

// takeOut sends the caller to prove more and the agent to wait, both in one command. What the dialplan needs to join
// them again comes first.
func takeOut(ctx context.Context, server *Inbound, caller, agent string, level session.Level) error {
	set := strings.Join([]string{
		fmt.Sprintf("cs_need_level=%d", level), "cs_return=" + toRejoin, "cs_agent_leg=" + agent,
		"hangup_after_bridge=false", // or a caller whose agent has left the bridge first would be hung up on
	}, ";")
	if _, err := server.API(ctx, "uuid_setvar_multi "+caller+" "+set); err != nil {
		return err
	}
	_, err := server.API(ctx, "uuid_dual_transfer "+caller+" "+toStepUp+" "+toWait)
	if err != nil { // nothing of it may change what the call does later
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), apiTimeout)
		defer cancel()
		_, _ = server.API(clean,
			"uuid_setvar_multi "+caller+" cs_need_level=;cs_return=;cs_agent_leg=;hangup_after_bridge=true")
	}
	return err
}

// variable reads a channel variable; it is empty if there is none.
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

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// isUUID says whether that is one of FreeSWITCH's ids of a call: nothing else goes into a command.
func isUUID(id string) bool { return uuid.MatchString(id) }
