package customer

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/callback"
	"countersign/session"
	"countersign/session/event"
	"countersign/store/audit"
)

// Alerts are what the company wants to talk about with customers (callback.Alerts).
type Alerts interface {
	Of(customer string) []callback.Alert
	Answer(ctx context.Context, id, customer string, t callback.Talk) (callback.Callback, error)
	Decline(ctx context.Context, id, customer string, answer event.AlertAnswer) error
	// OptedOut says since when the customer wants no alerts; OptOut that they do not, or do again.
	OptedOut(customer string) time.Time
	OptOut(ctx context.Context, customer string, out bool) error
}

// alertPart is one alert, and the windows of its line.
type alertPart struct {
	callback.Alert
	Windows []day
}

func (p *Page) alertsSection(r *http.Request, v Visit) (any, bool, error) {
	if p.mayAnswer(v) != nil || p.asks(v) {
		return nil, false, nil
	}
	var parts []alertPart
	free := map[string][]day{}
	for _, a := range p.Alerts.Of(v.Customer) {
		if !a.State.Answerable() || a.Answering != nil {
			continue
		}
		if _, known := free[a.Line]; !known {
			windows, err := p.Callbacks.Free(r.Context(), a.Line)
			if err != nil {
				return nil, true, err
			}
			free[a.Line] = byDay(windows)
		}
		parts = append(parts, alertPart{a, free[a.Line]})
	}
	return parts, len(parts) > 0, nil
}

// alertsOffPart is since when the customer wants no alerts; zero if they do not mind.
type alertsOffPart struct{ Since time.Time }

func (p *Page) alertsOffSection(_ *http.Request, v Visit) (any, bool, error) {
	if p.mayAnswer(v) != nil || p.asks(v) {
		return nil, false, nil
	}
	return alertsOffPart{p.Alerts.OptedOut(v.Customer)}, true, nil
}

// mayAnswer refuses a visit that may not answer.
func (p *Page) mayAnswer(v Visit) error {
	switch {
	case p.Alerts == nil || p.Callbacks == nil:
		return refuse(http.StatusNotFound, "unavailable")
	case v.Level(p.Now()) < session.Verified:
		return refuse(http.StatusForbidden, "prove_more")
	}
	return nil
}

// answerAlert is POST /my/alerts/{alert}.
func (p *Page) answerAlert(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayAnswer(v); err != nil {
		return err
	}
	if !p.bookings.allows(v.Customer, p.Now()) {
		return refuse(http.StatusTooManyRequests, "too_often")
	}
	id, answer := r.PathValue("alert"), event.AlertAnswer(r.PostFormValue("what"))
	var err error
	switch answer {
	case event.AlertTalks:
		talk := callback.Talk{Word: r.PostFormValue("word"), Language: languageOf(r), Level: v.Level(p.Now())}
		if talk.Word == "" {
			return refuse(http.StatusUnprocessableEntity, "callback_word_wrong")
		}
		if talk.From, talk.Soon, err = chosen(r); err != nil {
			return err
		}
		_, err = p.Alerts.Answer(r.Context(), id, v.Customer, talk)
	case event.AlertDeclines, event.AlertByMail:
		err = p.Alerts.Decline(r.Context(), id, v.Customer, answer)
	default:
		return refuse(http.StatusUnprocessableEntity, "alert_over")
	}
	switch {
	case errors.Is(err, callback.ErrNoAlert), errors.Is(err, callback.ErrAlertOver):
		return refuse(http.StatusConflict, "alert_over")
	case err != nil:
		return p.back(w, r, err)
	}
	p.note(r, v, audit.AlertAnswered, "alert "+id+": "+string(answer))
	if answer == event.AlertTalks {
		return p.back(w, r, nil)
	}
	return p.write(w, http.StatusOK, "said", p.shownTo(r).with("alert_said_"+string(answer)))
}

// optOut is POST /my/alerts: the customer wants no alerts, or wants them again.
func (p *Page) optOut(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayAnswer(v); err != nil {
		return err
	}
	out := r.PostFormValue("want") != "yes"
	if err := p.Alerts.OptOut(r.Context(), v.Customer, out); err != nil {
		return err
	}
	action := audit.AlertsWanted
	if out {
		action = audit.AlertsUnwanted
	}
	p.note(r, v, action, "by "+string(v.Way))
	return p.back(w, r, nil)
}

// note writes down what a customer did that is done.
func (p *Page) note(r *http.Request, v Visit, action, detail string) {
	if err := p.Audit(r.Context(), v.Customer, action, detail); err != nil {
		p.Log.Error("not in the audit log", "action", action, "detail", detail, "err", err)
	}
}
