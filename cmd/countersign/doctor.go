package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/freeswitch"
	"countersign/ops/doctor"
	"countersign/session"
)

const doctorName = "doctor"

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:        doctorName,
		Usage:       "check what Countersign needs, and say what to do",
		Description: "Starts and stops nothing. Exit code 1: something must be fixed before calls work as they should.",
		Flags: []cli.Flag{
			natsFlag(),
			&cli.StringFlag{
				Name: "freeswitch", Usage: "check FreeSWITCH's configuration in `DIR`, such as /etc/freeswitch",
			},
			&cli.BoolFlag{Name: "json", Usage: "one finding per line, as JSON"},
		},
		Action: runDoctor,
	}
}

func runDoctor(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	findings := doctor.Run(c.Context, doctorOptions(c, cfg))
	if err := printFindings(c.App.Writer, findings, c.Bool("json")); err != nil {
		return err
	}
	if n := doctor.Problems(findings); n > 0 {
		return fmt.Errorf("%s found", counted(n, "problem"))
	}
	return nil
}

func doctorOptions(c *cli.Context, cfg config) doctor.Options {
	o := doctor.Options{
		Data: cfg.data, Flags: flagsOf(c, cfg),
		Files: doctor.Files{
			Customers: cfg.directoryPath(), Pepper: cfg.pepperPath(), Journal: cfg.journalPath(), Attempts: cfg.attemptsPath(),
			Audit: cfg.auditPath(), Reports: cfg.reportsPath(), Lines: cfg.linesPath(),
			Trunks: cfg.trunksPath(),
		},
		Settings: configFile(c), Keys: []string{cfg.tokenKeyPath(), cfg.natsKeys().Write, cfg.natsKeys().Read},
		Hash: cfg.Customers.Hash, Share: cfg.role(), StaleAfter: time.Duration(cfg.Customers.StaleAfter),
		Prompts: cfg.promptsDir(), OwnPrompts: cfg.Prompts.Path != "", Voices: cfg.Prompts.Voices,
		Socket: cfg.Socket.Listen, FreeSWITCH: c.String("freeswitch"),
		NATS: func() (bus.Endpoint, error) { return natsEndpoint(c, cfg) },
		State: func(_ context.Context, use func(context.Context, *bus.State) error) error {
			return withState(c, cfg, use)
		},
		SamePepper: hasSamePepper,
		Backend:    cfg.Backend, SMS: cfg.SMS, Email: cfg.Email, Speech: cfg.Speech, Webhooks: cfg.Webhooks,
		CodeCalls: cfg.CodeCalls.Dial != "", Page: cfg.hasCustomerPage(), Queues: cfg.Wallboard.Names(),
		Region: cfg.Line.Region, Schedules: len(cfg.Reports.Schedules),
	}
	for _, key := range []string{cfg.Web.TLS.Key, cfg.NATS.Key} {
		if key != "" {
			o.Certificates = append(o.Certificates, key)
		}
	}
	if cfg.NATS.Credentials != "" {
		o.Keys = append(o.Keys, cfg.NATS.Credentials)
	}
	if isOpenToNetwork(cfg.Web.Listen) && !cfg.webTLS() {
		o.OpenAPI = cfg.Web.Listen
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Web.Keys)) {
		if len(cfg.Web.Keys[name].Scopes) == 0 {
			o.UnscopedKeys = append(o.UnscopedKeys, name)
		}
	}
	for _, s := range cfg.Reports.Schedules {
		if s.Folder != "" {
			o.ReportFolders = append(o.ReportFolders, s.Folder)
		}
	}
	if cfg.NATS.URL == "" && c.String("nats") == "" {
		o.EmbeddedNATS = cfg.NATS.Listen
	}
	for _, f := range cfg.FreeSWITCH {
		o.EventSockets = append(o.EventSockets, freeswitch.Server{
			Address: f.Address, Password: session.NewSecret([]byte(f.Password)),
		})
	}
	return o
}

// flagsOf are the common flags with which another command finds the same settings and data.
func flagsOf(c *cli.Context, cfg config) string {
	var flags []string
	if file := c.String("config"); file != "" {
		flags = append(flags, "--config "+file)
	}
	if c.String("data") != "" && cfg.data != defaultData {
		flags = append(flags, "--data "+cfg.data)
	}
	return strings.Join(flags, " ")
}

func printFindings(to io.Writer, findings []doctor.Finding, asJSON bool) error {
	lines, p := json.NewEncoder(to), painterFor(to)
	for _, f := range findings {
		if asJSON {
			if err := lines.Encode(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(to, "%s %-11s %s\n", p.paint(stateColours[f.State], fmt.Sprintf("%-8s", f.State)), f.Check, f.Detail)
		if f.Do != "" {
			fmt.Fprintf(to, "%-8s %-11s → %s\n", "", "", f.Do)
		}
	}
	return nil
}
