package web

import "net/http"

// route is one address of the API.
type route struct {
	method, path string
	scope        Scope // what a key needs; public: none
	handler      http.Handler
}

func (a *api) routes() []route {
	return []route{
		{"GET", "/.well-known/jwks.json", public, handle(a.jwks)},
		{"GET", "/healthz", public, handle(a.healthz)},
		{"GET", "/readyz", public, handle(a.readyz)},
		{"POST", "/v1/introspect", Tokens, handle(a.introspect)},
		{"POST", "/v1/redeem", Tokens, handle(a.redeem)},
		{"POST", "/v1/receipts/sms", Receipts, handle(a.receipt)},
		{"POST", "/v1/tokens", Tokens, handle(a.issue)},
		{"GET", "/v1/calls/{call}", Calls, handle(a.call)},
		{"POST", "/v1/calls/{call}/step-up", StepUp, handle(a.stepUp)},
	}
}
