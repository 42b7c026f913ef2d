package event

import "time"

// Alert is what every fact about an alert says of it: the company asks a customer to talk to it. Such facts belong to no
// call: their call is "alert-<id>", their seq counts the facts of that alert. What it is about is in no event.
type Alert struct {
	// ID is the id of the alert.
	ID       string `json:"alert"`
	Customer string `json:"customer"`
	// Until is when it can be answered no longer.
	Until time.Time `json:"until"`
}

// AlertAnswer is what a customer answers to an alert.
type AlertAnswer string

// The answers. The list may grow.
const (
	// AlertTalks: they named a time, and are called back.
	AlertTalks AlertAnswer = "callback"
	// AlertDeclines: not now.
	AlertDeclines AlertAnswer = "declined"
	// AlertByMail: they want it in writing.
	AlertByMail AlertAnswer = "by_mail"
)
