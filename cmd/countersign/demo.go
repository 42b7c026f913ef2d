package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/freeswitch/sim"
	"countersign/session/event"
	"countersign/store/customers"
)

//go:embed sample_customers.csv
var sampleCustomers []byte

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "all of it at once: a sample bank, simulated callers, embedded NATS and SQLite",
		Description: "Runs the real service on free ports of this machine, with a folder of its own that is removed at the end (unless --data names one),\n" +
			"and lets simulated callers ring it until Ctrl-C, or for the time of --for.",
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "for", Usage: "end by itself after `TIME`, such as 15s"},
			&cli.IntFlag{Name: "callers", Usage: "`N` callers at a time", Value: 6},
			&cli.Float64Flag{Name: "speed", Usage: "let the callers' time run `N` times as fast", Value: 4},
			&cli.BoolFlag{Name: "crm", Usage: "keep the customers in a small CRM that is asked over HTTP, in place of the local directory"},
			&cli.BoolFlag{Name: "json", Usage: "print only a summary, as JSON, at the end"},
		},
		Action: demo,
	}
}

func demo(c *cli.Context) (err error) {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	if c.Int("callers") < 1 || c.Float64("speed") <= 0 || c.IsSet("for") && c.Duration("for") <= 0 {
		return wrongUse("--callers, --speed and --for must be above 0")
	}
	cfg, cleanUp, err := demoConfig(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanUp()) }()
	screen := c.App.Writer
	if c.Bool("json") {
		screen = io.Discard
	}
	log := slog.New(slog.NewTextHandler(c.App.ErrWriter, &slog.HandlerOptions{Level: slog.LevelError}))
	customers := cfg.data
	if c.Bool("crm") {
		handler, err := sampleCRM()
		if err != nil {
			return err
		}
		crm, err := startDemoServer(handler)
		if err != nil {
			return err
		}
		defer func() { _ = crm.close() }()
		cfg.Backend = crmSettings(crm.url)
		customers = crm.url + "/customers?kind=account&value=100042"
	} else if err := importSample(c.Context, cfg, log); err != nil {
		return err
	}
	sms, err := startSMSCatcher()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sms.close()) }()
	cfg.SMS.URL = sms.url + "/messages"
	s, err := startService(c.Context, cfg, log)
	if err != nil {
		return err
	}
	if err := applyDemoLines(c.Context, s); err != nil {
		return errors.Join(err, s.close())
	}
	fmt.Fprintf(screen, `Countersign demo: a sample bank of 15 customers, %d callers at a time, %gx speed. Ctrl-C ends it.
  call it yourself   %s call --server %s --from +15551230001 --keys 246813#
  events             %s watch --nats %s
  lines              %s lines show --nats %s smartflows      (5100; bank is 5200)
  text messages      %s
  customers          %s
  reports            %s --data %s report summary      (funnel, failed, calls)

`, c.Int("callers"), c.Float64("speed"), invocation(), s.listener.Addr(), invocation(), s.endpoint.URL(), invocation(), s.endpoint.URL(), cfg.SMS.URL, customers, invocation(), cfg.data)
	d := &demonstration{screen: screen, sms: sms, ended: map[string]event.CallEnded{}, placed: map[string]sim.Result{}}
	watching, stopWatching := context.WithCancel(context.Background())
	watched := make(chan error, 1)
	if err := s.awaitNATS(c.Context); err != nil {
		stopWatching()
		return errors.Join(err, s.stop(c.Context))
	}
	go func() {
		watched <- bus.Watch(watching, s.endpoint, bus.WatchOptions{Since: time.Now(), Log: log}, d.saw)
	}()

	started := time.Now()
	err = d.call(c, s.listener.Addr().String())
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	err = errors.Join(err, s.drain(stopping))
	cancel()
	settling, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	err = errors.Join(err, d.settle(settling))
	cancel()
	stopWatching()
	err = errors.Join(err, <-watched, s.close())
	sum := d.summary()
	sum.Seconds = time.Since(started).Seconds()
	if c.Bool("json") {
		return errors.Join(err, json.NewEncoder(c.App.Writer).Encode(sum))
	}
	fmt.Fprintf(screen, "\n%d calls in %.0f s: %d verified, %d identified only, %d neither; %d of them hung up; %d lost. %d events on NATS.\n",
		sum.Calls, sum.Seconds, sum.Verified, sum.Identified, sum.Unidentified, sum.Abandoned, sum.Lost, sum.Events)
	return err
}

