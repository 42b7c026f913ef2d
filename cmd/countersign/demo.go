package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/freeswitch/sim"
	"countersign/ops/demo"
	"countersign/session/event"
	"countersign/store/customers"
	"countersign/web/customer"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "run everything at once: a sample bank, simulated callers, embedded NATS and SQLite",
		Description: "Runs the real service on free ports of this machine, in a temporary folder unless --data names " +
			"an empty one, and lets\n" +
			"simulated callers ring it until Ctrl-C, or for the time of --for. It takes no settings and nothing from the " +
			"environment.",
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "for", Usage: "stop after `TIME`, such as 15s"},
			&cli.IntFlag{Name: "callers", Usage: "`N` callers at a time", Value: 6},
			&cli.Float64Flag{Name: "speed", Usage: "run the callers' time `N` times as fast", Value: 4},
			&cli.IntFlag{Name: "agents", Usage: "`N` agents take the calls, 1001 and so on; 0: nobody does", Value: 4},
			&cli.BoolFlag{
				Name:  "crm",
				Usage: "keep the customers in a small CRM that is asked over HTTP, instead of the local directory",
			},
			&cli.BoolFlag{Name: "json", Usage: "print only a summary, as JSON, at the end"},
		},
		Action: runDemo,
	}
}

func runDemo(c *cli.Context) (err error) {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	if c.Int("callers") < 1 || c.Float64("speed") <= 0 || c.IsSet("for") && c.Duration("for") <= 0 {
		return wrongUse("--callers, --speed and --for must be above 0")
	}
	if n := c.Int("agents"); n < 0 || n > mostAgents {
		return wrongUse("--agents %d: it must be from 0 to %d", n, mostAgents)
	}
	if c.IsSet("config") {
		return wrongUse("the demo has settings of its own: leave out --config")
	}
	data, closeFolder, err := demo.OpenFolder(c.String("data"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFolder()) }()
	cfg := demoConfig(data)
	sum, err := demo.Run(c.Context, demoOptions(c, cfg))
	switch {
	case sum == nil:
		return err
	case c.Bool("json"):
		return errors.Join(err, json.NewEncoder(c.App.Writer).Encode(sum))
	}
	fmt.Fprintf(c.App.Writer, "\n%d calls in %.0f s: %d verified, %d identified only, %d neither; %d of them hung up; "+
		"%d lost. Agents took %d and missed %d. %d events on NATS.\n",
		sum.Calls, sum.Seconds, sum.Verified, sum.Identified, sum.Unidentified, sum.Abandoned, sum.Lost, sum.Answered,
		sum.Missed, sum.Events)
	return err
}

// mostAgents is how many agents a demo may have, firstAgent the extension of the first.
const mostAgents, firstAgent = 500, 1001

// extensions are those of the demo's agents.
func extensions(n int) (all []string) {
	for i := range n {
		all = append(all, strconv.Itoa(firstAgent+i))
	}
	return all
}

// demoConfig is the default configuration on free ports.
func demoConfig(data string) config {
	cfg := defaults()
	cfg.data, cfg.demo = data, demoVisitors()
	demo.AllowRepeats(&cfg.Guard)
	cfg.Customers.Hash, cfg.Customers.Brand = customers.SchemeHMAC, "Sample Bank" // everybody knows these PINs, and argon2id of all would take a minute of CPU
	cfg.exchange, cfg.Callbacks.Dial, cfg.Callbacks.Line = demo.NewExchange(), "demo/{digits}", "bank"
	cfg.Callbacks.Hours.Open = "00:00-24:00"
	cfg.Socket.Listen, cfg.NATS.Listen, cfg.Web.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return cfg
}

