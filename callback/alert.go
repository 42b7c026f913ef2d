package callback

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/session/event"
)

// AlertState is where an alert is.
type AlertState string

// The states of an alert.
const (
	// AlertWaiting: it waits for business hours, or for the next try to send it.
	AlertWaiting AlertState = "waiting"
	// AlertSending: a process is sending it. If that process is gone, it may have been sent, and counts as sent.
	AlertSending AlertState = "sending"
	// AlertSent: the customer can answer it.
	AlertSent AlertState = "sent"
	// AlertAnswered: they named a time, and it became a callback.
	AlertAnswered AlertState = "answered"
	// AlertDeclined: not now. AlertByMail: they want it in writing.
	AlertDeclined AlertState = "declined"
	AlertByMail   AlertState = "by_mail"
	// AlertExpired: they did not answer in time.
	AlertExpired AlertState = "expired"
	// AlertUnsent: it could not be sent.
	AlertUnsent AlertState = "unsent"
)

// Over says whether it is at its end.
func (s AlertState) Over() bool { return s != AlertWaiting && s != AlertSending && s != AlertSent }

// Answerable says whether the customer can answer it.
func (s AlertState) Answerable() bool { return s == AlertSending || s == AlertSent }

// Alert says that the company wants to talk to a customer.
type Alert struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	// Line is the service line whose agents want to talk, Subject what about. Language is the customer's, or "".
	Line     string `json:"line"`
	Subject  string `json:"subject"`
	Language string `json:"language,omitempty"`
	// Order names the order that it belongs to; By and Who ordered it, At when.
	Order string              `json:"order"`
	At    time.Time           `json:"at"`
	By    event.CallbackActor `json:"by"`
	Who   string              `json:"who,omitempty"`

	State AlertState `json:"state"`
	Since time.Time  `json:"since"`
	// From is when it may be sent at the earliest, while it waits; Tries counts what did not work.
	From  time.Time `json:"from,omitzero"`
	Tries int       `json:"tries,omitempty"`
	// Until is when it can be answered no longer; while it is being sent, when its process counts as gone.
	Until time.Time `json:"until,omitzero"`
	// Answering is the answer that becomes a callback at this moment, Callback the callback that it became.
	Answering *answering `json:"answering,omitempty"`
	Callback  string     `json:"callback,omitempty"`
	facts
}

// answering is an answer whose callback is being booked. It stands here first, so that an alert becomes one callback.
type answering struct {
	Callback string    `json:"callback"`
	At       time.Time `json:"at"`
}

// The bounds of alerts (docs/policy.md#alerts).
const (
	// AlertFor is how long an alert can be answered; the link in its message is good for as long.
	AlertFor = 72 * time.Hour
	// MostOfOrder are the customers of one order.
	MostOfOrder = 1000
	// MostInDay and MostInMonth are a customer's alerts in 24 hours and in 30 days. Of a line one is open at a time.
	MostInDay, MostInMonth = 2, 5
	// MostAlertTries to send one, AlertRetryAfter apart.
	MostAlertTries  = 3
	AlertRetryAfter = 10 * time.Minute
	// alertMonth is also how long an alert is kept after its end.
	alertDay, alertMonth = 24 * time.Hour, 30 * 24 * time.Hour
	// sendingFor is how long a process may be silent that sends one, answeringFor one that books an answer.
	sendingFor, answeringFor = time.Minute, time.Minute
)

// Errors of Alerts. Any other means that they are unavailable.
var (
	// ErrNoAlert: there is no such alert, or it is another customer's.
	ErrNoAlert = errors.New("there is no such alert")
	// ErrAlertOver: it was answered, or its time is over.
	ErrAlertOver = errors.New("it was answered already, or its time is over")
	// ErrNoCustomer: there is no such customer.
	ErrNoCustomer = errors.New("there is no such customer")
	// ErrOptedOut: the customer wants no alerts.
	ErrOptedOut = errors.New("the customer wants no alerts")
	// ErrAlertOpen: one of the line is open already. ErrAlertLimit: there were MostInDay or MostInMonth.
	ErrAlertOpen  = errors.New("an alert of this line is open already")
	ErrAlertLimit = errors.New("the customer had as many alerts as one may have")
	// ErrOrder: an order has 1 to MostOfOrder customers, a line, and a subject of one line.
	ErrOrder = errors.New("an order has 1 to 1,000 customers, and a subject of one line of up to 120 characters")
	// ErrNoWay: nothing can be sent to the customer, now or later (AlertOptions.Deliver).
	ErrNoWay = errors.New("nothing can be sent to the customer")
)

// about is what every fact says.
func (a *Alert) about() event.Alert {
	return event.Alert{ID: a.ID, Customer: a.Customer, Until: a.Until}
}

// to changes the state.
func (a *Alert) to(s AlertState, now, until time.Time) {
	a.State, a.Since, a.Until, a.From = s, now.UTC(), until.UTC(), time.Time{}
	if s.Over() {
		a.Until, a.Answering = time.Time{}, nil
	}
}

// sent: the message is on its way.
func (a *Alert) sent(now time.Time) {
	a.to(AlertSent, now, now.Add(AlertFor))
	a.tell(event.AlertSent{Alert: a.about(), By: a.By}, now)
}

// answered ends it with an answer.
func (a *Alert) answered(answer event.AlertAnswer, callback string, now time.Time) {
	fact := event.AlertAnswered{Alert: a.about(), Answer: answer, Callback: callback}
	a.Callback = callback
	a.to(map[event.AlertAnswer]AlertState{
		event.AlertTalks: AlertAnswered, event.AlertDeclines: AlertDeclined, event.AlertByMail: AlertByMail,
	}[answer], now, time.Time{})
	a.tell(fact, now)
}

func decodeAlert(value []byte) (a Alert, err error) {
	if err := json.Unmarshal(value, &a); err != nil {
		return a, fmt.Errorf("read an alert: %w", err)
	}
	return a, nil
}
