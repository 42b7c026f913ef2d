// Package web is the HTTP API: it answers "who is the caller of this call?" for the company's own website, app and
// self-service, which hold a key. Package session/token makes the tokens.
//
// Without a key it serves only the public keys of tokens and its own health. It never logs what it was sent, and trusts
// no header about where a request comes from. It does no TLS: over a network, put a proxy or a listener in front that
// does.
package web

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"time"

	"countersign/reports"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/token"
	"countersign/web/access"
	public "countersign/web/customer"
	"countersign/web/live"
)

// Options are what the API needs. Requests that need a nil part get 503.
type Options struct {
	// Tokens makes and redeems ID&V tokens.
	Tokens *token.Issuer
	// Calls recalls the results of calls.
	Calls session.Calls
	// StepUps asks callers for a higher level.
	StepUps StepUps
	// Receipts takes the delivery receipts of the gateway for text messages.
	Receipts TakesReceipts
	// Customer finds a customer by id, before a token is made for them.
	Customer func(ctx context.Context, id string) (c session.Customer, found bool, err error)
	// Reports make reports, and Journey reads all events of a call, in order; none if the call is unknown.
	Reports Reports
	Journey func(ctx context.Context, call string) ([]event.Event, error)
	// Frames let people into a frame in another page; nil where no page may have one.
	Frames Frames
	// APIKeys returns the clients of the settings, Keys are those that were made while the service runs. Without any,
	// everything that needs a key is answered with 403.
	APIKeys func() []Key
	Keys    Keys
	// Administration is what keys with the scope admin may change; nil where this machine has no screens.
	Administration *Administration
	// Live are the calls of now, Benefits what the settings say about costs.
	Live     *live.Calls
	Benefits func() reports.Assumptions
	// LineBook are the service lines; nil where this machine has none.
	LineBook *LineBook
	// Ready returns, in sentences, why this machine cannot take calls; nothing if it can. It must return when ctx ends,
	// and may be nil.
	Ready func(ctx context.Context) (reasons []string)
	// Callbacks are those of customers; nil where nobody is called back.
	Callbacks *Callbacks
	// Alerts ask customers to talk; nil where none can be sent.
	Alerts *Alerts
	// Wallboard is what everybody may know of queues; nil: nothing.
	Wallboard *public.Wallboard
	// Links make links to customers' pages; nil where they have none.
	Links MakesLinks
	// Staff are the screens, and Routes theirs. Without Staff nobody is signed in, and there are no screens.
	Staff  Staff
	Routes []access.Route
	// Log gets a line for each request. Default: no log.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Key lets one program use the API.
type Key struct {
	// Name is its owner, for the log.
	Name string
	// SHA256 is the hash of the key. The key must be random, with at least 128 bits, because the hash is fast.
	SHA256 [sha256.Size]byte
	// Scopes are what it may do.
	Scopes []access.Scope

	made bool // while the service runs
}

// requestTimeout bounds one request, unless its route says otherwise.
const requestTimeout = 5 * time.Second

type api struct {
	Options
	failures  failures
	readiness readiness
}

// New makes the handler of the API. It starts nothing.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Benefits == nil {
		o.Benefits = func() reports.Assumptions { return reports.Assumptions{} }
	}
	if o.APIKeys == nil {
		o.APIKeys = func() []Key { return nil }
	}
	a := &api{Options: o}
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, r := range a.all() {
		mux.Handle(r.Method+" "+r.Path, a.guarded(r))
		methods[r.Path] = append(methods[r.Path], r.Method)
	}
	for path, allowed := range methods {
		mux.Handle(path, wrongMethod(allowed))
	}
	if methods["/"] == nil {
		mux.Handle("/", handle(nothingHere))
	}
	return a.logged(mux)
}
