package web

import (
	"net/http"

	"countersign/web/access"
)

// all are the routes of the API and of the screens.
func (a *api) all() []access.Route { return append(a.routes(), a.Routes...) }

func (a *api) routes() []access.Route {
	return []access.Route{
		{Method: "GET", Path: "/.well-known/jwks.json", Rule: access.Public(), Handler: handle(a.jwks)},
		{Method: "GET", Path: "/healthz", Rule: access.Public(), Handler: handle(a.healthz)},
		{Method: "GET", Path: "/readyz", Rule: access.Public(), Handler: handle(a.readyz)},
		{Method: "GET", Path: "/v1/openapi.json", Rule: access.Public(), Handler: handle(a.description)},
		{Method: "POST", Path: "/v1/introspect", Rule: access.Key(access.Tokens), Handler: handle(a.introspect)},
		{Method: "POST", Path: "/v1/redeem", Rule: access.Key(access.Tokens), Handler: handle(a.redeem)},
		{Method: "POST", Path: "/v1/receipts/sms", Rule: access.Key(access.Receipts), Handler: handle(a.receipt)},
		{Method: "POST", Path: "/v1/tokens", Rule: access.Key(access.Tokens), Handler: handle(a.issue)},
		{Method: "POST", Path: "/v1/embed-tokens", Rule: access.Key(access.Embed), Handler: handle(a.embedToken)},
		{Method: "GET", Path: "/v1/calls", Rule: access.Key(access.Reports), Handler: handle(a.searchCalls)},
		{Method: "GET", Path: "/v1/calls/{call}/journey", Rule: access.Key(access.Reports), Handler: handle(a.journey)},
		{Method: "GET", Path: "/v1/reports/{name}", Rule: access.Key(access.Reports), Handler: handle(a.report)},
		{Method: "GET", Path: "/v1/calls/{call}", Rule: access.Key(access.Calls), Handler: handle(a.call)},
		{Method: "POST", Path: "/v1/calls/{call}/step-up", Rule: access.Key(access.StepUp), Handler: handle(a.stepUp)},
	}
}

func nothingHere(http.ResponseWriter, *http.Request) error {
	return &problem{
		Status: http.StatusNotFound, Detail: "There is nothing at this address. See /v1/openapi.json for the addresses.",
	}
}
