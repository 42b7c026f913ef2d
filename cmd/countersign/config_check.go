package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"countersign/backend/webhook"
	"countersign/freeswitch"
	"countersign/lines"
	"countersign/ops/traces"
	"countersign/session"
	"countersign/session/token"
	"countersign/store/customers"
	"countersign/web/overrides"
)

func (c config) check() error {
	var errs []error
	if _, err := c.allow(); err != nil {
		errs = append(errs, err)
	}
	if c.Customers.Hash != customers.SchemeArgon2id && c.Customers.Hash != customers.SchemeHMAC {
		errs = append(errs, fmt.Errorf("customers.hash is %q: it can be %s or %s", c.Customers.Hash, customers.SchemeArgon2id,
			customers.SchemeHMAC))
	}
	errs = append(errs, c.checkShare()...)
	if c.Lines.Approval != approvalOne && c.Lines.Approval != approvalTwo {
		errs = append(errs, fmt.Errorf("lines.approval is %q: it can be %s or %s", c.Lines.Approval, approvalOne, approvalTwo))
	}
	if c.Socket.MaxCalls < 1 {
		errs = append(errs, fmt.Errorf("socket.max_calls is %d: it must be at least 1", c.Socket.MaxCalls))
	}
	if c.Socket.Drain < 0 {
		errs = append(errs, fmt.Errorf("socket.drain is %s: it cannot be negative", time.Duration(c.Socket.Drain)))
	}
	if d := time.Duration(c.Calls.MaxDuration); d < 30*time.Second || d > 600*time.Second {
		errs = append(errs, fmt.Errorf("calls.max_duration is %s: it must be from 30s to 600s", d))
	}
	if c.Calls.MaxActions < 5 || c.Calls.MaxActions > 1000 {
		errs = append(errs, fmt.Errorf("calls.max_actions is %d: it must be from 5 to 1000", c.Calls.MaxActions))
	}
	if d := time.Duration(c.NATS.Timeout); d < 100*time.Millisecond || d > 5*time.Second {
		errs = append(errs, fmt.Errorf("nats.timeout is %s: it must be from 100ms to 5s", d))
	}
	switch n := c.NATS.Replicas; {
	case n != 0 && n != 1 && n != 3 && n != 5:
		errs = append(errs, fmt.Errorf("nats.replicas is %d: it can be 1, 3 or 5, or 0 for what NATS has", n))
	case n > 1 && c.NATS.URL == "":
		errs = append(errs, fmt.Errorf("nats.replicas is %d, and the embedded NATS is one server: set nats.url", n))
	}
	errs = append(errs, c.checkLogLevels()...)
	if c.Traces.Endpoint != "" {
		errs = append(errs, below("traces", traces.CheckEndpoint(c.Traces.Endpoint))...)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		errs = append(errs, fmt.Errorf("log.format is %q: it can be text or json", c.Log.Format))
	}
	errs = append(errs, below("guard", c.Guard.Validate())...)
	errs = append(errs, below("email", errors.Join(c.Email.Check()...))...)
	errs = append(errs, below("speech", errors.Join(c.Speech.Check()...))...)
	errs = append(errs, below("keys", c.Keys.check())...)
	errs = append(errs, c.checkWebhooks()...)
	errs = append(errs, below("code_calls", errors.Join(c.CodeCalls.settings().Check()...))...)
	errs = append(errs, below("test_calls", errors.Join(freeswitch.TestCallSettings(c.TestCalls).Check()...))...)
	errs = append(errs, below("callbacks", c.Callbacks.check())...)
	if c.Callbacks.on() && len(c.FreeSWITCH) == 0 {
		errs = append(errs, errors.New("callbacks.dial needs the FreeSWITCH that places the calls: name it under freeswitch"))
	}
	if c.CodeCalls.Dial != "" && len(c.FreeSWITCH) == 0 {
		errs = append(errs,
			errors.New("code_calls.dial needs the FreeSWITCH that places the calls: name it under freeswitch"))
	}
	for _, text := range lines.CheckPopURL(c.Line.PopURL) {
		errs = append(errs, fmt.Errorf("line.pop_url is wrong: %s", text))
	}
	errs = append(errs, c.checkWeb()...)
	_, wrong := c.apiKeys()
	errs = append(errs, wrong...)
	if l := time.Duration(c.Tokens.Life); l <= 0 || l > token.MaxLife {
		errs = append(errs, fmt.Errorf("tokens.life is %s: it must be more than 0 and at most %s", l, token.MaxLife))
	}
	errs = append(errs, below("wallboard", errors.Join(c.Wallboard.Check()...))...)
	if len(c.Wallboard.Queues) > 0 && len(c.FreeSWITCH) == 0 {
		errs = append(errs, errors.New("wallboard.queues needs the FreeSWITCH that has the queues: name it under freeswitch"))
	}
	errs = append(errs, c.checkRetention()...)
	errs = append(errs, c.Reports.Check()...)
	for i, f := range c.FreeSWITCH {
		if _, _, err := net.SplitHostPort(f.Address); err != nil {
			errs = append(errs, fmt.Errorf("freeswitch[%d].address is %q: it must be HOST:PORT, such as 127.0.0.1:8021", i,
				f.Address))
		}
	}
	if c.Node == "" || strings.ContainsAny(c.Node, " /\n\t") {
		errs = append(errs, fmt.Errorf("node is %q: it must be one word without a slash", c.Node))
	}
	if r := c.Line.Region; r != "" && !isRegion(r) {
		errs = append(errs, fmt.Errorf(
			"line.region is %q: it must be an ISO 3166 code of two letters, such as DE, GB or US", r))
	}
	if _, err := c.placeholders(); err != nil {
		errs = append(errs, fmt.Errorf("caller.placeholders has %w", err))
	}
	return errors.Join(errs...)
}

