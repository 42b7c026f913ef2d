package main

import (
	"context"
	"log/slog"
	"net/url"
	"sync/atomic"

	"countersign/freeswitch"
	"countersign/lines"
	"countersign/session"
	"countersign/session/receipt"
	"countersign/steps"
	"countersign/store/customers"
)

// company is what calls need of the company's own systems: its customers, and the ways to send codes. A reload makes a
// new one; calls that run keep theirs.
type company struct {
	customers steps.Directory
	codes     codeSenders
	// close closes idle connections.
	close func()
}

// companyParts are what a company is made of besides the settings.
type companyParts struct {
	directory *customers.Directory
	audio     freeswitch.DigitAudio
	box       *receipt.Box
	insight   insight
	log       *slog.Logger
}

// openCompany opens the company's systems of the settings. It asks none of them anything.
func openCompany(cfg config, o companyParts) (c *company, err error) {
	var open parts
	c = &company{close: func() { _ = open.close() }}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.customers, err = openCustomers(cfg, o.directory, o.insight.of("crm", o.log), &open); err != nil {
		return nil, err
	}
	if c.codes, err = openCodeSenders(cfg, o, &open); err != nil {
		return nil, err
	}
	return c, nil
}

// companyNow is the company of the settings in force.
type companyNow struct{ now atomic.Pointer[company] }

// set replaces the company.
func (c *companyNow) set(next *company) {
	if before := c.now.Swap(next); before != nil {
		before.close()
	}
}

func (c *companyNow) get() *company { return c.now.Load() }

// ByID is that of steps.Directory.
func (c *companyNow) ByID(ctx context.Context, id string) (session.Customer, bool, error) {
	return c.get().customers.ByID(ctx, id)
}

// Phones is that of steps.Directory.
func (c *companyNow) Phones(ctx context.Context, customer string) ([]session.Phone, error) {
	return c.get().customers.Phones(ctx, customer)
}

// Take implements web.TakesReceipts.
func (c *companyNow) Take(
	ctx context.Context, contentType string, body []byte, query url.Values,
) (taken, ignored int, err error) {
	taker := c.get().codes.taker
	if taker == nil {
		return 0, 0, receipt.ErrNotTaken
	}
	return taker.Take(ctx, contentType, body, query)
}

// lineParts are what lines are compiled with.
func (s *service) lineParts(cfg config, c *company) lines.Parts {
	p := lines.Parts{
		Directory: c.customers, Sends: s.attempts, Senders: c.codes.senders, Once: s.attempts,
		Countries: c.codes.countries, Receipts: c.codes.receipts(),
		Region: cfg.Line.Region, PopURL: cfg.Line.PopURL,
	}
	if s.waits != nil {
		p.Waits = s.waits
	}
	if s.pages != nil && c.codes.gateway != nil {
		p.AppLinks = s.pages.asks()
	}
	return p
}
