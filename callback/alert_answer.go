package callback

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// Talk is a customer's answer to an alert: call me then.
type Talk struct {
	// From begins a window of the alert's line; in its stead, Soon is the window of now.
	From           time.Time
	Soon           bool
	Word, Language string
	Level          session.Level
}

// Answer books the callback that an alert becomes: one, however often it is asked for at once. Errors are ErrNoAlert,
// ErrAlertOver, and those of Book.Create, after which the customer can choose again.
func (a *Alerts) Answer(ctx context.Context, id, customer string, t Talk) (c Callback, err error) {
	booking := uuid.Must(uuid.NewV7()).String()
	one, err := a.change(ctx, id, func(one *Alert) error {
		if err := one.take(customer, a.o.Now()); err != nil {
			return err
		}
		one.Answering = &answering{booking, a.o.Now().UTC()}
		return nil
	})
	if err != nil {
		return c, err
	}
	c, err = a.o.Callbacks.Create(ctx, Request{
		ID: booking, Customer: customer, Line: one.Line, Subject: one.Subject, Language: t.Language, From: t.From, Soon: t.Soon,
		Word: t.Word, By: event.ByCustomer, Level: t.Level,
	})
	mine := func(f func(*Alert)) error {
		_, err := a.change(context.WithoutCancel(ctx), id, func(one *Alert) error {
			if one.Answering == nil || one.Answering.Callback != booking {
				return errNothing
			}
			f(one)
			return nil
		})
		return err
	}
	switch {
	case isRefused(err):
		if err := mine(func(one *Alert) { one.Answering = nil }); err != nil {
			a.o.Log.Warn("an alert can be answered again in a minute only", "alert", id, "err", err)
		}
		return c, err
	case err != nil: // it may have been written
		return c, err
	}
	if err := mine(func(one *Alert) { one.answered(event.AlertTalks, c.ID, a.o.Now()) }); err != nil {
		a.o.Log.Warn("an alert is settled later", "alert", id, "err", err)
	}
	return c, nil
}

// isRefused says whether nothing was booked, for certain.
func isRefused(err error) bool {
	for _, refused := range []error{ErrFull, ErrTooMany, ErrNumber, ErrSubject, ErrWord} {
		if errors.Is(err, refused) {
			return true
		}
	}
	return false
}

// Decline ends an alert without a callback: event.AlertDeclines or event.AlertByMail. Errors are ErrNoAlert and
// ErrAlertOver.
func (a *Alerts) Decline(ctx context.Context, id, customer string, answer event.AlertAnswer) error {
	_, err := a.change(ctx, id, func(one *Alert) error {
		if err := one.take(customer, a.o.Now()); err != nil {
			return err
		}
		one.answered(answer, "", a.o.Now())
		return nil
	})
	return err
}

// take lets a customer answer. Whoever answers has got it, whatever the gateway says later.
func (a *Alert) take(customer string, now time.Time) error {
	switch {
	case a.Customer != customer:
		return ErrNoAlert
	case !a.State.Answerable(), a.State == AlertSent && !now.Before(a.Until),
		a.Answering != nil: // what is left of an answer is settled by Run
		return ErrAlertOver
	case a.State == AlertSending:
		a.sent(now)
	}
	return nil
}

// settle ends what is left of an answer whose process is gone: if its callback is there, that is the answer.
func (a *Alerts) settle(ctx context.Context, one Alert) error {
	left := *one.Answering
	_, _, err := a.o.Store.Get(ctx, key(left.Callback))
	booked := err == nil
	if !booked && !errors.Is(err, shared.ErrNotFound) {
		return err
	}
	_, err = a.change(ctx, one.ID, func(one *Alert) error {
		if one.Answering == nil || *one.Answering != left {
			return errNothing
		}
		if booked {
			one.answered(event.AlertTalks, left.Callback, a.o.Now())
			return nil
		}
		one.Answering = nil
		return nil
	})
	return err
}
