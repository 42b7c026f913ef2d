package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/backend/endpoint"
	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/session/event"
	"countersign/store/audit"
)

func webhooksCommand() *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "one JSON object per line"}
	return &cli.Command{
		Name: "webhooks", Usage: "see what systems are told over HTTP, and try them",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the webhooks of the settings, and how they do",
				Flags: []cli.Flag{natsFlag(), asJSON}, Action: webhooksList,
			},
			{
				Name: "failed", Usage: "list the calls whose events could not be delivered", ArgsUsage: "NAME",
				Flags: []cli.Flag{natsFlag(), asJSON}, Action: webhooksFailed,
			},
			{
				Name: "retry", Usage: "try again now what could not be delivered, even what was given up", ArgsUsage: "NAME",
				Flags: []cli.Flag{
					natsFlag(), authorFlag(), &cli.StringFlag{Name: "call", Usage: "only the events of `CALL`"},
				},
				Action: webhooksRetry,
			},
			{
				Name: "test", Usage: "try the settings on the system, and print its answer", ArgsUsage: "NAME",
				Description: "A plain webhook gets a made-up event verified, marked with the call and the replay webhook-test. " +
					"Zammad is told that a call\nended that it does not know, Chatwoot is asked for a contact that does not exist. " +
					"Nothing of it stays there.",
				Action: webhooksTest,
			},
		},
	}
}

// webhookNamed returns the settings of the webhook that is named by the only argument.
func webhookNamed(c *cli.Context) (cfg config, name string, err error) {
	if err := arguments(c, 1, "one argument, the webhook's name"); err != nil {
		return cfg, "", err
	}
	if cfg, err = loadConfig(c); err != nil {
		return cfg, "", err
	}
	name = c.Args().First()
	if _, found := cfg.Webhooks[name]; !found {
		return cfg, "", fmt.Errorf("there is no webhook %q in the settings: there are %s", name,
			joinWords(slices.Sorted(maps.Keys(cfg.Webhooks))))
	}
	return cfg, name, nil
}

// askWebhooks reads how webhooks do.
func askWebhooks(c *cli.Context, cfg config, names []string) (all []webhook.Status, err error) {
	err = withState(c, cfg, func(ctx context.Context, s *bus.State) error {
		at, err := natsEndpoint(c, cfg)
		if err != nil {
			return err
		}
		events, err := bus.OpenEvents(at, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer events.Close()
		end, err := awaitEnd(ctx, events)
		if err != nil {
			return err
		}
		for _, name := range names {
			status, err := webhook.Ask(ctx, s.Webhooks(), name, end)
			if err != nil {
				return err
			}
			all = append(all, status)
		}
		return nil
	})
	return all, err
}

// awaitEnd is the end of the stream, once the connection is there.
func awaitEnd(ctx context.Context, events *bus.Events) (end event.Place, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		if end, err = events.End(ctx); err == nil || ctx.Err() != nil {
			return end, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// webhookLine is a webhook as programs read it.
type webhookLine struct {
	Name    string          `json:"name"`
	Dialect webhook.Dialect `json:"dialect"`
	Behind  uint64          `json:"behind"`
	Failing int             `json:"failing"`
	GivenUp int             `json:"given_up"`
	Begun   bool            `json:"begun"`
	Error   string          `json:"error,omitempty"`
}

func webhooksList(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	all, err := askWebhooks(c, cfg, slices.Sorted(maps.Keys(cfg.Webhooks)))
	if err != nil {
		return err
	}
	var lines []webhookLine
	for _, s := range all {
		line := webhookLine{
			Name: s.Name, Dialect: endpoint.OrDefault(cfg.Webhooks[s.Name].Dialect, webhook.Plain), Behind: s.Behind,
			Failing: len(s.Failing), GivenUp: len(s.Dead), Begun: s.Known,
		}
		if n := len(s.Failing); n > 0 {
			line.Error = s.Failing[n-1].Error
		}
		lines = append(lines, line)
	}
	if c.Bool("json") {
		return printLines(c.App.Writer, lines)
	}
	out := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "NAME\tDIALECT\tEVENTS TO GO\tCALLS FAILING\tCALLS GIVEN UP\tERROR")
	for _, l := range lines {
		fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%s\n", l.Name, l.Dialect, l.Behind, l.Failing, l.GivenUp, printable(l.Error))
	}
	return out.Flush()
}

// failedLine is a call whose events could not be delivered, as programs read it.
type failedLine struct {
	State  string     `json:"state"` // waiting, given_up
	Call   string     `json:"call"`
	Line   string     `json:"line"`
	Events int        `json:"events"`
	Since  time.Time  `json:"since"`
	Next   *time.Time `json:"next,omitempty"`
	Error  string     `json:"error"`
}

func webhooksFailed(c *cli.Context) error {
	cfg, name, err := webhookNamed(c)
	if err != nil {
		return err
	}
	all, err := askWebhooks(c, cfg, []string{name})
	if err != nil {
		return err
	}
	var lines []failedLine
	for state, calls := range map[string][]webhook.Failing{"given_up": all[0].Dead, "waiting": all[0].Failing} {
		for _, f := range calls {
			line := failedLine{
				State: state, Call: f.Call, Line: f.Line, Events: len(f.Places), Since: f.First, Error: f.Error,
			}
			if state == "waiting" {
				line.Next = &f.Next
			}
			lines = append(lines, line)
		}
	}
	slices.SortFunc(lines, func(a, b failedLine) int { return a.Since.Compare(b.Since) })
	if c.Bool("json") {
		return printLines(c.App.Writer, lines)
	}
	out := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "CALL\tLINE\tEVENTS\tSINCE\tNEXT ATTEMPT\tERROR")
	for _, l := range lines {
		next := "given up"
		if l.Next != nil {
			next = l.Next.Local().Format(time.DateTime)
		}
		fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%s\n", printable(l.Call), printable(l.Line), l.Events,
			l.Since.Local().Format(time.DateTime), next, printable(l.Error))
	}
	return out.Flush()
}

func webhooksRetry(c *cli.Context) error {
	cfg, name, err := webhookNamed(c)
	if err != nil {
		return err
	}
	err = withState(c, cfg, func(ctx context.Context, s *bus.State) error {
		return webhook.Again(ctx, s.Webhooks(), name, c.String("call"), time.Now().UTC())
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s is tried again within seconds, by the machine that delivers to it\n", name)
	detail := "all"
	if call := c.String("call"); call != "" {
		detail = "call " + call
	}
	return auditDone(c, cfg, audit.WebhookRetried, "webhook "+name, detail)
}

func webhooksTest(c *cli.Context) error {
	cfg, name, err := webhookNamed(c)
	if err != nil {
		return err
	}
	host, err := testWebhook(c.Context, cfg, name, func(e endpoint.Exchange) {
		fmt.Fprintf(c.App.Writer, "%s: status %d after %d ms\n", e.Method, e.Status, e.Took.Milliseconds())
		if len(e.Answer) > 0 {
			fmt.Fprintf(c.App.Writer, "%s\n", printableLines(string(e.Answer)))
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s on %s has taken the test\n", name, host)
	return nil
}

// testWebhook tries the settings of a webhook on its system.
func testWebhook(ctx context.Context, cfg config, name string, exchanged func(endpoint.Exchange)) (host string, err error) {
	hook, err := webhook.New(name, cfg.Webhooks[name], webhook.Options{Exchange: exchanged})
	if err != nil {
		return "", fmt.Errorf("webhooks.%s.%w", name, err)
	}
	defer hook.Close()
	return hook.Host(), hook.Test(ctx)
}
