package customer

import (
	"context"
	"net/http"
	"time"

	"countersign/callback"
)

// Callbacks are those of customers (callback.Book).
type Callbacks interface {
	// Calling says whether the company calls the customer at this moment. An error means that nobody knows.
	Calling(ctx context.Context, customer string) (c callback.Callback, calling bool, err error)
	Of(customer string) []callback.Callback
	// IsOpen says whether customers are called now.
	IsOpen() bool
	Free(ctx context.Context, line string) ([]callback.Window, error)
	Create(ctx context.Context, r callback.Request) (callback.Callback, error)
	Move(ctx context.Context, id, customer string, from time.Time, by callback.Actor) (callback.Callback, error)
	Cancel(ctx context.Context, id, customer string, by callback.Actor) (callback.Callback, error)
}

// OnLine is a call of the customer's own to the company, now.
type OnLine struct {
	Line  string
	Since time.Time
	// Call is our id of the call; Level what was proven on it; Busy says that an agent talks to the customer, or that they
	// are being asked who they are.
	Call  string
	Level int
	Busy  bool
}

// The states of «Is this you calling me?».
const (
	weCall  = "we_call"
	youCall = "you_call"
	nobody  = "nobody"
	unknown = "unknown"
)

// callingPart is whether the company is talking to the customer, or about to.
type callingPart struct {
	State string
	// At is when this was true.
	At time.Time
	// Agent is a first name; Subject and Word are the customer's.
	Agent, Subject, Word string
	OnLine
	// MayReport: the customer can say that somebody called them.
	MayReport bool
}

func (p *Page) callingSection(r *http.Request, v Visit) (any, bool, error) {
	if p.Callbacks == nil || p.asks(v) {
		return nil, false, nil
	}
	return p.isCalling(r.Context(), v), true, nil
}

// isCalling asks at this moment. An error is no answer, and is never shown as "nobody".
func (p *Page) isCalling(ctx context.Context, v Visit) callingPart {
	part := callingPart{At: p.Now(), MayReport: p.Impostor != nil}
	c, calling, err := p.Callbacks.Calling(ctx, v.Customer)
	switch {
	case err != nil:
		p.Log.Warn("whether a customer is being called is not known", "err", err)
		part.State = unknown
	case calling:
		part.State, part.Agent, part.Subject, part.Word = weCall, c.Now.Agent.Name, c.Subject, c.Word.Reveal()
		part.Since = c.Since
	default:
		part.State = nobody
		if p.OnLine != nil {
			if now, ok := p.OnLine(v.Customer); ok {
				part.State, part.OnLine = youCall, now
			}
		}
	}
	return part
}

// calling is GET /my/calling: the section alone, for the script that asks each second.
func (p *Page) calling(w http.ResponseWriter, r *http.Request, v Visit) error {
	if p.Callbacks == nil {
		return refuse(http.StatusNotFound, "unavailable")
	}
	return p.write(w, http.StatusOK, "calling", p.shownTo(r).with(p.isCalling(r.Context(), v)))
}

// Bounds of reports (docs/policy.md#customers-page).
const mostReports, reportsEvery = 3, time.Hour

// report is POST /my/impostor: somebody called the customer in the company's name.
func (p *Page) report(w http.ResponseWriter, r *http.Request, v Visit) error {
	if p.Impostor == nil {
		return refuse(http.StatusNotFound, "unavailable")
	}
	if !p.reports.allows(v.Customer, p.Now()) {
		return refuse(http.StatusTooManyRequests, "too_often")
	}
	if err := p.Impostor(r.Context(), v.Customer); err != nil {
		return err
	}
	return p.write(w, http.StatusOK, "said", p.shownTo(r).with("impostor_reported"))
}
