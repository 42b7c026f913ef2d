// Package demo answers "what does Countersign do, all of it at once?": a sample bank whose customers ring a real
// service. It says who they are and what they key, gives the bank a CRM and a gateway for text messages, and counts
// what NATS says about their calls. It starts no service itself: Options.Start does.
package demo

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"sync"
	"time"

	"countersign/backend"
	"countersign/bus"
	"countersign/session/guard"
	"countersign/store/customers"
)

// Customers are the customers of the sample bank, as CSV to import.
//
//go:embed sample_customers.csv
var Customers []byte

// How long the demo waits for its own parts.
const (
	readyWithin  = 10 * time.Second
	finishWithin = 5 * time.Second // for those on the line when it ends
	drainWithin  = 5 * time.Second
	settleWithin = 10 * time.Second // for the last events to come back from NATS
)

// Options say how the demo runs.
type Options struct {
	// Start starts the service with these settings, on free ports of this machine.
	Start func(context.Context, Settings) (*Service, error)
	// OpenCustomers opens the service's local customers before it starts. It is not called with CRM.
	OpenCustomers func(context.Context) (*customers.Directory, error)
	// CRM keeps the customers in a small CRM that is asked over HTTP, in place of the local directory.
	CRM bool

	// Callers is how many ring at a time, Speed how fast their time runs.
	Callers int
	Speed   float64
	// For is how long callers ring; 0: until the context ends.
	For time.Duration
	Log *slog.Logger

	// What happens, for people. None is called at the same time as another one, and each may be nil.

	// Ready is called when the first caller is about to ring.
	Ready func(Addresses)
	// Called is called after each call.
	Called func(Call)
	// Ending is called when nobody rings any more. Those on the line have 5 s to finish; hangUp ends their calls at
	// once. ctx ends with the last call.
	Ending func(ctx context.Context, hangUp func())
}

// Settings are what the demo needs of a service's settings.
type Settings struct {
	// Backend is the CRM; without a URL the service's own setting stands.
	Backend backend.Settings
	// SMS is the URL of the gateway for text messages.
	SMS string
}

// Service is a service that runs.
type Service struct {
	// Socket is where it takes calls, NATS where it publishes their events.
	Socket string
	NATS   bus.Endpoint
	State  *bus.State
	// LinesInForce is how many lines calls can meet, beside the built-in one.
	LinesInForce func() int
	// AwaitNATS returns when NATS takes events.
	AwaitNATS func(context.Context) error
	// Drain ends the calls and gives their events to NATS. Close ends everything else.
	Drain func(context.Context) error
	Close func() error
}

// Addresses are where the parts of the demo can be reached.
type Addresses struct {
	Socket, NATS, SMS string
	// Customer is the URL of one customer in the CRM; empty without CRM.
	Customer string
}

// AllowRepeats bounds attempts and sends as the demo needs it: the same few callers ring again and again.
func AllowRepeats(r *guard.Rules) {
	r.Sends, r.SendsApart, r.SendsPerDay = 5, time.Second, 100
	r.CallerSteps, r.CallerStepsWithin = 10, time.Minute
	r.CallerNames, r.CallerNamesWithin = 4, time.Minute
}

// Run lets sample callers ring until For is over or ctx ends, and says what became of their calls. With an error of its
// later parts there is a summary all the same.
func Run(ctx context.Context, o Options) (sum *Summary, err error) {
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
	s, err := o.Start(ctx, settings)
	if err != nil {
		return nil, err
	}
	addresses.Socket, addresses.NATS, addresses.SMS = s.Socket, s.NATS.URL(), settings.SMS
	d := &demo{options: o, service: s, sms: sms, calls: newTally()}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, within(drainWithin, s.Drain), s.Close())
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
	_, err = d.Import(ctx, bytes.NewReader(Customers), customers.ImportOptions{})
	return err
}

// demo is a demo that runs.
type demo struct {
	options Options
	service *Service
	sms     *smsCatcher
	calls   *tally
	telling sync.Mutex // one of Called and Ending at a time
}

// prepare puts the example lines in force and waits for NATS: the first caller meets what the last one does.
func (d *demo) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := putLinesInForce(ctx, d.service); err != nil {
		return err
	}
	return d.service.AwaitNATS(ctx)
}

// run takes calls, ends the service, and counts what NATS said.
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

// within bounds what has to be done although the demo's own context may have ended.
func within(d time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return do(ctx)
}
