package doctor

import (
	"context"
	"errors"
	"strings"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/bus"
)

const natsCheck = "nats"

func natsAnswers(ctx context.Context, o Options) []Finding {
	const do = "correct the nats settings"
	endpoint, err := o.NATS()
	if err != nil {
		return []Finding{problem(do, "%v", err)}
	}
	conn, err := endpoint.Connect("countersign doctor", silent)
	if err != nil {
		return []Finding{problem(do, "%v", err)}
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	switch err := conn.FlushWithContext(ctx); {
	case err == nil:
		return natsStores(ctx, o, endpoint)
	case o.EmbeddedNATS != "":
		return []Finding{note(o.command("serve")+" starts its own", "no NATS on %s", o.EmbeddedNATS)}
	}
	return []Finding{problem("start NATS or correct nats.url; until then calls go on and their events wait",
		"%s does not answer", endpoint)}
}

// natsStores writes to NATS and reads it back: a server that answers may still refuse everything.
func natsStores(ctx context.Context, o Options, endpoint bus.Endpoint) []Finding {
	var alone []string
	err := o.State(ctx, func(stateCtx context.Context, s *bus.State) error {
		proving, cancel := context.WithTimeout(stateCtx, o.Timeout)
		defer cancel()
		var unknown error
		alone, unknown = s.OnOneServer(proving)
		return errors.Join(s.Prove(proving), s.ProveEvents(proving), unknown)
	})
	if err != nil {
		return []Finding{ok("%s answers", endpoint), problem(
			"make room on its disk, raise its limits, or correct the rights of its user; until then calls go on and their "+
				"events wait", "it does not store what it is sent: %v", err,
		)}
	}
	found := []Finding{ok("%s answers, and stores what it is sent", endpoint)}
	if len(alone) > 0 {
		found = append(found, note("set nats.replicas to 3 on all machines, and restart one",
			"NATS is a cluster, and one server of it alone keeps %s: calls do without while that one is away",
			strings.Join(alone, ", ")))
	}
	return found
}

// backendAnswers connects to the company's backend.
func backendAnswers(ctx context.Context, o Options) []Finding {
	if o.Backend.URL == "" {
		return nil
	}
	d, err := backend.New(o.Backend, unasked{}, endpoint.Options{Log: silent})
	if err != nil {
		return []Finding{problem("correct the backend settings", "%v", err)}
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if err := d.Reach(ctx); err != nil {
		return []Finding{problem("check that it runs and that this machine can reach it; until then callers go to an agent",
			"%v", err)}
	}
	return []Finding{ok("%s answers; %s shows what it has of a customer", o.Backend.URL, o.command("backend find"))}
}

// mailServerTakesLogin connects to the server of the codes and logs in. It mails nothing.
func mailServerTakesLogin(ctx context.Context, o Options) []Finding {
	if o.Email.Server.Server == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	conn, err := o.Email.Connect(ctx, o.Timeout)
	if err != nil {
		return []Finding{problem("correct the email settings, and check that this machine can reach the server",
			"no codes can be mailed: email: %v", err)}
	}
	conn.Close()
	return []Finding{ok("codes are mailed through %s; %s tests it", o.Email.Server.Server,
		o.command("backend email ADDRESS"))}
}

// gatewayIsBounded checks only the settings: a request to the gateway would send a message.
func gatewayIsBounded(_ context.Context, o Options) []Finding {
	if o.SMS.URL == "" {
		return nil
	}
	g, err := sms.New(o.SMS, endpoint.Options{Log: silent})
	if err != nil {
		return []Finding{problem("correct the sms settings", "%v", err)}
	}
	g.Close()
	if len(o.SMS.Countries) == 0 {
		return []Finding{note("name the countries in sms.countries",
			"codes are sent to every country, which invites toll fraud")}
	}
	return []Finding{ok("codes go through %s; %s tests it", o.SMS.URL, o.command("backend sms NUMBER"))}
}
