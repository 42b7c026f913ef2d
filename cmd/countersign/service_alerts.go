package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/backend/sms"
	"countersign/callback"
	"countersign/session"
	"countersign/web/customer"
)

// openAlerts lets the company ask customers to talk, if they are called back and have a page to answer on.
func (s *service) openAlerts() {
	if s.callbacks == nil || s.pages == nil {
		return
	}
	s.callbacks.alerts = callback.NewAlerts(callback.AlertOptions{
		Store: s.state.Customers(), Callbacks: s.callbacks.book,
		Windows: func() callback.Windows { return s.settings.get().Callbacks.windows() },
		Find: func(ctx context.Context, id string) (string, bool, error) {
			c, found, err := s.company.ByID(ctx, id)
			return c.Language, found, err
		},
		Deliver: s.pages.deliver, Publish: s.state.Publish, Source: session.Source(s.cfg.Node), Now: time.Now, Log: s.log,
	})
}

// deliver sends a customer the link by which they answer an alert.
func (c *customerPages) deliver(ctx context.Context, a callback.Alert) error {
	err := c.Send(ctx, customer.PageLink{Customer: a.Customer, Purpose: customer.ForAlert}, a.Language)
	if errors.Is(err, customer.ErrNoPhone) || errors.Is(err, errNoGateway) || errors.Is(err, sms.ErrNoText) ||
		errors.Is(err, sms.ErrCountry) {
		return fmt.Errorf("%w: %w", callback.ErrNoWay, err)
	}
	return err
}
