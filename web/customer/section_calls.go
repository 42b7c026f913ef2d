package customer

import (
	"context"
	"net/http"
	"time"
)

// Calls are customers' own calls.
type Calls interface {
	// Of are a customer's latest calls, latest first.
	Of(ctx context.Context, customer string, most int) ([]Call, error)
}

// Call is a call as its customer reads it.
type Call struct {
	At   time.Time `json:"at"`
	Line string    `json:"line"`
	// Result is a word of ours: verified, not_verified, hung_up or denied.
	Result Result `json:"result"`
}

// Result says in one word how a call went.
type Result string

// The results.
const (
	// Verified: the caller proved who they are.
	Verified Result = "verified"
	// NotVerified: they did not, and went to a person.
	NotVerified Result = "not_verified"
	// HungUp: they hung up first.
	HungUp Result = "hung_up"
	// NotYou: the customer said that it was not them.
	NotYou Result = "denied"
)

// callsShown is how many calls the page shows.
const callsShown = 10

func (p *Page) callsSection(r *http.Request, v Visit) (any, bool, error) {
	if p.Calls == nil || v.Level(p.Now()) < 2 {
		return nil, false, nil
	}
	all, err := p.Calls.Of(r.Context(), v.Customer, callsShown)
	return all, true, err
}
