package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/internal/wholefile"
	"countersign/lines"
	"countersign/ops/bench"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "find out how many calls this machine takes",
		Description: "Starts a service of its own with made-up customers in a temporary folder, plays FreeSWITCH and callers, " +
			"and raises the calls\n" +
			"a second until callers fail or wait. It takes customers.hash, guard, calls, keys, line.region and socket.max_calls " +
			"from --config,\n" +
			"and a line from --line; your data, NATS, CRM, gateways, mail, webhooks and FreeSWITCH are not touched.\n" +
			"With --server it calls a running test system instead, which needs the customers of --print-customers.",
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "for", Usage: "end after `TIME`", Value: 2 * time.Minute},
			&cli.DurationFlag{Name: "step", Usage: "hold each rate for `TIME`", Value: 5 * time.Second},
			&cli.Float64Flag{Name: "start", Usage: "begin with `N` calls a second", Value: 10},
			&cli.Float64Flag{Name: "most", Usage: "try at most `N` calls a second; as many as --start: hold them once", Value: 5000},
			&cli.Float64Flag{Name: "speed", Usage: "callers are `N` times as fast as people, prompts with them; below 1, more calls are there at once", Value: 4},
			&cli.DurationFlag{
				Name: "reaction", Usage: "a rate holds while 99 of 100 reactions take at most `TIME`", Value: bench.DefaultLimits().Reaction,
			},
			&cli.StringFlag{Name: "line", Usage: "call this line, a `FILE` as for lines apply; default: the built-in one"},
			&cli.StringFlag{
				Name: "folder", Usage: "make the temporary folder in `DIR`, on the disk that is to be measured", DefaultText: os.TempDir(),
			},
			&cli.StringFlag{Name: "report", Usage: "write a report to `FILE` (Markdown)"},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON"},
			&cli.StringFlag{Name: "server", Usage: "call the service at `HOST:PORT`, with --test-system"},
			&cli.BoolFlag{
				Name:  "test-system",
				Usage: "the service of --server is for tests: it gets thousands of calls, which stay in its journal and reports",
			},
			&cli.StringFlag{Name: "metrics", Usage: "`URL` of the metrics of --server, for CPU and memory: http://HOST:9484/metrics"},
			&cli.StringFlag{Name: "to", Usage: "dial this `NUMBER`", Value: "5000"},
			&cli.IntFlag{Name: "customers", Usage: "`N` made-up customers", DefaultText: "by the machine"},
			&cli.BoolFlag{Name: "print-customers", Usage: "print the made-up customers, for customers import on a test system, and end"},
		},
		Action: runBench,
	}
}

// customersElsewhere is how many made-up customers a test system has.
const customersElsewhere = 5000

func runBench(c *cli.Context) error {
	if err := checkBench(c); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	def, text, err := benchLine(c.String("line"))
	if err != nil {
		return err
	}
	script, err := bench.NewScript(def)
	if err != nil {
		return err
	}
	if c.Bool("print-customers") {
		n := c.Int("customers")
		if n == 0 {
			n = customersElsewhere
		}
		return script.WriteCustomers(c.App.Writer, n)
	}
	o := benchOptions(c, script)
	report := &bench.Report{
		At: time.Now(), Version: thisBuild().Version, Line: script.Line(), Speed: c.Float64("speed"),
		Limits: o.Limits, ReactionMS: float64(o.Limits.Reaction.Milliseconds()), BehindS: o.Limits.Behind.Seconds(),
	}
	if c.IsSet("server") {
		err = benchElsewhere(c, o, report)
	} else {
		err = benchHere(c, cfg, o, text, report)
	}
	if err != nil {
		return err
	}
	return tellBench(c, report)
}

func checkBench(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	for _, name := range []string{"for", "step", "reaction"} {
		if c.Duration(name) <= 0 {
			return wrongUse("--%s must be above 0", name)
		}
	}
	switch n := c.Int("customers"); {
	case c.Float64("speed") < 0.05 || c.Float64("speed") > 100:
		return wrongUse("--speed %v: it must be from 0.05 to 100", c.Float64("speed"))
	case c.Float64("start") < 0.5 || c.Float64("most") < c.Float64("start"):
		return wrongUse("--start must be at least 0.5, and --most at least as much")
	case c.IsSet("customers") && (n < 1 || n > 1_000_000):
		return wrongUse("--customers %d: it must be from 1 to 1,000,000", n)
	case c.IsSet("server") != c.Bool("test-system"):
		return wrongUse("--server and --test-system go together: bench makes thousands of calls, which a system in use must " +
			"not get. Without both it starts a service of its own")
	case c.IsSet("metrics") && !c.IsSet("server"):
		return wrongUse("--metrics is that of --server")
	}
	return nil
}

