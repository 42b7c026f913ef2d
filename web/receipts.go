package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"countersign/session/receipt"
)

// TakesReceipts takes delivery receipts of a gateway.
type TakesReceipts interface {
	// Take takes the receipts of one request; ignored are those of messages that are not ours. Its error is
	// receipt.ErrUnreadable, or that they could not be stored.
	Take(ctx context.Context, contentType string, body []byte, query url.Values) (taken, ignored int, err error)
}

// receipt takes what the gateway for text messages says about its messages. Receipts that are not ours are no error of
// the gateway's: it would send them again.
func (a *api) receipt(w http.ResponseWriter, r *http.Request) error {
	if a.Receipts == nil {
		return unavailable("This machine takes no delivery receipts: sms.receipts is not set.", nil)
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	taken, ignored, err := a.Receipts.Take(r.Context(), r.Header.Get("Content-Type"), body, r.URL.Query())
	switch {
	case errors.Is(err, receipt.ErrUnreadable):
		return badRequest("The body must be JSON or a form, with a Content-Type that says which.")
	case errors.Is(err, receipt.ErrNotTaken):
		return unavailable("This machine takes no delivery receipts: sms.receipts is not set.", nil)
	case err != nil:
		return unavailable("The receipt cannot be stored now. Send it again.", err)
	}
	return answer(w, http.StatusOK, map[string]int{"taken": taken, "ignored": ignored})
}
