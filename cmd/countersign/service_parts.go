package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/bus"
	"countersign/freeswitch"
	"countersign/lines"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/shared"
	"countersign/session/token"
	"countersign/steps"
	"countersign/store/customers"
	"countersign/web"
)

// openState opens what machines share: attempts and locks, calls, tokens, lines.
func (s *service) openState() (err error) {
	if s.state, err = bus.OpenState(s.endpoint, bus.StateOptions{Node: s.cfg.Node, Key: s.directory.PepperKey(stateKey), Within: time.Duration(s.cfg.NATS.Timeout), Log: s.log}); err != nil {
		return err
	}
	s.guard, err = guard.New(guard.Options{
		Store: s.state.Guard(), Key: s.directory.PepperKey(guardKey), Rules: s.cfg.Guard, Within: time.Duration(s.cfg.NATS.Timeout), Log: s.log,
		Alarm: func(ctx context.Context, line string, a event.Alarm) { s.alarm(ctx, line, a) },
	})
	if err != nil {
		return err
	}
	keys, err := token.LoadKeys(s.cfg.tokenKeyPath())
	if err != nil {
		return err
	}
	s.tokens, err = token.New(token.Options{
		Store: s.state.Guard(), NotFound: shared.ErrNotFound, Conflict: shared.ErrConflict, Keys: keys, SubjectKey: s.directory.PepperKey("token subjects/v1"),
		Issuer: s.cfg.Tokens.Issuer, Audience: s.cfg.Tokens.Audience, Life: time.Duration(s.cfg.Tokens.Life),
	})
	return err
}

// What is derived from the pepper, besides the hashes of secrets.
const (
	guardKey       = "guard/v1"
	stateKey       = "state/v1"
	fingerprintKey = "fingerprint/v1"
	// fingerprint is where the machines leave what they have in common.
	fingerprint = "fingerprint"
)

// samePepper makes sure that all machines have the same pepper: with others, each would count attempts for itself.
func samePepper(ctx context.Context, state *bus.State, d *customers.Directory) error {
	ours := pepperFingerprint(d.PepperKey)
	_, err := state.Guard().Create(ctx, fingerprint, ours, shared.Forever)
	if !errors.Is(err, bus.ErrConflict) {
		return err
	}
	theirs, _, err := state.Guard().Get(ctx, fingerprint)
	if err == nil && !bytes.Equal(ours, theirs) {
		return errOtherPepper
	}
	return err
}

func pepperFingerprint(key func(label string) []byte) []byte {
	return []byte(hex.EncodeToString(key(fingerprintKey)[:8]))
}

var errOtherPepper = errors.New("another machine on this NATS has another pepper: give all of them the same file (customers.pepper), and the same tokens.key; " +
	"after a change on all of them, remove the key \"fingerprint\" from the bucket guard")

// checkPepper says it once, when NATS is there.
func (s *service) checkPepper(ctx context.Context) {
	if s.state.Ready(ctx) != nil {
		return
	}
	if err := samePepper(ctx, s.state, s.directory); errors.Is(err, errOtherPepper) {
		s.log.Error("attempts, locks and tokens do not count across machines", "err", err)
	}
}

// alarm tells everybody who listens that a line has more failures than usual.
func (s *service) alarm(ctx context.Context, line string, a event.Alarm) {
	s.log.Error("more calls of a line fail than usual: somebody may be trying PINs on many accounts", "line", line, "kind", string(a.Kind), "calls", a.Calls, "failures", a.Failures)
	now := time.Now().UTC()
	about := fmt.Sprintf("alarm-%s-%s", line, now.Format("200601021504"))
	version := 0
	for _, e := range s.lines.book.Lines() {
		if e.Line.Name == line {
			version = e.Line.Version
		}
	}
	err := s.state.Publish(ctx, event.Event{
		ID: event.ID(about, 1), Source: session.Source(s.cfg.Node), Time: now, Call: about, Seq: 1, Line: line, LineVersion: version, Data: a,
	})
	if err != nil {
		s.log.Error("the alarm could not be published", "line", line, "err", err)
	}
}

