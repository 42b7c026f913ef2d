package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// StepUps asks callers in mid-call for a higher level.
type StepUps interface {
	// StepUp returns when the caller is being asked, not when they have answered. Its errors are
	// session.ErrUnknownCall, session.ErrNotBridged and session.ErrSwitchUnavailable.
	StepUp(ctx context.Context, call string, level session.Level) error
}

// knownCall is what is known about a call.
type knownCall struct {
	Call string `json:"call"`
	// First is the id of the call when it reached us first.
	First    string         `json:"first"`
	Line     string         `json:"line"`
	Customer string         `json:"customer,omitempty"`
	Status   event.Status   `json:"status"`
	Level    session.Level  `json:"level"`
	Methods  []event.Method `json:"methods"`
	Decided  time.Time      `json:"decided"`
}

func (a *api) call(w http.ResponseWriter, r *http.Request) error {
	if a.Calls == nil {
		return unavailable("This machine keeps no calls.", nil)
	}
	id, err := callID(r)
	if err != nil {
		return err
	}
	k, found, err := a.Calls.Recall(r.Context(), id)
	switch {
	case err != nil:
		return unavailable("The call cannot be looked up now. Try again.", err)
	case !found:
		return noCall()
	}
	now := a.Now()
	return answer(w, http.StatusOK, knownCall{
		Call: k.Call, First: k.First, Line: k.Line, Customer: k.Customer, Status: k.Status(now), Level: k.Level(now),
		Methods: emptyIfNil(k.Methods), Decided: k.Decided.UTC(),
	})
}

type asked struct {
	Call  string        `json:"call"`
	Level session.Level `json:"level"`
}

func (a *api) stepUp(w http.ResponseWriter, r *http.Request) error {
	if a.StepUps == nil {
		return unavailable("This machine cannot reach the telephone system.", nil)
	}
	id, err := callID(r)
	if err != nil {
		return err
	}
	var in struct {
		Level session.Level `json:"level"`
	}
	const want = `{"level": 2}, or 3`
	if err := readJSON(w, r, &in, want); err != nil {
		return err
	}
	if in.Level != session.Verified && in.Level != session.Strong {
		return badRequest("The level must be 2 or 3: " + want + ".")
	}
	switch err := a.StepUps.StepUp(r.Context(), id, in.Level); {
	case errors.Is(err, session.ErrUnknownCall):
		return noCall()
	case errors.Is(err, session.ErrNotBridged):
		return &problem{Status: http.StatusConflict, Detail: "The caller is not connected to an agent now. Try again."}
	case errors.Is(err, session.ErrSwitchUnavailable), errors.Is(err, context.DeadlineExceeded):
		return unavailable("The telephone system does not answer. Try again.", err)
	case err != nil:
		return err
	}
	return answer(w, http.StatusAccepted, asked{Call: id, Level: in.Level})
}

func noCall() error {
	return &problem{Status: http.StatusNotFound, Detail: "There is no call with this id, or it was too long ago. " +
		"The id is the call's cs_call."}
}

// callID is the call's id in the path, if it is well-formed: letters, digits and hyphens.
func callID(r *http.Request) (string, error) {
	id := r.PathValue("call")
	if len(id) > 64 {
		return "", noCall()
	}
	for _, c := range []byte(id) {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return "", noCall()
		}
	}
	return id, nil
}
