package staff

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"countersign/callback"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/web/access"
)

// orderWithin bounds an order: the customers of a long list are looked up one by one.
const orderWithin = 30 * time.Second

// maxOrder bounds the form of an order, in bytes.
const maxOrder = 256 << 10

// alertsPage are the alerts of the lines that somebody sees.
type alertsPage struct {
	Lines      []string
	Open, Over []shownAlert
	// Customer, if set, is the one whose alerts are shown, and OptedOut since when they want none.
	Customer string
	OptedOut time.Time
	// Ordered is what became of an order that was just given; nil without.
	Ordered *orderedAlerts
}

type shownAlert struct {
	callback.Alert
	// OptedOut: the customer wants no alerts.
	OptedOut bool
}

// orderedAlerts are those that there are, and the customers for whom there is none.
type orderedAlerts struct {
	Accepted, All int
	Refused       []callback.Ordered
}

// alertKeeps is how long those that are over are listed.
const alertKeeps = 7 * 24 * time.Hour

func (p *Pages) alerts(w http.ResponseWriter, r *http.Request) error {
	return p.showAlerts(w, r, strings.TrimSpace(r.URL.Query().Get("customer")), nil)
}

func (p *Pages) showAlerts(w http.ResponseWriter, r *http.Request, customer string, ordered *orderedAlerts) error {
	if p.Alerts == nil {
		return refuse(http.StatusServiceUnavailable, "alert_none_here")
	}
	who, _ := access.From(r.Context())
	shown := alertsPage{Customer: customer, Ordered: ordered, Lines: p.linesOf(who)}
	if customer != "" {
		shown.OptedOut = p.Alerts.OptedOut(customer)
	}
	for _, a := range p.Alerts.Select(func(a *callback.Alert) bool {
		return who.Sees(a.Line) && (customer == "" || a.Customer == customer)
	}) {
		one := shownAlert{a, !p.Alerts.OptedOut(a.Customer).IsZero()}
		switch {
		case !a.State.Over():
			shown.Open = append(shown.Open, one)
		case customer != "" || p.Now().Sub(a.Since) < alertKeeps:
			shown.Over = append(shown.Over, one)
		}
	}
	slices.Reverse(shown.Over)
	return p.show(w, r, "alerts", shown)
}

// orderAlerts is POST /alerts: a line's agents want to talk to customers, whose ids stand one in a row.
func (p *Pages) orderAlerts(w http.ResponseWriter, r *http.Request) error {
	if p.Alerts == nil {
		return refuse(http.StatusServiceUnavailable, "alert_none_here")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxOrder)
	if err := r.ParseForm(); err != nil {
		return refuse(http.StatusRequestEntityTooLarge, "alert_order_wrong")
	}
	who, _ := access.From(r.Context())
	line := r.PostForm.Get("line")
	if !slices.Contains(p.linesOf(who), line) {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	order, all, err := p.Alerts.Send(r.Context(), callback.AlertOrder{
		Customers: strings.Split(r.PostForm.Get("customers"), "\n"), Line: line, Subject: r.PostForm.Get("subject"),
		By: event.ByStaff, Who: who.ID,
	})
	switch {
	case errors.Is(err, callback.ErrOrder):
		return refuse(http.StatusUnprocessableEntity, "alert_order_wrong")
	case err != nil:
		p.Log.Error("alerts were not ordered", "err", err)
		return refuse(http.StatusServiceUnavailable, "state_unavailable")
	}
	ordered := orderedAlerts{Accepted: callback.Accepted(all), All: len(all)}
	for _, one := range all {
		if one.Err == nil {
			continue
		}
		ordered.Refused = append(ordered.Refused, one)
		if one.Refusal() == "unavailable" {
			p.Log.Warn("an alert was not ordered", "order", order, "err", one.Err)
		}
	}
	p.note(r, who.ID, audit.AlertsOrdered, "alerts "+order,
		fmt.Sprintf("line %s: %d of %d customers", line, ordered.Accepted, ordered.All))
	return p.showAlerts(w, r, "", &ordered)
}
