package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"countersign/session/event"
	"countersign/session/shared"
)

// AlertOrder says to whom the company wants to talk, and about what.
type AlertOrder struct {
	Customers     []string
	Line, Subject string
	By            event.CallbackActor
	Who           string
}

// Ordered is what became of an order for one customer: an alert, or why there is none.
type Ordered struct {
	Customer string
	Alert    Alert
	// Err is ErrNoCustomer, ErrOptedOut, ErrAlertOpen or ErrAlertLimit; any other means that it can be tried again.
	Err error
}

// Refusal is why there is no alert, in a word, or "" if there is one.
func (o Ordered) Refusal() string {
	switch {
	case o.Err == nil:
		return ""
	case errors.Is(o.Err, ErrNoCustomer):
		return "unknown"
	case errors.Is(o.Err, ErrOptedOut):
		return "opted_out"
	case errors.Is(o.Err, ErrAlertOpen):
		return "open"
	case errors.Is(o.Err, ErrAlertLimit):
		return "limit"
	}
	return "unavailable"
}

// Accepted counts the alerts of an order.
func Accepted(all []Ordered) (n int) {
	for _, o := range all {
		if o.Err == nil {
			n++
		}
	}
	return n
}

// ordersAtOnce are the customers of an order that are looked up and written at a time.
const ordersAtOnce = 16

// Send takes an order, and says what becomes of it for each customer, in their order; one who is named twice counts once.
// Alerts are sent soon, in business hours. The error is ErrOrder.
func (a *Alerts) Send(ctx context.Context, o AlertOrder) (order string, all []Ordered, err error) {
	if !a.Known() {
		return "", nil, errors.New("alerts were not read yet")
	}
	o.Subject = strings.TrimSpace(o.Subject)
	seen := map[string]bool{}
	for _, c := range o.Customers {
		if c = strings.TrimSpace(c); c != "" && !seen[c] {
			seen[c] = true
			all = append(all, Ordered{Customer: c})
		}
	}
	if len(all) == 0 || len(all) > MostOfOrder || o.Line == "" || o.Subject == "" || !isLine(o.Subject, mostSubject) {
		return "", nil, ErrOrder
	}
	order = uuid.Must(uuid.NewV7()).String()
	now := a.o.Now()
	var writing errgroup.Group
	writing.SetLimit(ordersAtOnce)
	for i := range all {
		writing.Go(func() error {
			all[i].Alert, all[i].Err = a.create(ctx, o, order, all[i].Customer, now)
			return nil
		})
	}
	return order, all, writing.Wait()
}

// create writes one alert, which is sent later.
func (a *Alerts) create(ctx context.Context, o AlertOrder, order, customer string, now time.Time) (Alert, error) {
	language, found, err := a.o.Find(ctx, customer)
	if err != nil {
		return Alert{}, fmt.Errorf("look up a customer: %w", err)
	}
	if !found {
		return Alert{}, ErrNoCustomer
	}
	from := a.o.Windows().nextOpen(now)
	one := Alert{
		ID: uuid.Must(uuid.NewV7()).String(), Customer: customer, Line: o.Line, Subject: o.Subject, Language: language,
		Order: order, At: now.UTC(), By: o.By, Who: o.Who, State: AlertWaiting, Since: now.UTC(), From: from.UTC(),
		Until: from.Add(AlertFor).UTC(),
	}
	if err := a.reserve(ctx, one); err != nil {
		return one, err
	}
	value, err := json.Marshal(one)
	if err != nil {
		return one, err
	}
	revision, err := a.o.Store.Create(ctx, alertKey(one.ID), value, shared.Forever)
	if err != nil {
		return one, fmt.Errorf("write an alert: %w", err)
	}
	a.all.set(one.ID, one, revision)
	return one, nil
}
