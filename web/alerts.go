package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"countersign/callback"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/web/access"
)

// Alerts are alerts as programs see them.
type Alerts struct {
	Book *callback.Alerts
	// Lines names the service lines.
	Lines func() []string
	// Alias is the name of a customer in the audit log.
	Alias func(customer string) string
	Audit func(ctx context.Context, e audit.Entry) error
}

// orderWithin bounds an order: the customers of a long list are looked up one by one.
const orderWithin = 30 * time.Second

func (a *api) alertRoutes() (all []access.Route) {
	type handler func(http.ResponseWriter, *http.Request, *Alerts) error
	add := func(method, path string, within time.Duration, h handler) {
		all = append(all, access.Route{
			Method: method, Path: path, Rule: access.Key(access.Callbacks), Within: within,
			Handler: handle(func(w http.ResponseWriter, r *http.Request) error {
				if a.Alerts == nil {
					return unavailable("No alerts are sent here: callbacks.dial is not set, or customers.page is off.", nil)
				}
				return h(w, r, a.Alerts)
			}),
		})
	}
	add("GET", "/v1/alerts", 0, a.alerts)
	add("POST", "/v1/alerts", orderWithin, a.orderAlerts)
	add("GET", "/v1/alerts/{alert}", 0, a.alert)
	add("POST", "/v1/alerts/{alert}/answer", 0, a.answerAlert)
	add("PUT", "/v1/alerts-opt-out", 0, a.optOutOfAlerts)
	return all
}

type shownAlert struct {
	Alert    string              `json:"alert"`
	Order    string              `json:"order"`
	Customer string              `json:"customer"`
	Line     string              `json:"line"`
	Subject  string              `json:"subject"`
	At       time.Time           `json:"at"`
	By       event.CallbackActor `json:"by"`
	State    callback.AlertState `json:"state"`
	Since    time.Time           `json:"since"`
	From     time.Time           `json:"from,omitzero"`
	Until    time.Time           `json:"until,omitzero"`
	Callback string              `json:"callback,omitempty"`
}

func showAlert(a callback.Alert) shownAlert {
	return shownAlert{
		Alert: a.ID, Order: a.Order, Customer: a.Customer, Line: a.Line, Subject: a.Subject, At: a.At, By: a.By, State: a.State,
		Since: a.Since, From: a.From, Until: a.Until, Callback: a.Callback,
	}
}

// alerts lists a customer's alerts, or all that are open.
func (a *api) alerts(w http.ResponseWriter, r *http.Request, in *Alerts) error {
	customer := r.URL.Query().Get("customer")
	shown := struct {
		Alerts   []shownAlert `json:"alerts"`
		OptedOut time.Time    `json:"opted_out_since,omitzero"`
	}{Alerts: []shownAlert{}}
	for _, one := range in.Book.Select(func(one *callback.Alert) bool {
		return customer != "" && one.Customer == customer || customer == "" && !one.State.Over()
	}) {
		shown.Alerts = append(shown.Alerts, showAlert(one))
	}
	if customer != "" {
		shown.OptedOut = in.Book.OptedOut(customer)
	}
	return answer(w, http.StatusOK, shown)
}

func (a *api) alert(w http.ResponseWriter, r *http.Request, in *Alerts) error {
	one, err := in.Book.Get(r.PathValue("alert"))
	if err != nil {
		return alertError(err)
	}
	return answer(w, http.StatusOK, showAlert(one))
}

// orderedAlert is what became of an order for one customer.
type orderedAlert struct {
	Customer string    `json:"customer"`
	Alert    string    `json:"alert,omitempty"`
	From     time.Time `json:"from,omitzero"`
	Refused  string    `json:"refused,omitempty"`
}