// below puts a section's name in front of each problem of its settings.
func below(section string, err error) (errs []error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			errs = append(errs, fmt.Errorf("%s.%w", section, e))
		}
		return errs
	}
	if err != nil {
		errs = append(errs, fmt.Errorf("%s.%w", section, err))
	}
	return errs
}

func (c config) placeholders() (session.Placeholders, error) {
	return session.NewPlaceholders(c.Caller.Placeholders, c.Line.Region)
}

func (c config) checkWebhooks() (errs []error) {
	for _, name := range slices.Sorted(maps.Keys(c.Webhooks)) {
		if err := webhook.CheckName(name); err != nil {
			errs = append(errs, fmt.Errorf("webhooks: %w", err))
		}
		errs = append(errs, below("webhooks."+name, errors.Join(c.Webhooks[name].Check()...))...)
	}
	return errs
}

func (c config) checkRetention() (errs []error) {
	least, most := overrides.Least, overrides.Most
	for _, of := range []struct {
		name        string
		in          duration
		least, most int
	}{
		{"journal", c.Retention.Journal, least.Journal, most.Journal}, {"totals", c.Retention.Totals, least.Totals, most.Totals},
		{"audit", c.Retention.Audit, least.Audit, most.Audit},
	} {
		if of.in < duration(of.least)*duration(day) || of.in > duration(of.most)*duration(day) {
			errs = append(errs, fmt.Errorf("retention.%s is %s: it must be from %dd to %dd", of.name, time.Duration(of.in), of.least, of.most))
		}
	}
	if len(errs) == 0 && c.Retention.Totals < c.Retention.Journal {
		errs = append(errs, fmt.Errorf("retention.totals is %s: it cannot be less than retention.journal, %s",
			time.Duration(c.Retention.Totals), time.Duration(c.Retention.Journal)))
	}
	return errs
}

// isRegion accepts lower case too, as session.E164 does.
func isRegion(r string) bool { return session.IsRegion(strings.ToUpper(r)) }

// widestAllowed is the shortest prefix in socket.allow: a network as large as 10.0.0.0/8.
const widestAllowed = 7

func (c config) allow() ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(c.Socket.Allow))
	for _, s := range c.Socket.Allow {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("socket.allow has %q: write a network as 192.0.2.0/24, or one address as 192.0.2.7/32", s)
		}
		if p.Bits() < widestAllowed {
			return nil, fmt.Errorf("socket.allow has %q: whoever can connect can speak as FreeSWITCH, so name the networks of "+
				"your FreeSWITCH machines, such as 10.0.0.0/8", s)
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}