// openCustomers puts the company's backend in front of the local customers, if there is one.
func (s *service) openCustomers() (steps.Directory, error) {
	if s.cfg.Backend.URL == "" {
		return s.directory, nil
	}
	var err error
	s.backend, err = backend.New(s.cfg.Backend, s.directory, endpoint.Options{Log: s.log})
	if err != nil {
		return nil, err
	}
	return s.backend, nil
}

// parts is what lines are made with.
func (s *service) parts(customers steps.Directory) lines.Parts {
	return lines.Parts{
		Directory: customers, Sends: s.guard, Sender: s.sender(), Once: s.guard, Countries: s.cfg.SMS.Countries,
		Region: s.cfg.Line.Region, PopURL: s.cfg.Line.PopURL,
	}
}

// openGateway makes the way to send text messages, if there is one.
func (s *service) openGateway() (err error) {
	if s.cfg.SMS.URL != "" {
		s.gateway, err = sms.New(s.cfg.SMS, endpoint.Options{Log: s.log})
	}
	return err
}

func (s *service) sender() steps.Sender {
	if s.gateway == nil {
		return noGateway{}
	}
	return s.gateway
}

// noGateway stands in for a gateway for text messages that is not configured: a line that sends codes takes its callers to a person.
type noGateway struct{}

func (noGateway) Send(context.Context, session.Message) error {
	return errors.New("no gateway for text messages is configured: set sms.url")
}

// openWeb listens for the API and makes its handler.
func (s *service) openWeb(customers steps.Directory) (http.Handler, error) {
	if s.cfg.Web.Listen == "" {
		return nil, nil
	}
	keys, err := s.cfg.apiKeys()
	if err != nil {
		return nil, err
	}
	s.web, err = net.Listen("tcp", s.cfg.Web.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		s.web = nil
		return nil, fmt.Errorf("web.listen %s is in use: another program has the port; set another address, or \"\" for no API", s.cfg.Web.Listen)
	case err != nil:
		s.web = nil
		return nil, fmt.Errorf("web.listen %s: %w", s.cfg.Web.Listen, err)
	}
	o := web.Options{
		Tokens: s.tokens, Calls: s.state.Calls(), Customer: customers.ByID, APIKeys: keys, Ready: s.notReady, Log: s.log,
	}
	if len(s.cfg.FreeSWITCH) > 0 {
		servers := make([]freeswitch.Server, len(s.cfg.FreeSWITCH))
		for i, f := range s.cfg.FreeSWITCH {
			servers[i] = freeswitch.Server{Address: f.Address, Password: session.NewSecret([]byte(f.Password))}
		}
		s.stepUps = freeswitch.NewStepUps(freeswitch.Options{Servers: servers, Calls: s.state.Calls(), Log: s.log})
		o.StepUps = stepUps{s.stepUps}
	}
	return web.New(o), nil
}

// stepUps speaks freeswitch's errors in the words of the API.
type stepUps struct{ *freeswitch.StepUps }

func (u stepUps) StepUp(ctx context.Context, call string, level session.Level) error {
	err := u.StepUps.StepUp(ctx, call, level)
	for from, to := range map[error]error{
		freeswitch.ErrUnknownCall: web.ErrUnknownCall, freeswitch.ErrNotBridged: web.ErrNotBridged, freeswitch.ErrUnavailable: web.ErrUnavailable,
	} {
		if errors.Is(err, from) {
			return fmt.Errorf("%w: %w", to, err)
		}
	}
	return err
}

// notReady says what keeps this machine from doing all it should. Calls are answered all the same.
func (s *service) notReady(ctx context.Context) (reasons []string) {
	if st := s.relay.Status(); !st.Connected {
		reasons = append(reasons, strings.TrimSpace("NATS is away: events wait, and locks are this machine's own "+st.LastError))
	}
	select {
	case <-s.lines.first:
	default:
		reasons = append(reasons, "NATS has not told yet which lines there are")
	}
	return reasons
}
