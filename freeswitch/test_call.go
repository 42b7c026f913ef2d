package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// TestCallSettings say how the telephones of staff are rung, on which they try drafts of lines.
type TestCallSettings struct {
	// Dial is FreeSWITCH's dial string with {telephone} for the extension of a person, such as user/{telephone}. Without
	// it none is rung.
	Dial string
	// Caller is the number that the telephone shows.
	Caller string
	// Socket is where FreeSWITCH reaches this machine, host:port. Default: the address by which this machine reaches
	// FreeSWITCH, with the port of TestCallOptions.Listen.
	Socket string
}

// Check returns everything that is wrong; each error begins with the setting's name.
func (s TestCallSettings) Check() (errs []error) {
	rest := strings.ReplaceAll(s.Dial, "{telephone}", "")
	switch {
	case s.Dial == "":
		return nil
	case rest == s.Dial:
		errs = append(errs, fmt.Errorf("dial is %q: it must have {telephone} in it, such as user/{telephone}", s.Dial))
	case !isDialString(rest):
		errs = append(errs, errDialString)
	}
	if strings.Trim(s.Caller, "+0123456789") != "" {
		errs = append(errs, fmt.Errorf("caller is %q: it must be a telephone number", s.Caller))
	}
	if _, err := netip.ParseAddrPort(s.Socket); s.Socket != "" && err != nil {
		errs = append(errs, fmt.Errorf("socket is %q: it must be an address and a port, such as 10.0.0.5:8084", s.Socket))
	}
	return errs
}

// telephonePattern is what may be dialled: an extension, or an address of FreeSWITCH's directory.
var telephonePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}(@[A-Za-z0-9][A-Za-z0-9.-]{0,252})?$`)

// IsTelephone says whether a telephone of staff can be rung.
func IsTelephone(t string) bool { return telephonePattern.MatchString(t) }

// TestCallOptions are what TestCalls need.
type TestCallOptions struct {
	// Settings are those in force.
	Settings func() TestCallSettings
	// Servers are FreeSWITCH machines that may place the call: the first that answers does.
	Servers []Server
	// Listen is where calls come to us.
	Listen net.Addr
}

// TestCalls ring telephones of staff and connect them with us: with the machine that rings, and nobody else. A call that
// fails is hung up, so that no agent gets it. It is safe for concurrent use.
type TestCalls struct{ o TestCallOptions }

// NewTestCalls makes TestCalls. It does not connect yet.
func NewTestCalls(o TestCallOptions) *TestCalls { return &TestCalls{o} }

// TestNumber is the number that test calls are sent to us with.
const TestNumber = "countersign-test"

// ErrNoTestCalls says that no telephone can be rung.
var ErrNoTestCalls = errors.New("no telephone can be rung: test_calls.dial or freeswitch is not set")

const testRing = 30 * time.Second

// Place rings a telephone and returns once it was answered. The call then comes to us on the channel of that id. When ctx
// ends, the call does; when we do, the dialplan hangs it up. It has no application at its answer: the end of one would
// look as if the dialplan had taken the call away from us.
func (t *TestCalls) Place(ctx context.Context, telephone, channel string) error {
	s := t.o.Settings()
	switch {
	case s.Dial == "" || len(t.o.Servers) == 0:
		return ErrNoTestCalls
	case !IsTelephone(telephone):
		return fmt.Errorf("%.60q is no telephone that can be rung", telephone)
	}
	server, err := reach(ctx, t.o.Servers)
	if err != nil {
		return err
	}
	defer server.Close()
	ended := context.AfterFunc(ctx, func() { killCall(server.server, channel) })
	defer ended()
	socket, err := socketFor(server, t.o.Listen, s.Socket, "test_calls.socket")
	if err != nil {
		return err
	}
	variables := []string{
		"origination_uuid=" + channel, fmt.Sprintf("originate_timeout=%d", int(testRing.Seconds())),
		"ignore_early_media=true", "origination_caller_id_name=Countersign", "cs_test=true",
		"countersign_socket=" + socket, "countersign_agents='hangup inline'",
	}
	if s.Caller != "" {
		variables = append(variables, "origination_caller_id_number="+s.Caller)
	}
	command := "api originate {" + strings.Join(variables, ",") + "}" + strings.ReplaceAll(s.Dial, "{telephone}", telephone) +
		" " + TestNumber + " XML countersign"
	_, err = server.command(ctx, "originate", command, testRing+apiTimeout)
	return err
}

// Kill ends a call, wherever it is.
func (t *TestCalls) Kill(channel string) {
	for _, s := range t.o.Servers {
		killCall(s, channel)
	}
}