func (a *api) orderAlerts(w http.ResponseWriter, r *http.Request, in *Alerts) error {
	var want struct {
		Customers []string `json:"customers"`
		Line      string   `json:"line"`
		Subject   string   `json:"subject"`
	}
	if err := readJSON(w, r, &want, `{"customers": ["…"], "line": "…", "subject": "…"}`); err != nil {
		return err
	}
	if !slices.Contains(in.Lines(), want.Line) {
		return badRequest("There is no such line: its agents want to talk.")
	}
	order, all, err := in.Book.Send(r.Context(), callback.AlertOrder{
		Customers: want.Customers, Line: want.Line, Subject: want.Subject, By: event.ByProgram, Who: actor(r),
	})
	if err != nil {
		return alertError(err)
	}
	shown := make([]orderedAlert, len(all))
	for i, one := range all {
		shown[i] = orderedAlert{Customer: one.Customer, Refused: one.Refusal()}
		if one.Err == nil {
			shown[i].Alert, shown[i].From = one.Alert.ID, one.Alert.From
		} else if shown[i].Refused == "unavailable" {
			a.Log.Warn("an alert was not ordered", "order", order, "err", one.Err)
		}
	}
	a.noteAlert(r, in, audit.AlertsOrdered, "alerts "+order,
		fmt.Sprintf("line %s: %d of %d customers", want.Line, callback.Accepted(all), len(all)))
	return answer(w, http.StatusOK, map[string]any{"order": order, "alerts": shown})
}

func (a *api) answerAlert(w http.ResponseWriter, r *http.Request, in *Alerts) error {
	var want struct {
		Customer string            `json:"customer"`
		Answer   event.AlertAnswer `json:"answer"`
		From     time.Time         `json:"from"`
		Soon     bool              `json:"soon"`
		Word     secret            `json:"word"`
		Language string            `json:"language"`
	}
	const form = `{"customer": "…", "answer": "callback", "from": "2026-12-01T10:00:00+01:00", "word": "…"}`
	if err := readJSON(w, r, &want, form); err != nil {
		return err
	}
	defer want.Word.Wipe()
	id := r.PathValue("alert")
	var err error
	switch want.Answer {
	case event.AlertTalks:
		if want.From.IsZero() == !want.Soon {
			return badRequest("The beginning of a window is needed, or \"soon\": true: " + form + ".")
		}
		_, err = in.Book.Answer(r.Context(), id, want.Customer, callback.Talk{
			From: want.From, Soon: want.Soon, Word: string(want.Word.Reveal()), Language: want.Language,
		})
	case event.AlertDeclines, event.AlertByMail:
		err = in.Book.Decline(r.Context(), id, want.Customer, want.Answer)
	default:
		return badRequest(`"answer" must be "callback", "declined" or "by_mail".`)
	}
	if err != nil {
		return alertError(err)
	}
	a.noteAlert(r, in, audit.AlertAnswered, "alert "+id, string(want.Answer))
	one, err := in.Book.Get(id)
	if err != nil {
		return alertError(err)
	}
	return answer(w, http.StatusOK, showAlert(one))
}

func (a *api) optOutOfAlerts(w http.ResponseWriter, r *http.Request, in *Alerts) error {
	var want struct {
		Customer string `json:"customer"`
		OptedOut *bool  `json:"opted_out"`
	}
	const form = `{"customer": "…", "opted_out": true}`
	if err := readJSON(w, r, &want, form); err != nil {
		return err
	}
	if want.Customer == "" || len(want.Customer) > maxName || want.OptedOut == nil {
		return badRequest("The customer and what they want are needed: " + form + ".")
	}
	if a.Customer != nil {
		switch _, found, err := a.Customer(r.Context(), want.Customer); {
		case err != nil:
			return unavailable("The customer cannot be looked up now. Try again.", err)
		case !found:
			return badRequest("There is no customer with this id.")
		}
	}
	if err := in.Book.OptOut(r.Context(), want.Customer, *want.OptedOut); err != nil {
		return alertError(err)
	}
	action := audit.AlertsWanted
	if *want.OptedOut {
		action = audit.AlertsUnwanted
	}
	a.noteAlert(r, in, action, in.Alias(want.Customer), "")
	return answer(w, http.StatusOK, map[string]any{"customer": want.Customer, "opted_out": *want.OptedOut})
}

func (a *api) noteAlert(r *http.Request, in *Alerts, action, object, detail string) {
	e := audit.Entry{Actor: actor(r), Action: action, Object: object, Detail: detail}
	if err := in.Audit(r.Context(), e); err != nil {
		a.Log.Error("not in the audit log", "action", action, "object", object, "err", err)
	}
}

func alertError(err error) error {
	status := 0
	switch {
	case errors.Is(err, callback.ErrNoAlert):
		status = http.StatusNotFound
	case errors.Is(err, callback.ErrAlertOver):
		status = http.StatusConflict
	case errors.Is(err, callback.ErrOrder):
		status = http.StatusBadRequest
	default:
		return callbackError(err)
	}
	return &problem{Status: status, Detail: sentence(err)}
}