// benchLine reads the line that is called. text is empty for the built-in one, which needs nothing.
func benchLine(file string) (def *lines.Definition, text []byte, err error) {
	if file == "" {
		def, _ := lines.Default()
		return def, nil, nil
	}
	if text, err = os.ReadFile(file); err != nil {
		return nil, nil, err
	}
	def, err = lines.Parse(file, text)
	return def, text, err
}

func benchOptions(c *cli.Context, script *bench.Script) bench.Options {
	screen := c.App.Writer
	if c.Bool("json") {
		screen = c.App.ErrWriter
	}
	o := bench.Options{
		Script: script, To: c.String("to"), Speed: c.Float64("speed"), Start: c.Float64("start"), Most: c.Float64("most"),
		For: c.Duration("for"), Step: c.Duration("step"), Limits: bench.DefaultLimits(),
		Stepped: func(s bench.Step) { printStep(screen, s) },
	}
	o.Limits.Reaction = c.Duration("reaction")
	return o
}

// benchElsewhere calls a test system.
func benchElsewhere(c *cli.Context, o bench.Options, report *bench.Report) (err error) {
	o.Server = bench.Server{Address: c.String("server"), Metrics: c.String("metrics")}
	if o.Customers = c.Int("customers"); o.Customers == 0 {
		o.Customers = customersElsewhere
	}
	report.Server, report.Customers = o.Server.Address, o.Customers
	if report.Machine, err = bench.LookAt(os.TempDir()); err != nil {
		return err
	}
	r, err := bench.Run(c.Context, o)
	if errors.Is(err, bench.ErrNotVerified) {
		return fmt.Errorf("%w. The test system needs the made-up customers: countersign bench --print-customers > bench.csv here, and "+
			"countersign customers import bench.csv there", err)
	}
	if err != nil {
		return err
	}
	report.Result = *r
	return nil
}

// benchHere calls a service of its own.
func benchHere(c *cli.Context, cfg config, o bench.Options, line []byte, report *bench.Report) (err error) {
	screen := c.App.Writer
	if c.Bool("json") {
		screen = c.App.ErrWriter
	}
	if o.Customers = c.Int("customers"); o.Customers == 0 {
		o.Customers = bench.CustomersFor(cfg.Customers.Hash)
	}
	fmt.Fprintf(screen, "starting a service of its own with %d made-up customers, PINs as %s\n", o.Customers, cfg.Customers.Hash)
	s, err := startBenchService(c, cfg, o, line)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if report.Machine, err = bench.LookAt(s.folder); err != nil {
		return err
	}
	o.Server = bench.Server{Address: s.address, Metrics: s.metrics, Here: true}
	report.Customers, report.Settings = o.Customers, benchSettings(cfg)
	r, err := bench.Run(c.Context, o)
	if err != nil {
		return s.explain(err)
	}
	report.Result = *r
	return nil
}

// benchSettings are those that decide how many calls a machine takes.
func benchSettings(cfg config) map[string]string {
	return map[string]string{
		"customers.hash": cfg.Customers.Hash, "socket.max_calls": strconv.Itoa(cfg.Socket.MaxCalls), "nats": "embedded",
	}
}

func printStep(to io.Writer, s bench.Step) {
	held := "holds"
	if len(s.Bent) > 0 {
		held = "does not hold: " + s.Bent[0]
	}
	fmt.Fprintf(to, "%7.1f calls/s  %5d at once  %5d of %5d verified  reaction p50 %4.0f p99 %5.0f ms  CPU %3.0f %% + %3.0f %% callers  %s\n",
		s.Rate, s.AtOnce, s.Verified, s.Calls, s.Reaction.P50, s.Reaction.P99, 100*s.ServerShare, 100*s.GeneratorShare, held)
}

func tellBench(c *cli.Context, report *bench.Report) error {
	if file := c.String("report"); file != "" {
		if err := wholefile.Replace(file, report.WriteMarkdown); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(report)
	}
	fmt.Fprintf(c.App.Writer, "\n%s\nFirst limit: %s %s\n%s\n", report.Verdict(), report.Limit.What, report.Limit.Advice,
		report.Generator())
	return nil
}

// benchDirectory fills the customers of a service that does not run yet, as they would be after a while: each PIN as
// customers.hash has it.
func benchDirectory(ctx context.Context, cfg config, o bench.Options) (err error) {
	d, err := openDirectory(ctx, cfg, discardLog())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return bench.Fill(ctx, d, o.Script, o.Customers)
}
