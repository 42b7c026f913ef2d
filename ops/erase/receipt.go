package erase

import (
	"fmt"
	"time"

	"countersign/bus"
	"countersign/internal/plural"
	"countersign/store/customers"
	"countersign/store/traces"
)

// Receipt lists what was found about a customer and removed.
type Receipt struct {
	Customer string `json:"customer"`
	// Known is false if the customer was not in the local directory.
	Known bool `json:"known"`
	// Before is true if the customer was erased before.
	Before bool      `json:"erased_before"`
	At     time.Time `json:"at"`
	// Milliseconds is the duration.
	Milliseconds int64             `json:"ms"`
	Directory    customers.Removed `json:"directory"`
	Journal      Journal           `json:"journal"`
	NATS         NATS              `json:"nats"`
	Reports      Reports           `json:"reports"`
	// Searched is what was searched afterwards, byte by byte.
	Searched traces.Searched `json:"searched"`
	// Remains lists what could not be removed, and what to do.
	Remains []string `json:"remains"`
}

// Journal counts the calls that named the customer, and their changed events.
type Journal struct {
	Calls  int `json:"calls"`
	Events int `json:"events"`
}

// NATS is what was removed from NATS.
type NATS struct {
	bus.Erased
	// Attempts says whether attempts at the customer's secrets were on record.
	Attempts bool `json:"attempts"`
}

// Reports counts the calls that were anonymised in the reports.
type Reports struct {
	Calls int `json:"calls"`
}

// Nobody says that the id is nobody's: it was found nowhere, and was never erased.
func (r *Receipt) Nobody() bool {
	return !r.Known && !r.Before && r.Journal.Calls == 0 && r.NATS == NATS{} && r.Reports.Calls == 0 &&
		len(r.Searched.Found) == 0 && len(r.Remains) == 0
}

// sum is the receipt without the customer, for the audit log.
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
