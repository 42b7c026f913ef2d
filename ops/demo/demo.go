// Package demo answers "what does Countersign do, all of it at once?": customers of a sample bank call a real service.
// It plays the callers, the bank's CRM and its gateway for text messages, and sums up the calls' events from NATS. It
// starts no service itself: Options.Start does.
package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"log/slog"
	"sync"
	"time"

	"countersign/backend"
	"countersign/bus"
	"countersign/freeswitch/sim"
	"countersign/session/guard"
	"countersign/store/customers"
)

// How long the demo waits for its own parts.
const (
	readyWithin  = 10 * time.Second
	finishWithin = 5 * time.Second // for running calls when the demo ends
	drainWithin  = 5 * time.Second
	settleWithin = 10 * time.Second // for the last events to come back from NATS
)

// Options configure the demo.
type Options struct {
	// Start starts the service with these settings, on free ports of this machine.
	Start func(context.Context, Settings) (*Service, error)
	// OpenCustomers opens the service's local customers before it starts. It is not called with CRM.
	OpenCustomers func(context.Context) (*customers.Directory, error)
	// CRM keeps the customers in a small CRM over HTTP, in place of the local directory.
	CRM bool
	// Agents are the extensions of agents who take the calls, such as 1001. None: nobody does, and callers hang up.
	Agents []string

	// Callers is how many calls run at a time, Speed how many times faster than real time.
	Callers int
	Speed   float64
	// For is how long calls come in; 0: until the context ends.
	For time.Duration
	Log *slog.Logger

	// Progress, for people. These are never called concurrently, and each may be nil.

	// Ready is called just before the first call.
	Ready func(Addresses)
	// Called is called after each call.
	Called func(Call)
	// Ending is called when no more calls come in. Running calls have 5 s to finish; hangUp ends them at once. ctx ends
	// with the last call.
	Ending func(ctx context.Context, hangUp func())
}

// Settings are the settings that the demo needs in the service.
type Settings struct {
	// Backend is the CRM; without a URL the service keeps its own setting.
	Backend backend.Settings
	// SMS is the URL of the gateway for text messages.
	SMS string
	// FreeSWITCH is the event socket of the simulated FreeSWITCH, HOST:PORT; empty without agents.
	FreeSWITCH, FreeSWITCHPassword string
}

// Service is a running service.
type Service struct {
	// Socket is where it takes calls, NATS where it publishes their events.
	Socket string
	NATS   bus.Endpoint
	State  *bus.State
	// LinesInForce is the number of lines in force besides the built-in one.
	LinesInForce func() int
	// AwaitNATS returns when NATS accepts events.
	AwaitNATS func(context.Context) error
	// Screens is where the screens are.
	Screens string
	// PageOf makes a link to a customer's own page; nil: there are none.
	PageOf func(ctx context.Context, customer string) (string, error)
	// Drain ends the calls and publishes their events. Close ends everything else.
	Drain func(context.Context) error
	Close func() error
}

// Addresses are where the parts of the demo can be reached.
type Addresses struct {
	Socket, NATS, SMS, Screens string
	// Page is a link to a customer's own page, good once.
	Page string
	// Customer is the URL of one customer in the CRM; empty without CRM.
	Customer string
}

// AllowRepeats loosens the limits for the demo, in which the same few callers call again and again.
func AllowRepeats(r *guard.Rules) {
	r.Sends, r.SendsApart, r.SendsPerDay = 5, time.Second, 100
	r.CallerSteps, r.CallerStepsWithin = 10, time.Minute
	r.CallerNames, r.CallerNamesWithin = 4, time.Minute
	r.Anonymous = 10_000
}

// pageOf is the sample customer whose page the demo shows.
const pageOf = "C-1002"

// Run has sample callers call until For is over or ctx ends, and sums up their calls. An error after the first call
// comes with a summary.
func Run(ctx context.Context, o Options) (sum *Summary, err error) {
	samples, err := sampleCustomers()
	if err != nil {
		return nil, err
	}
	var settings Settings
	addresses := Addresses{}
	if o.CRM {
		crm, err := startCRM()
		if err != nil {
			return nil, err
		}
		defer func() { _ = crm.close() }()
		settings.Backend = crmSettings(crm.url)
		addresses.Customer = crm.url + "/customers?kind=account&value=100042"
	} else if err := importCustomers(ctx, o); err != nil {
		return nil, err
	}
	sms, err := startSMSCatcher()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sms.close()) }()
	settings.SMS = sms.url + "/messages"
	var desk *sim.Desk
	if len(o.Agents) > 0 {
		desk = sim.NewDesk(deskOptions(o.Agents))
		at, err := desk.Listen("127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer desk.Close()
		settings.FreeSWITCH, settings.FreeSWITCHPassword = at.String(), eventSocketPassword
	}
	s, err := o.Start(ctx, settings)
	if err != nil {
		return nil, err
	}
	addresses.Socket, addresses.NATS, addresses.SMS = s.Socket, s.NATS.URL(), settings.SMS
	addresses.Screens = s.Screens
	d := &demo{options: o, service: s, sms: sms, desk: desk, calls: newTally(), samples: samples}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, within(drainWithin, s.Drain), s.Close())
	}
	if s.PageOf != nil {
		if addresses.Page, err = s.PageOf(ctx, pageOf); err != nil {
			o.Log.Error("no link to a customer's page", "err", err)
		}
	}
	if o.Ready != nil {
		o.Ready(addresses)
	}
	return d.run(ctx)
}

func importCustomers(ctx context.Context, o Options) (err error) {
	d, err := o.OpenCustomers(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	rows, err := allCustomers()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return err
	}
	_, err = d.Import(ctx, &text, customers.ImportOptions{})
	return err
}

// demo is a running demo.
type demo struct {
	options Options
	service *Service
	sms     *smsCatcher
	desk    *sim.Desk // nil without agents
	calls   *tally
	samples map[string]customer // who call in the first round, by account
	telling sync.Mutex          // held during Called and Ending
}

// prepare puts the example lines in force and waits for NATS, so that the first call runs like all others.
func (d *demo) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := putLinesInForce(ctx, d.service); err != nil {
		return err
	}
	if err := d.service.AwaitNATS(ctx); err != nil {
		return err
	}
	return d.awaitWatched(ctx)
}

// run makes the calls, ends the service, and sums up the events.
func (d *demo) run(ctx context.Context) (*Summary, error) {
	watching, stopWatching := context.WithCancel(context.Background())
	watched := make(chan error, 1)
	started := time.Now()
	go func() {
		o := bus.WatchOptions{Since: started, Log: d.options.Log}
		watched <- bus.Watch(watching, d.service.NATS, o, d.calls.saw)
	}()
	err := d.ring(ctx)
	err = errors.Join(err, within(drainWithin, d.service.Drain))
	err = errors.Join(err, within(settleWithin, d.calls.settle))
	stopWatching()
	err = errors.Join(err, <-watched, d.service.Close())
	sum := d.calls.summary()
	sum.Seconds = time.Since(started).Seconds()
	return &sum, err
}

// within calls do with a context that does not end with the demo's own.
func within(d time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return do(ctx)
}
