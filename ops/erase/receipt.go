package erase

import (
	"fmt"
	"time"

	"countersign/bus"
	"countersign/internal/plural"
	"countersign/store/customers"
	"countersign/store/traces"
)

// Receipt says what was found of a customer, and removed.
type Receipt struct {
	Customer string `json:"customer"`
	// Known is false if the customer was not in the local directory.
	Known bool      `json:"known"`
	At    time.Time `json:"at"`
	// Milliseconds is how long it took.
	Milliseconds int64             `json:"ms"`
	Directory    customers.Removed `json:"directory"`
	Journal      Journal           `json:"journal"`
	NATS         NATS              `json:"nats"`
	Reports      Reports           `json:"reports"`
	// Searched is what was looked through afterwards, byte by byte.
	Searched traces.Searched `json:"searched"`
	// Remains says what could not be removed, and what to do.
	Remains []string `json:"remains"`
}

// Journal counts the calls on which the customer was named, and their events that were changed.
type Journal struct {
	Calls  int `json:"calls"`
	Events int `json:"events"`
}

// NATS is what was removed from NATS.
type NATS struct {
	bus.Erased
	// Attempts is whether attempts at the customer's secrets were on record.
	Attempts bool `json:"attempts"`
}

// Reports counts the calls that were anonymised in the reports.
type Reports struct {
	Calls int `json:"calls"`
}

// sum is the receipt without who it is about, for the audit log.
func (r *Receipt) sum() string {
	rows := 0
	for _, n := range r.Directory {
		rows += n
	}
	s := fmt.Sprintf("directory: %s; journal: %s; nats: %s; reports: %s",
		plural.Of(rows, "row"), plural.Of(r.Journal.Calls, "call"),
		plural.Of(r.NATS.Events, "event"), plural.Of(r.Reports.Calls, "call"))
	if len(r.Remains) > 0 {
		s += "; not everything"
	}
	return s
}
