package web

import (
	"net/http"
	"slices"
	"time"

	"countersign/web/access"
	public "countersign/web/customer"
)

// all are the routes of the API and of the screens.
func (a *api) all() []access.Route { return append(a.routes(), a.Routes...) }

func (a *api) routes() []access.Route {
	return slices.Concat(a.administration(), a.lineRoutes(), a.callbackRoutes(), a.alertRoutes(), []access.Route{
		{Method: "GET", Path: "/.well-known/jwks.json", Rule: access.Public(), Handler: handle(a.jwks)},
		{Method: "GET", Path: "/healthz", Rule: access.Public(), Handler: handle(a.healthz)},
		{Method: "GET", Path: "/readyz", Rule: access.Public(), Handler: handle(a.readyz)},
		{Method: "GET", Path: "/v1/openapi.json", Rule: access.Public(), Handler: handle(a.description)},
		{Method: "POST", Path: "/v1/introspect", Rule: access.Key(access.Tokens), Handler: handle(a.introspect)},
		{Method: "POST", Path: "/v1/redeem", Rule: access.Key(access.Tokens), Handler: handle(a.redeem)},
		{Method: "POST", Path: "/v1/receipts/sms", Rule: access.Key(access.Receipts), Handler: handle(a.receipt)},
		{Method: "POST", Path: "/v1/tokens", Rule: access.Key(access.Tokens), Handler: handle(a.issue)},
		{Method: "POST", Path: "/v1/embed-tokens", Rule: access.Key(access.Embed), Handler: handle(a.embedToken)},
		{Method: "POST", Path: "/v1/links", Rule: access.Key(access.Customers), Handler: handle(a.makeLink), Within: linkWithin},
		{Method: "GET", Path: "/v1/queues", Rule: access.Public(), Often: true, Handler: a.wallboard((*public.Wallboard).Queues)},
		{
			Method: "GET", Path: "/v1/queues/stream", Rule: access.Public(), Often: true, Stream: true,
			Handler: a.wallboard((*public.Wallboard).Stream),
		},
		{Method: "GET", Path: "/v1/calls", Rule: access.Key(access.Reports), Handler: handle(a.searchCalls)},
		{Method: "GET", Path: "/v1/calls/{call}/journey", Rule: access.Key(access.Reports), Handler: handle(a.journey)},
		{Method: "GET", Path: "/v1/board", Rule: access.Key(access.Reports), Handler: handle(a.board)},
		{Method: "GET", Path: "/v1/benefits", Rule: access.Key(access.Reports), Handler: handle(a.benefits)},
		{Method: "GET", Path: "/v1/reports/{name}", Rule: access.Key(access.Reports), Handler: handle(a.report)},
		{Method: "GET", Path: "/v1/calls/{call}", Rule: access.Key(access.Calls), Handler: handle(a.call)},
		{Method: "POST", Path: "/v1/calls/{call}/step-up", Rule: access.Key(access.StepUp), Handler: handle(a.stepUp)},
	})
}

// wallboard is for what everybody may know of queues.
func (a *api) wallboard(h func(*public.Wallboard, http.ResponseWriter, *http.Request)) http.Handler {
	return handle(func(w http.ResponseWriter, r *http.Request) error {
		if a.Wallboard == nil {
			return errNoWallboard
		}
		h(a.Wallboard, w, r)
		return nil
	})
}

var errNoWallboard = &problem{Status: http.StatusNotFound, Detail: "No queue is shown here: wallboard.queues names none."}

// administration is what the pages for administrators do, for programs.
func (a *api) administration() (all []access.Route) {
	type handler func(http.ResponseWriter, *http.Request, *Administration) error
	add := func(method, path string, within time.Duration, h handler) {
		all = append(all, access.Route{
			Method: method, Path: path, Rule: access.Key(access.Administer), Within: within,
			Handler: handle(func(w http.ResponseWriter, r *http.Request) error {
				if a.Administration == nil {
					return errNoAdministration
				}
				return h(w, r, a.Administration)
			}),
		})
	}
	add("GET", "/v1/people", 0, a.people)
	add("POST", "/v1/people", 0, a.addPerson)
	add("GET", "/v1/people/{person}", 0, a.person)
	add("PUT", "/v1/people/{person}", 0, a.changePerson)
	add("POST", "/v1/people/{person}/invitation", 0, a.invitePerson)
	add("POST", "/v1/people/{person}/sign-out", 0, a.signOutPerson)
	add("GET", "/v1/settings", 0, a.settings)
	add("PUT", "/v1/settings", 0, a.changeSettings)
	add("PUT", "/v1/schedules/{schedule}", 0, a.putSchedule)
	add("DELETE", "/v1/schedules/{schedule}", 0, a.removeSchedule)
	add("GET", "/v1/keys", 0, a.keys)
	add("POST", "/v1/keys", 0, a.addKey)
	add("PUT", "/v1/keys/{key}", 0, a.changeKey)
	add("POST", "/v1/keys/{key}/rotation", 0, a.rotateKey)
	add("DELETE", "/v1/keys/{key}", 0, a.revokeKey)
	add("GET", "/v1/walls", 0, a.walls)
	add("POST", "/v1/walls", 0, a.pairWall)
	add("DELETE", "/v1/walls/{wall}", 0, a.revokeWall)
	add("GET", "/v1/schedules", 0, a.schedules)
	add("POST", "/v1/schedules/{schedule}/run", runWithin, a.runSchedule)
	add("GET", "/v1/webhooks", 0, a.webhooks)
	add("POST", "/v1/webhooks/{webhook}/test", testWithin, a.testWebhook)
	add("POST", "/v1/webhooks/{webhook}/retry", 0, a.retryWebhook)
	return all
}

func nothingHere(http.ResponseWriter, *http.Request) error {
	return &problem{
		Status: http.StatusNotFound, Detail: "There is nothing at this address. See /v1/openapi.json for the addresses.",
	}
}
