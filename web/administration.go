package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/backend/webhook"
	"countersign/reports/deliver"
	"countersign/store/audit"
	"countersign/web/apikeys"
	"countersign/web/overrides"
	"countersign/web/people"
	"countersign/web/walls"
)

// Administration is what the pages for administrators and programs with the scope admin look after.
type Administration struct {
	People *people.Book
	Keys   *apikeys.Book
	Walls  *walls.Book
	// Schedules are the scheduled reports of this machine, Webhooks the systems that are told over HTTP.
	Schedules Schedules
	Webhooks  Webhooks
	// Overrides are the settings that change without the file.
	Overrides overrides.Settings
	// Invitation is the address at which somebody accepts an invitation.
	Invitation func(secret string) string
	// Audit writes down what was done.
	Audit func(ctx context.Context, e audit.Entry) error
}

// Schedules are the scheduled reports.
type Schedules interface {
	Statuses(ctx context.Context) ([]deliver.Status, error)
	// Run makes one now, in the name of actor. What it returns is done, even with an error. deliver.ErrUnknown: there is
	// none of that name.
	Run(ctx context.Context, name, actor string) (went []string, err error)
}

// Webhooks are the systems that are told over HTTP. webhook.ErrUnknown: there is none of that name.
type Webhooks interface {
	Statuses(ctx context.Context) ([]webhook.Status, error)
	Retry(ctx context.Context, name string) error
	Test(ctx context.Context, name string) (answers []webhook.Answer, err error)
}

// runWithin bounds a scheduled report, testWithin the test of a webhook: mail servers and others may be slow.
const (
	runWithin  = 20 * time.Second
	testWithin = 15 * time.Second
)

var errNoAdministration = unavailable(
	"This machine has no screens, and nothing that belongs to them: set web.listen.", nil)

func notFound(detail string) error { return &problem{Status: http.StatusNotFound, Detail: detail} }

func conflict(detail string) error { return &problem{Status: http.StatusConflict, Detail: detail} }

// stateError is an error of the state that machines share, as the client sees it.
func stateError(err error) error {
	switch {
	case errors.Is(err, people.ErrNobody):
		return notFound("There is nobody with this id.")
	case errors.Is(err, people.ErrExists):
		return conflict("There is somebody with this id already.")
	case errors.Is(err, people.ErrLastAdmin):
		return conflict("This is the last admin: make another one first.")
	case errors.Is(err, people.ErrDisabled):
		return conflict("This person is disabled.")
	case errors.Is(err, apikeys.ErrNone):
		return notFound("There is no such key, or it is one of the settings, which is changed there.")
	case errors.Is(err, apikeys.ErrExists):
		return conflict("There is a key with this name already.")
	case errors.Is(err, apikeys.ErrGrace):
		return badRequest("The old key can be good for 0 to 30 days more.")
	case errors.Is(err, walls.ErrUnknown):
		return notFound("There is no such screen on a wall.")
	case errors.Is(err, walls.ErrCode):
		return notFound("No screen shows this code now.")
	case errors.Is(err, walls.ErrTooMany):
		return &problem{Status: http.StatusTooManyRequests, Detail: "Too many wrong codes: wait ten minutes."}
	}
	return unavailable("The state that machines share is unavailable now. Try again.", err)
}

// actor is whose key a request has, for the audit log.
func actor(r *http.Request) string { return "key " + noteOf(r).key }

// audited writes down what a request did. It is done, so an error is only logged.
func (a *api) audited(r *http.Request, action, object, detail string) {
	e := audit.Entry{Actor: actor(r), Action: action, Object: object, Detail: detail}
	if err := a.Administration.Audit(r.Context(), e); err != nil {
		a.Log.Error("not in the audit log", "action", action, "object", object, "err", err)
	}
}
