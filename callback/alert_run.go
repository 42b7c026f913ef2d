package callback

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"countersign/internal/retry"
)

// alertsAtOnce are sent at a time by one machine.
const alertsAtOnce = 8

// deliverWithin bounds a try to send one.
const deliverWithin = 10 * time.Second

// Run sends alerts in business hours, and ends those whose time is over, until ctx ends. Every machine runs it: whoever
// changes an alert first by compare-and-swap sends it.
func (a *Alerts) Run(ctx context.Context) {
	for {
		if a.Known() {
			a.look(ctx)
		}
		if retry.Pause(ctx, lookEvery) != nil {
			return
		}
	}
}

// look does what is to be done now, and waits for it.
func (a *Alerts) look(ctx context.Context) {
	open := a.o.Windows().Hours.Open(a.o.Now())
	var sending errgroup.Group
	sending.SetLimit(alertsAtOnce)
	for _, one := range a.sorted(func(one *Alert) bool { return !one.State.Over() || len(one.Untold) > 0 }) {
		if ctx.Err() != nil {
			break
		}
		if now := a.o.Now(); a.isDue(one, now, open) {
			sending.Go(func() error { a.act(ctx, *one); return nil })
		}
	}
	_ = sending.Wait()
}

// isDue says whether there is something to do about an alert.
func (a *Alerts) isDue(one *Alert, now time.Time, open bool) bool {
	switch {
	case len(one.Untold) > 0 && now.Sub(one.Untold[0].At) > untoldFor:
		return true
	case one.State.Over():
		return false
	case one.Answering != nil:
		return now.Sub(one.Answering.At) > answeringFor
	case !now.Before(one.Until):
		return true
	}
	return one.State == AlertWaiting && open && !now.Before(one.From)
}

// act does what is to be done about one alert.
func (a *Alerts) act(ctx context.Context, one Alert) {
	now := a.o.Now()
	var err error
	switch {
	case len(one.Untold) > 0 && now.Sub(one.Untold[0].At) > untoldFor:
		a.publish(ctx, one)
	case one.Answering != nil:
		err = a.settle(ctx, one)
	case !now.Before(one.Until):
		err = a.late(ctx, one.ID)
	default:
		err = a.deliver(ctx, one)
	}
	if err != nil && !errors.Is(err, errNothing) && !errors.Is(err, ErrNoAlert) && ctx.Err() == nil {
		a.o.Log.Warn("an alert was not changed, and is tried again", "alert", one.ID, "err", err)
	}
}

// late is what becomes of an alert whose deadline is over.
func (a *Alerts) late(ctx context.Context, id string) error {
	_, err := a.change(ctx, id, func(one *Alert) error {
		now := a.o.Now()
		switch {
		case now.Before(one.Until), one.Answering != nil:
			return errNothing
		case one.State == AlertSent:
			one.to(AlertExpired, now, time.Time{})
		case one.State == AlertSending: // its process is gone: the customer may have it
			one.sent(now)
		case one.State == AlertWaiting:
			one.to(AlertUnsent, now, time.Time{})
		default:
			return errNothing
		}
		return nil
	})
	return err
}

// deliver sends an alert. That it is being sent is written first, so that no two processes do.
func (a *Alerts) deliver(ctx context.Context, one Alert) error {
	customer, _, err := a.customer(ctx, one.Customer)
	if err != nil {
		return err
	}
	wanted := customer.OptedOut.IsZero()
	one, err = a.change(ctx, one.ID, func(one *Alert) error {
		now := a.o.Now()
		switch {
		case one.State != AlertWaiting || now.Before(one.From):
			return errNothing
		case wanted:
			one.to(AlertSending, now, now.Add(sendingFor))
		default:
			one.to(AlertUnsent, now, time.Time{})
		}
		return nil
	})
	if err != nil || !wanted {
		return err
	}
	ctx = context.WithoutCancel(ctx) // what was begun is ended, and written down
	trying, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	failed := a.o.Deliver(trying, one)
	_, err = a.change(ctx, one.ID, func(one *Alert) error {
		now := a.o.Now()
		switch {
		case one.State != AlertSending:
			return errNothing // answered meanwhile
		case failed == nil, errors.Is(failed, context.DeadlineExceeded): // then they may have it
			one.sent(now)
		default:
			one.Tries++
			if errors.Is(failed, ErrNoWay) || one.Tries >= MostAlertTries {
				one.to(AlertUnsent, now, time.Time{})
				return nil
			}
			from := a.o.Windows().nextOpen(now.Add(AlertRetryAfter))
			one.to(AlertWaiting, now, from.Add(AlertFor))
			one.From = from.UTC()
		}
		return nil
	})
	if failed != nil {
		a.o.Log.Warn("an alert was not sent", "alert", one.ID, "err", failed)
	}
	return err
}
