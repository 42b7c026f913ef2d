package web

import "net/http"

// route is one address of the API.
type route struct {
	method, path string
	public       bool // needs no key
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
