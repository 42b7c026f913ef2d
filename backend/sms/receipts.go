package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"countersign/session/event"
	"countersign/session/receipt"
)

// ReceiptSettings say how to read the gateway's delivery receipts, which it sends to POST /v1/receipts/sms. Without a
// Reference there are none.
type ReceiptSettings struct {
	// Reference is where a receipt has the {{.Reference}} of the message: a path (gjson) in JSON, a field of a form, or a
	// parameter of the URL. Body must give it to the gateway.
	Reference string `yaml:"reference"`
	// State is where it says what became of the message. Default status.
	State string `yaml:"state"`
	// Delivered and Failed are the states that mean so, in any case; all others say nothing yet. Default: what most
	// gateways say.
	Delivered []string `yaml:"delivered"`
	Failed    []string `yaml:"failed"`
}

var (
	defaultDelivered = []string{"delivered", "DELIVRD", "delivered_to_handset", "read"}
	defaultFailed    = []string{
		"failed", "undelivered", "undeliverable", "UNDELIV", "rejected", "REJECTD", "expired", "EXPIRED", "delivery_failed",
	}
)

func (r ReceiptSettings) check(body string) (errs []error) {
	if r.Reference == "" {
		return nil
	}
	if !strings.Contains(body, ".Reference") {
		errs = append(errs, errors.New("receipts: the gateway cannot say which message it is about: "+
			"give it {{.Reference}} in body"))
	}
	for _, d := range r.Delivered {
		if slices.ContainsFunc(r.Failed, func(f string) bool { return strings.EqualFold(d, f) }) {
			errs = append(errs, fmt.Errorf("receipts: %q is in delivered and in failed", d))
		}
	}
	return errs
}

// Box keeps receipts.
type Box interface {
	IsOurs(reference string) bool
	Put(ctx context.Context, reference string, state event.CodeState) error
}

// Receipts takes the gateway's receipts. It is safe for concurrent use.
type Receipts struct {
	settings ReceiptSettings
	box      Box
	log      *slog.Logger

	mu      sync.Mutex
	ignored int
	told    time.Time
}

// NewReceipts takes receipts into a box.
func NewReceipts(s ReceiptSettings, box Box, log *slog.Logger) *Receipts {
	if s.State == "" {
		s.State = "status"
	}
	if len(s.Delivered) == 0 {
		s.Delivered = defaultDelivered
	}
	if len(s.Failed) == 0 {
		s.Failed = defaultFailed
	}
	return &Receipts{settings: s, box: box, log: log}
}

// Take reads a request: JSON, one receipt or an array of them, or a form. States that say nothing yet count as neither
// taken nor ignored. The error is receipt.ErrUnreadable, or that the receipt could not be stored.
func (r *Receipts) Take(
	ctx context.Context, contentType string, body []byte, query url.Values,
) (taken, ignored int, err error) {
	find, all, err := receipts(contentType, body)
	if err != nil {
		return 0, 0, err
	}
	var errs []error
	for i := range all {
		value := func(name string) string {
			if v := find(i, name); v != "" {
				return v
			}
			return query.Get(name)
		}
		reference, state := value(r.settings.Reference), r.meaning(value(r.settings.State))
		switch {
		case !r.box.IsOurs(reference):
			ignored++
			r.ignore()
		case state != "":
			errs = append(errs, r.box.Put(ctx, reference, state))
			taken++
		}
	}
	return taken, ignored, errors.Join(errs...)
}

// maxReceipts bounds the receipts in one request.
const maxReceipts = 1000

// receipts finds values by name in each of a request's receipts; all is how many there are.
func receipts(contentType string, body []byte) (find func(i int, name string) string, all int, err error) {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, 0, receipt.ErrUnreadable
		}
		return func(_ int, name string) string { return form.Get(name) }, 1, nil
	case len(body) == 0:
		return func(int, string) string { return "" }, 1, nil // all of it is in the URL
	case !json.Valid(body):
		return nil, 0, receipt.ErrUnreadable
	}
	list := []gjson.Result{gjson.ParseBytes(body)}
	if list[0].IsArray() {
		list = list[0].Array()
	}
	list = list[:min(len(list), maxReceipts)]
	return func(i int, name string) string { return list[i].Get(name).String() }, len(list), nil
}

// meaning is what a gateway's state means, or empty.
func (r *Receipts) meaning(state string) event.CodeState {
	is := func(s string) bool { return strings.EqualFold(s, state) }
	switch {
	case slices.ContainsFunc(r.settings.Delivered, is):
		return event.CodeDelivered
	case slices.ContainsFunc(r.settings.Failed, is):
		return event.CodeNotDelivered
	}
	return ""
}

// ignore counts a receipt that is not ours, and says so once a minute at most.
func (r *Receipts) ignore() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ignored++
	if now := time.Now(); now.Sub(r.told) > time.Minute {
		r.told = now
		r.log.Warn("delivery receipts of messages that are not ours were ignored: does sms.receipts.reference name where "+
			"they have {{.Reference}}?", "ignored", r.ignored)
	}
}

// Ignored is how many receipts were not ours.
func (r *Receipts) Ignored() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ignored
}
