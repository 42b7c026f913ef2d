package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"countersign/callback"
	"countersign/session"
	"countersign/session/event"
)

// CallbackSettings say how telephones are rung for a callback. Without Dial no customer is.
type CallbackSettings struct {
	// Dial is FreeSWITCH's dial string for customers, with {number} for the number with its "+", or {digits} for it without,
	// such as sofia/gateway/trunk/{digits}. Agents is that for staff, with {telephone}, such as user/{telephone}.
	Dial, Agents string
	// Caller is the number that customers see.
	Caller string
	// Ring is how long the customer's telephone rings, 10 s to 60 s. Default 30 s.
	Ring time.Duration
	// Socket is where FreeSWITCH reaches this machine, host:port. Default: as TestCallSettings.Socket.
	Socket string
}

// Check returns everything that is wrong; each error begins with the setting's name.
func (s CallbackSettings) Check() (errs []error) {
	if s.Dial == "" {
		return nil
	}
	errs = CodeCallSettings{Dial: s.Dial, Caller: s.Caller, Ring: s.Ring}.Check()
	rest := strings.ReplaceAll(s.Agents, "{telephone}", "")
	if rest == s.Agents || !isDialString(rest) {
		errs = append(errs, fmt.Errorf("agents is %q: it must be one destination with {telephone} in it, such as "+
			"user/{telephone}", s.Agents))
	}
	if _, err := netip.ParseAddrPort(s.Socket); s.Socket != "" && err != nil {
		errs = append(errs, fmt.Errorf("socket is %q: it must be an address and a port, such as 10.0.0.5:8084", s.Socket))
	}
	return errs
}

// CallbackCallOptions are what CallbackCalls need.
type CallbackCallOptions struct {
	// Settings are those in force.
	Settings func() CallbackSettings
	// Servers are FreeSWITCH machines that may place calls: the first that answers does.
	Servers []Server
	// Listen is where calls come to us.
	Listen net.Addr
}

// CallbackCalls ring agents and customers, and connect them (callback.Switch). The dialplan does what must happen while we
// are away: whoever answers is connected. It is safe for concurrent use.
type CallbackCalls struct{ o CallbackCallOptions }

var _ callback.Switch = (*CallbackCalls)(nil)

// NewCallbackCalls makes CallbackCalls. It does not connect yet.
func NewCallbackCalls(o CallbackCallOptions) *CallbackCalls { return &CallbackCalls{o} }

// The extensions of countersign.xml: the customer comes to us with the first, and the agent waits in the second.
const (
	callbackExtension = callback.AnswerNumber
	callbackWait      = "countersign-callback-agent"
)

// RingAgent implements callback.Switch.
func (c *CallbackCalls) RingAgent(ctx context.Context, telephone, channel string) error {
	s := c.o.Settings()
	if !IsTelephone(telephone) {
		return fmt.Errorf("%.60q is no telephone that can be rung", telephone)
	}
	server, err := reach(ctx, c.o.Servers)
	if err != nil {
		return err
	}
	defer server.Close()
	return c.originate(ctx, server, strings.ReplaceAll(s.Agents, "{telephone}", telephone), callbackWait, callback.TakenFor,
		"origination_uuid="+channel, "origination_caller_id_name=Callback", "hangup_after_bridge=true")
}

// RingCustomer implements callback.Switch.
func (c *CallbackCalls) RingCustomer(ctx context.Context, number, channel, agentChannel string) error {
	s := c.o.Settings()
	if e164, err := session.E164(number, ""); err != nil || e164 != number {
		return errors.New("not a telephone number")
	}
	server, err := c.of(ctx, agentChannel)
	if err != nil {
		return err
	}
	defer server.Close()
	socket, err := socketFor(server, c.o.Listen, s.Socket, "callbacks.socket")
	if err != nil {
		return err
	}
	ring := s.Ring
	if ring == 0 {
		ring = defaultRing
	}
	variables := []string{
		"origination_uuid=" + channel, "hangup_after_bridge=true", "cs_agent_leg=" + agentChannel, "countersign_socket=" + socket,
	}
	if s.Caller != "" {
		variables = append(variables, "origination_caller_id_number="+s.Caller, "origination_caller_id_name="+s.Caller)
	}
	to := strings.NewReplacer("{number}", number, "{digits}", strings.TrimPrefix(number, "+")).Replace(s.Dial)
	return c.originate(ctx, server, to, callbackExtension, ring, variables...)
}

func (c *CallbackCalls) originate(
	ctx context.Context, server *Inbound, to, extension string, ring time.Duration, variables ...string,
) error {
	variables = append(variables, fmt.Sprintf("originate_timeout=%d", int(ring.Seconds())), "ignore_early_media=true")
	_, err := server.command(ctx, "originate",
		"api originate {"+strings.Join(variables, ",")+"}"+to+" "+extension+" XML countersign", ring+apiTimeout)
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	cause := strings.TrimSuffix(strings.TrimPrefix(refused.Text, `"-ERR `), `"`)
	return &callback.NotReachedError{Outcome: reachedNot(cause), Cause: cause}
}

// reachedNot is what FreeSWITCH's cause means.
func reachedNot(cause string) event.CallbackOutcome {
	switch cause {
	case "USER_BUSY", "CALL_REJECTED":
		return event.CallbackBusy
	case "NO_ANSWER", "NO_USER_RESPONSE", "ALLOTTED_TIMEOUT", "PROGRESS_TIMEOUT", "ORIGINATOR_CANCEL":
		return event.CallbackNoAnswer
	}
	return event.CallbackUnreachable
}

// of connects to the server that has the channel.
func (c *CallbackCalls) of(ctx context.Context, channel string) (*Inbound, error) {
	var errs []error
	for _, s := range c.o.Servers {
		server := NewInbound(s)
		there, err := exists(ctx, server, channel)
		if err == nil && there {
			return server, nil
		}
		server.Close()
		errs = append(errs, err)
	}
	return nil, errors.Join(append(errs, session.ErrUnknownCall)...)
}

// Exists implements callback.Switch.
func (c *CallbackCalls) Exists(ctx context.Context, channel string) (there, bridged bool, err error) {
	return Exists(ctx, c.o.Servers, channel)
}

// Kill implements callback.Switch.
func (c *CallbackCalls) Kill(channel string) {
	for _, s := range c.o.Servers {
		killCall(s, channel)
	}
}
