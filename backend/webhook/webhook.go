// Package webhook tells systems that speak no NATS what happens on calls: it posts events to a URL, signed as Standard
// Webhooks 1.0 has it, or in the dialect of a system that we know. A Hook makes one request; a Delivery sees to it that
// each event arrives at least once, and those of a call in order.
//
// It decides nothing about calls, and no call ever waits for it. Without names: true in a webhook's settings, no name
// and no telephone number leaves.
package webhook

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"countersign/backend/endpoint"
	"countersign/session/event"
)

// Options are what webhooks need. All are optional.
type Options struct {
	Log *slog.Logger
	// Env returns variables that settings name. Default: os.LookupEnv.
	Env func(name string) (string, bool)
	Now func() time.Time
	// Customer is the customer of a call, by the call's first id, or "". Phones are telephone numbers on file. Dialects
	// that tell of both ask them.
	Customer func(ctx context.Context, call string) (customer string, err error)
	Phones   func(ctx context.Context, customer string) (e164 []string, err error)
	// Exchange, if set, hears of each request that was sent, for setting up a webhook only. Its URL may be a secret.
	Exchange func(endpoint.Exchange)
	// Asked, if set, hears of each request. It must return at once.
	Asked func(context.Context, endpoint.Asked)
}

// Hook is one webhook. It is safe for use by several goroutines.
type Hook struct {
	name     string
	settings Settings
	endpoint *endpoint.Endpoint
	target   string
	signers  []*standardwebhooks.Webhook
	options  Options
	dialect  dialect
}

// dialect is how a system wants to be told.
type dialect interface {
	// facts are the facts that it has a use for.
	facts() []event.Fact
	// deliver tells the system; nil means that it knows.
	deliver(ctx context.Context, e event.Event) error
	// test tries the settings on the system, and changes nothing there.
	test(ctx context.Context) error
}

// New makes a webhook. It connects to nothing. The error names everything that is wrong, and shows no secret.
func New(name string, s Settings, o Options) (*Hook, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	whole, err := endpoint.Expand("url", s.URL, o.Env)
	if err != nil {
		return nil, err
	}
	server, target, err := address(whole)
	if err != nil {
		return nil, err
	}
	h := &Hook{name: name, settings: s, target: target, options: o}
	if h.signers, err = s.signers(o.Env); err != nil {
		return nil, err
	}
	eo := endpoint.Options{Log: o.Log, Env: o.Env, Exchange: o.Exchange, Asked: o.Asked}
	if h.endpoint, err = endpoint.New(server, s.Headers, s.TLS, eo); err != nil {
		return nil, err
	}
	h.endpoint.Timeout = endpoint.OrDefault(s.Timeout, defaultTimeout)
	h.endpoint.Cap, h.endpoint.MaxResponse = h.endpoint.Timeout, endpoint.DefaultMaxResponse
	switch s.Dialect {
	case Zammad:
		h.dialect = zammad{h}
	case Chatwoot:
		h.dialect = chatwoot{h}
	default:
		h.dialect = plain{h}
	}
	return h, nil
}

// Name is the webhook's name in the settings.
func (h *Hook) Name() string { return h.name }

// Host is the server that takes the events. The rest of the URL may be a secret.
func (h *Hook) Host() string { return h.endpoint.Host }

// Close closes idle connections.
func (h *Hook) Close() { h.endpoint.Close() }

// Wants says whether an event is to be delivered. Replays and tests never are.
func (h *Hook) Wants(e event.Event) bool {
	return e.Real() && slices.Contains(h.dialect.facts(), e.Fact()) &&
		(len(h.settings.Lines) == 0 || slices.Contains(h.settings.Lines, e.Line))
}

// Deliver tells the system of an event, once. nil means that it has it.
func (h *Hook) Deliver(ctx context.Context, e event.Event) error {
	return h.dialect.deliver(ctx, h.discreet(e))
}

// Test tries the settings: plain sends a sample with the call and the replay webhook-test, Zammad is told of the end of
// a call that it does not know, and Chatwoot is asked for a contact that it does not have.
func (h *Hook) Test(ctx context.Context) error { return h.dialect.test(ctx) }

// Reach finds out whether the server answers. It tells it nothing.
func (h *Hook) Reach(ctx context.Context) error {
	return h.endpoint.Send(ctx, "reach", endpoint.Message{Method: http.MethodHead, Target: "/"},
		func(*endpoint.Reply) error { return nil })
}

// discreet is the event without names, unless they may leave.
func (h *Hook) discreet(e event.Event) event.Event {
	if h.settings.Names {
		return e
	}
	switch d := e.Data.(type) {
	case event.Identified:
		d.Name = ""
		e.Data = d
	case event.Verified:
		d.Name = ""
		e.Data = d
	}
	return e
}

// request is one request to the system.
type request struct {
	operation, method, target string
	id                        string // of the message
	contentType               string
	body                      []byte
}

// send signs and sends a request, and lets take read an answer that says yes.
func (h *Hook) send(ctx context.Context, r request, take func(*endpoint.Reply) error) error {
	header, err := signed(h.signers, r.id, h.options.Now(), r.body)
	if err != nil {
		return err
	}
	m := endpoint.Message{
		Method: r.method, Target: r.target, Header: header, ContentType: r.contentType, Body: bytes.Clone(r.body),
	}
	return h.endpoint.Send(ctx, r.operation, m, func(got *endpoint.Reply) error {
		if got.Status/100 == 2 && take == nil {
			return nil
		}
		if take != nil {
			return take(got)
		}
		return refused(got.Status)
	})
}

// refused is the error for a status that says no.
func refused(status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("it refuses us with status %d: check secret, headers and url", status)
	case http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("it has nothing there (status %d): check url", status)
	}
	return endpoint.Unexpected(status)
}