func demoOptions(c *cli.Context, cfg config) demo.Options {
	log := slog.New(slog.NewTextHandler(c.App.ErrWriter, &slog.HandlerOptions{Level: slog.LevelError}))
	screen := c.App.Writer
	if c.Bool("json") {
		screen = io.Discard
	}
	return demo.Options{
		Start: func(ctx context.Context, with demo.Settings) (*demo.Service, error) {
			cfg := cfg
			cfg.SMS.URL = with.SMS
			if with.FreeSWITCH != "" {
				cfg.FreeSWITCH = []freeswitchServer{{Address: with.FreeSWITCH, Password: with.FreeSWITCHPassword}}
			}
			if with.Backend.URL != "" {
				cfg.Backend = with.Backend
			}
			return startForDemo(ctx, cfg, log)
		},
		OpenCustomers: func(ctx context.Context) (*customers.Directory, error) { return openDirectory(ctx, cfg, log) },
		CRM:           c.Bool("crm"), Agents: extensions(c.Int("agents")),
		Callers: c.Int("callers"), Speed: c.Float64("speed"), For: c.Duration("for"), Log: log,
		Ready:  func(a demo.Addresses) { printWhereDemoIs(screen, c.Int("callers"), c.Float64("speed"), cfg.data, a) },
		Called: func(call demo.Call) { printCall(screen, call) },
		Ending: func(ctx context.Context, hangUp func()) {
			fmt.Fprintln(screen, "ending: running calls may finish, for up to 5 s")
			again, stop := signal.NotifyContext(ctx, stopSignals...)
			context.AfterFunc(again, func() { stop(); hangUp() })
		},
	}
}

func startForDemo(ctx context.Context, cfg config, log *slog.Logger) (*demo.Service, error) {
	s, err := startService(ctx, newSettings(cfg), io.Discard, log)
	if err != nil {
		return nil, err
	}
	return &demo.Service{
		Socket: s.listener.Addr().String(), NATS: s.endpoint, State: s.state,
		LinesInForce: func() int { return len(s.lines.All()) },
		AwaitNATS: func(ctx context.Context) error {
			return errors.Join(s.awaitNATS(ctx), s.addVisitors(ctx))
		},
		Drain: s.drain, Close: s.close, Screens: s.demoURL(),
		PageOf: func(ctx context.Context, id string) (string, error) {
			return s.pages.Make(ctx, customer.PageLink{Customer: id, Purpose: customer.ForPage}, demoLinkLife)
		},
	}, nil
}

// demoLinkLife is how long the link to a customer's page is good that a demo prints.
const demoLinkLife = 12 * time.Hour

func printWhereDemoIs(screen io.Writer, callers int, speed float64, data string, a demo.Addresses) {
	us := invocation()
	customers := fmt.Sprintf("%s customers list --data %s", us, data)
	if a.Customer != "" {
		customers = a.Customer
	}
	fmt.Fprintf(screen, "Countersign demo: a sample bank, %d callers at a time, who are %g times as fast as people. "+
		`Ctrl-C ends it.
  screens            %s
  call it yourself   %s call --server %s --from +15551230001 --keys 246813#
  events             %s watch --data %s --nats %s
  lines              %s lines list --data %s --nats %s
  text messages      %s
  customers          %s
  a customer's page  %s      (good once)
  reports            %s report summary --data %s      (funnel, failed, calls)

`, callers, speed, a.Screens, us, a.Socket, us, data, a.NATS, us, data, a.NATS, a.SMS, customers, a.Page, us, data)
}

// printCall prints a call as it ended: when, who, after how long, with which result and why.
func printCall(screen io.Writer, call demo.Call) {
	why := strings.ReplaceAll(call.Variables["cs_reason"], "_", " ")
	if why == string(event.ReasonOK) {
		why = ""
	}
	status := call.Variables["cs_status"]
	result := painterFor(screen).paint(statusColours[event.Status(status)], fmt.Sprintf("%-10s", status)) +
		fmt.Sprintf("  %-12s  %s", why, call.Destination)
	if call.End != sim.Transferred {
		result = string(call.End)
	}
	if call.Agent != "" {
		result += "  answered by " + call.Agent
	}
	fmt.Fprintf(screen, "%s  %-40s %5.1f s  %s\n",
		time.Now().Format(time.TimeOnly), call.Who, call.Times.Total.Seconds(), result)
}

// invocation is how this program was started, for a reader to copy: "go run" leaves nothing on the PATH.
func invocation() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/countersign"
	}
	return os.Args[0]
}
