// Package web answers, over HTTP, who a call's caller is: for the company's own website, app and self-service, which hold a key. It is the API; tokens of
// it and of calls are made in session/token.
//
// It refuses to answer anybody without a key but for the public keys of tokens and its own health, to log what it was sent, and to trust a header about
// where a request comes from. It does no TLS: who reaches it over a network does so through a proxy, or a listener, that does.
package web

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"time"

	"countersign/session"
	"countersign/session/token"
)

// Options are what the API needs. What is nil is answered with 503.
type Options struct {
	// Tokens makes and redeems ID&V tokens.
	Tokens *token.Issuer
	// Calls is what is known about calls.
	Calls session.Calls
	// StepUps asks callers for more.
	StepUps StepUps
	// Customer finds a customer by id, before a token is made for them.
	Customer func(ctx context.Context, id string) (c session.Customer, found bool, err error)
	// APIKeys are who may ask. Without any, everything that needs a key is answered with 403.
	APIKeys []Key
	// Ready says, in sentences, what keeps this machine from taking calls; nothing if it is ready. It must return when ctx ends, and may be nil.
	Ready func(ctx context.Context) (reasons []string)
	// Log gets a line for each request. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Key lets one program use the API.
type Key struct {
	// Name is who it belongs to, for the log.
	Name string
	// SHA256 is the hash of the key. The key itself must be random, with 128 bits at least: its hash is a fast one.
	SHA256 [sha256.Size]byte
}

// requestTimeout bounds what is done for one request.
const requestTimeout = 5 * time.Second

type api struct {
	Options
	failures failures
}

// New makes the handler of the API. It starts nothing.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &api{Options: o}
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, r := range a.routes() {
		handler := r.handler
		if !r.public {
			handler = a.authorized(handler)
		}
		mux.Handle(r.method+" "+r.path, handler)
		methods[r.path] = append(methods[r.path], r.method)
	}
	for path, allowed := range methods {
		mux.Handle(path, wrongMethod(allowed))
	}
	mux.Handle("/", handle(func(http.ResponseWriter, *http.Request) error {
		return &problem{Status: http.StatusNotFound, Detail: "There is nothing at this address. The addresses are in web/openapi.yaml."}
	}))
	return a.logged(mux)
}

// route is one address of the API.
type route struct {
	method, path string
	public       bool // no key is asked for
	handler      http.Handler
}

func (a *api) routes() []route {
	return []route{
		{"GET", "/.well-known/jwks.json", true, handle(a.jwks)},
		{"GET", "/healthz", true, handle(a.healthz)},
		{"GET", "/readyz", true, handle(a.readyz)},
		{"POST", "/v1/introspect", false, handle(a.introspect)},
		{"POST", "/v1/redeem", false, handle(a.redeem)},
		{"POST", "/v1/tokens", false, handle(a.issue)},
		{"GET", "/v1/calls/{call}", false, handle(a.call)},
		{"POST", "/v1/calls/{call}/step-up", false, handle(a.stepUp)},
	}
}
