package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/bus"
	"countersign/freeswitch"
	"countersign/lines"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/shared"
	"countersign/steps"
	"countersign/store/customers"
)

// checkLines looks at the lines in force: that they compile here, and that what they say and ask is there.
func checkLines(c *cli.Context, cfg config) (found []finding) {
	var stored []shared.LineVersion
	err := withState(c, cfg, func(ctx context.Context, s *bus.State) (err error) {
		stored, err = s.Lines().All(ctx)
		return err
	})
	if err != nil {
		return []finding{skipped("lines", "%v", err)}
	}
	if len(stored) == 0 {
		return []finding{ok("lines", "none of your own: the built-in line answers every number")}
	}
	var all []*lines.Definition
	defer func() {
		for _, p := range lines.Conflicts(all, cfg.Line.Region) {
			found = append(found, problem("lines", "countersign lines edit one of them", "%s", p.String()))
		}
	}()
	for _, s := range stored {
		if s.Removed {
			continue
		}
		def, err := lines.Parse(s.Name, []byte(s.YAML))
		if err == nil {
			_, err = lines.Compile(def, s.Version, lines.Parts{Directory: nowhere{}, Sends: nowhere{}, Sender: noGateway{}, Once: nowhere{}})
		}
		if err != nil {
			found = append(found, problem("lines", "countersign lines edit "+s.Name, "%s, version %d, is not put in force: %v", s.Name, s.Version, err))
			continue
		}
		all = append(all, def)
		found = append(found, checkLine(cfg, def, s)...)
	}
	return found
}

func checkLine(cfg config, def *lines.Definition, s shared.LineVersion) (found []finding) {
	if strings.Contains(s.YAML, "sms_code") && cfg.SMS.URL == "" {
		found = append(found, problem("lines", "set sms.url, or take sms_code out of the line", "%s sends codes, but there is no gateway: its callers go to an agent", s.Name))
	}
	for _, language := range def.Languages {
		missing := missingPrompts(cfg, language)
		if len(missing) > 0 && exists(cfg.promptsDir()) {
			found = append(found, note("lines", "record them in "+filepath.Join(cfg.promptsDir(), language)+", or countersign prompts render --language "+language,
				"%s speaks %s, but %d prompts are missing in it: callers hear %s", s.Name, language, len(missing), def.Languages[0]))
		}
		if _, err := cfg.Prompts.Voices.For(language); errors.Is(err, prompts.ErrNoVoice) && (len(def.Prompts) > 0 || def.GreetByName) {
			found = append(found, note("lines", "install espeak-ng, or name an engine in prompts.voices", "%s has words of its own, and no voice on this machine speaks %s", s.Name, language))
		}
	}
	if len(found) == 0 {
		found = append(found, ok("lines", "%s, version %d", s.Name, s.Version))
	}
	return found
}

func missingPrompts(cfg config, language string) (missing []string) {
	catalogue, err := prompts.Open(cfg.promptsDir())
	if err != nil {
		return nil
	}
	for _, p := range prompts.All() {
		if _, found := catalogue.File(language, p.Name); !found {
			missing = append(missing, p.Name)
		}
	}
	return slices.Clip(missing)
}

// nowhere stands in for what a line asks when it is only compiled.
type nowhere struct {
	steps.Directory
	steps.Sends
	steps.Once
}

// checkPepper compares this machine's pepper with that of the others.
func checkPepper(c *cli.Context, cfg config) []finding {
	if !exists(cfg.directoryPath()) {
		return nil
	}
	pepper, err := loadPepper(cfg)
	if err != nil {
		return nil // said with the customers
	}
	d, err := customers.OpenReadOnly(c.Context, cfg.directoryPath(), customers.Options{Pepper: pepper})
	if err != nil {
		return nil // said with the customers
	}
	defer d.Close()
	err = withState(c, cfg, func(ctx context.Context, s *bus.State) error { return samePepper(ctx, s, d.PepperKey) })
	switch {
	case errors.Is(err, errOtherPepper):
		return []finding{problem("pepper", "see the message", "%v", err)}
	case err != nil:
		return nil // said with NATS
	}
	return []finding{ok("pepper", "the same as on the other machines of this NATS, if there are any")}
}

// checkBackend connects to the company's backend.
func checkBackend(c *cli.Context, cfg config) []finding {
	if cfg.Backend.URL == "" {
		return nil
	}
	d, err := backend.New(cfg.Backend, nowhere{}, endpoint.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return []finding{problem("backend", "correct the backend settings", "%v", err)}
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(c.Context, answerTimeout)
	defer cancel()
	if err := d.Reach(ctx); err != nil {
		return []finding{problem("backend", "check that it runs and that this machine may reach it; callers go to an agent meanwhile", "%v", err)}
	}
	return []finding{ok("backend", "%s answers; what it says of a customer, countersign backend find shows", cfg.Backend.URL)}
}

// checkGateway looks at the settings only: asking it would send a message.
func checkGateway(_ *cli.Context, cfg config) []finding {
	if cfg.SMS.URL == "" {
		return nil
	}
	g, err := sms.New(cfg.SMS, endpoint.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return []finding{problem("sms", "correct the sms settings", "%v", err)}
	}
	g.Close()
	if len(cfg.SMS.Countries) == 0 {
		return []finding{note("sms", "name the countries in sms.countries", "codes are sent to every country: strangers can make money of that")}
	}
	return []finding{ok("sms", "codes go through %s; whether it takes them, countersign backend sms NUMBER shows", cfg.SMS.URL)}
}

// checkEventSockets logs in to each FreeSWITCH that step-ups need.
func checkEventSockets(c *cli.Context, cfg config) (found []finding) {
	for _, f := range cfg.FreeSWITCH {
		in := freeswitch.NewInbound(freeswitch.Server{Address: f.Address, Password: session.NewSecret([]byte(f.Password))})
		ctx, cancel := context.WithTimeout(c.Context, answerTimeout)
		_, err := in.API(ctx, "version")
		cancel()
		in.Close()
		if err != nil {
			found = append(found, problem("step-up", "check event_socket.conf.xml: listen-ip, password and apply-inbound-acl", "the event socket %s: %v", f.Address, err))
			continue
		}
		found = append(found, ok("step-up", "the event socket %s takes commands", f.Address))
	}
	return found
}
