package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	public "countersign/web/customer"
)

// MakesLinks makes links to customers' pages.
type MakesLinks interface {
	// Make makes a link that is good for a time. Its error is customer.ErrTooMany, or that nobody can know now.
	Make(ctx context.Context, to public.PageLink, within time.Duration) (address string, err error)
	// Send sends one to the customer's telephone on file. Its errors are customer.ErrNoPhone, ErrSendLimit and ErrTooMany;
	// any other means that it could not be sent.
	Send(ctx context.Context, to public.PageLink, language string) error
}

// linkWithin bounds a request for a link, which may wait for the gateway.
const linkWithin = 15 * time.Second

// madeLink is the answer: the link, or that it was sent.
type madeLink struct {
	Link      string `json:"link,omitempty"`
	Sent      bool   `json:"sent"`
	ExpiresIn int    `json:"expires_in"`
}

func (a *api) makeLink(w http.ResponseWriter, r *http.Request) error {
	if a.Links == nil || a.Customer == nil {
		return unavailable("This machine has no pages for customers: customers.page is off.", nil)
	}
	var in struct {
		Customer string         `json:"customer"`
		Purpose  public.Purpose `json:"purpose"`
		Call     string         `json:"call"`
		Send     string         `json:"send"`
	}
	if err := readJSON(w, r, &in, `{"customer": "…", "purpose": "page"}`); err != nil {
		return err
	}
	switch {
	case in.Customer == "" || len(in.Customer) > maxName:
		return badRequest(`"customer" must be the id of a customer.`)
	case in.Purpose != "" && in.Purpose != public.ForPage:
		return badRequest(`"purpose" must be "page".`)
	case in.Send != "" && in.Send != "sms":
		return badRequest(`"send" must be "sms", or be left out.`)
	case len(in.Call) > maxName:
		return badRequest(`"call" must be the id of a call.`)
	}
	c, found, err := a.Customer(r.Context(), in.Customer)
	switch {
	case err != nil:
		return unavailable("The customer cannot be looked up now. Try again.", err)
	case !found:
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "There is no customer with this id."}
	}
	made := madeLink{Sent: in.Send != "", ExpiresIn: int(public.LinkLife / time.Second)}
	link := public.PageLink{Customer: c.ID, Purpose: public.ForPage, Call: in.Call}
	if made.Sent {
		err = a.Links.Send(r.Context(), link, c.Language)
	} else {
		made.Link, err = a.Links.Make(r.Context(), link, public.LinkLife)
	}
	switch {
	case errors.Is(err, public.ErrNoPhone):
		return &problem{
			Status: http.StatusUnprocessableEntity, Detail: "No telephone on file of this customer may get a message.",
		}
	case errors.Is(err, public.ErrTooMany), errors.Is(err, public.ErrSendLimit):
		return &problem{
			Status: http.StatusTooManyRequests, Detail: "This customer was sent too many links or codes lately. Try again later.",
		}
	case err != nil && made.Sent:
		return unavailable("The link cannot be sent now. Try again.", err)
	case err != nil:
		return unavailable("The link cannot be made now. Try again.", err)
	}
	return answer(w, http.StatusOK, made)
}