// invocation is how this program was started, for a reader to copy: "go run" leaves nothing on the PATH.
func invocation() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/countersign"
	}
	return os.Args[0]
}

// demoConfig is the default configuration on free ports, in a folder of its own.
func demoConfig(c *cli.Context) (cfg config, cleanUp func() error, err error) {
	if cfg, err = loadConfig(c); err != nil {
		return cfg, nil, err
	}
	// The same few callers ring again and again.
	cfg.Guard.Sends, cfg.Guard.SendsApart, cfg.Guard.SendsPerDay = 5, time.Second, 100
	cfg.Guard.CallerSteps, cfg.Guard.CallerStepsWithin = 10, time.Minute
	cfg.Guard.CallerNames, cfg.Guard.CallerNamesWithin = 4, time.Minute
	cfg.Socket.Listen, cfg.NATS.Listen, cfg.Web.Listen, cfg.NATS.URL = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", ""
	cleanUp = func() error { return nil }
	if !c.IsSet("data") {
		if cfg.data, err = os.MkdirTemp("", "countersign-demo-"); err != nil {
			return cfg, nil, fmt.Errorf("make a folder for the demo: %w", err)
		}
		cleanUp = func() error { return os.RemoveAll(cfg.data) }
	}
	return cfg, cleanUp, nil
}

func importSample(ctx context.Context, cfg config, log *slog.Logger) (err error) {
	d, err := openDirectory(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	_, err = d.Import(ctx, bytes.NewReader(sampleCustomers), customers.ImportOptions{})
	return err
}

// demonstration places calls and counts what the events say about them.
type demonstration struct {
	screen io.Writer
	sms    *smsCatcher

	mu     sync.Mutex
	placed map[string]sim.Result // by FreeSWITCH's id of the call
	ours   map[string]string     // FreeSWITCH's id to ours
	ended  map[string]event.CallEnded
	events int
}

// call lets callers ring until the time is over or somebody stops it, and returns when the last has ended.
func (d *demonstration) call(c *cli.Context, address string) error {
	phone, err := sim.New(sim.Options{Address: address, Speed: c.Float64("speed"), Engines: []string{"pocketsphinx"}})
	if err != nil {
		return err
	}
	ringing, stop := context.WithCancel(c.Context)
	if c.IsSet("for") {
		ringing, stop = context.WithTimeout(c.Context, c.Duration("for"))
	}
	defer stop()
	// Those who are on the line when the time is over may finish, if they are quick.
	talking, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	context.AfterFunc(ringing, func() {
		fmt.Fprintln(d.screen, "ending: those on the line may finish, for up to 5 s")
		time.AfterFunc(5*time.Second, hangUp)
		again, stop := signal.NotifyContext(talking, stopSignals...)
		context.AfterFunc(again, func() { stop(); hangUp() })
	})
	next := make(chan int)
	var lines sync.WaitGroup
	errs := make(chan error, c.Int("callers"))
	for range c.Int("callers") {
		lines.Go(func() {
			for n := range next {
				if err := d.one(talking, phone, pick(n)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for n := 0; ; n++ {
		select {
		case next <- n:
			continue
		case <-ringing.Done():
		case err := <-errs:
			stop()
			close(next)
			lines.Wait()
			return err
		}
		close(next)
		lines.Wait()
		return nil
	}
}

func (d *demonstration) one(ctx context.Context, phone *sim.Switch, who sampleCaller) error {
	r, err := phone.Call(ctx, sim.CallOptions{
		From: who.from, To: cmp.Or(who.to, "5000"), Withheld: who.withheld, Caller: d.caller(who),
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.placed[r.UUID] = r
	d.mu.Unlock()
	result := fmt.Sprintf("%-10s %s", r.Variables["cs_status"], r.Destination)
	if r.End != sim.Transferred {
		result = string(r.End)
	}
	fmt.Fprintf(d.screen, "%s  %-42s %5.1f s  %s\n", time.Now().Format("15:04:05"), who.who, r.Times.Call.Seconds(), result)
	return nil
}
