package main

import (
	"context"
	"errors"
	"log/slog"

	"countersign/backend/email"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/freeswitch"
	"countersign/lines"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/receipt"
	"countersign/steps"
)

// codeSenders are the ways to send one-time codes. unset has the setting of each way that is not configured.
type codeSenders struct {
	senders   map[event.Way]steps.Sender
	countries map[event.Way][]string
	unset     map[event.Way]string
	// box has the gateway's receipts, and taker puts them there; nil if there are none.
	box   *receipt.Box
	taker *sms.Receipts
	// gateway sends links; nil if there is none.
	gateway *sms.Gateway
}

// receipts is box, or nil.
func (c codeSenders) receipts() steps.Receipts {
	if c.taker == nil {
		return nil
	}
	return c.box
}

// openCodeSenders opens the ways that are configured. The others refuse every code, so that a line that uses them is in
// force: its callers get their code another way, or go to an agent.
func openCodeSenders(
	cfg config, audio freeswitch.DigitAudio, box *receipt.Box, log *slog.Logger, open *parts,
) (c codeSenders, err error) {
	c = codeSenders{
		senders:   lines.EveryWay(noSender{}),
		countries: map[event.Way][]string{event.WaySMS: cfg.SMS.Countries},
		unset:     map[event.Way]string{},
		box:       box,
	}
	if cfg.SMS.URL == "" {
		c.unset[event.WaySMS] = "sms.url"
	} else {
		gateway, err := sms.New(cfg.SMS, endpoint.Options{Log: log})
		if err != nil {
			return c, err
		}
		open.addQuiet(gateway.Close)
		c.senders[event.WaySMS], c.gateway = gateway, gateway
		if cfg.SMS.Receipts.Reference != "" {
			c.taker = sms.NewReceipts(cfg.SMS.Receipts, box, log)
		}
	}
	if cfg.CodeCalls.Dial == "" {
		c.unset[event.WayCall] = "code_calls.dial"
	} else {
		calls, err := freeswitch.NewCodeCalls(freeswitch.CodeCallOptions{
			CodeCallSettings: cfg.CodeCalls.settings(), Servers: cfg.eventSockets(), Audio: audio, Log: log,
		})
		if err != nil {
			return c, err
		}
		open.addQuiet(calls.Close)
		c.senders[event.WayCall], c.countries[event.WayCall] = calls, cfg.CodeCalls.Countries
	}
	if cfg.Email.Server.Server == "" {
		c.unset[event.WayEmail] = "email.server"
	} else if c.senders[event.WayEmail], err = email.New(cfg.Email); err != nil {
		return c, err
	}
	return c, nil
}

// noSender is a way that is not configured.
type noSender struct{}

func (noSender) Send(context.Context, session.Message) error {
	return errors.New("this way is not configured")
}
