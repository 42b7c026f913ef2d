package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/reports/reportsdb"
	"countersign/store/audit"
)

// checkReports looks whether what NATS has is counted.
func checkReports(c *cli.Context, cfg config) []finding {
	reports, found := openForDoctor(c, cfg, "reports")
	if reports == nil {
		return found
	}
	defer func() { _ = reports.Close() }()
	endpoint, err := natsEndpoint(c, cfg)
	if err != nil {
		return nil // said with NATS
	}
	ctx, cancel := context.WithTimeout(c.Context, answerTimeout)
	defer cancel()
	if err := bus.AwaitCaughtUp(ctx, endpoint, reports.Consumer); err != nil {
		return []finding{note("reports", "wait, if many calls come in; else start countersign serve, with the role reporting", "within %s not all events of NATS were counted", answerTimeout)}
	}
	return []finding{ok("reports", "all events of NATS are counted")}
}

// checkSchedules looks what became of scheduled reports.
func checkSchedules(c *cli.Context, cfg config) []finding {
	all, err := cfg.Reports.Due()
	if err != nil {
		return []finding{problem("schedules", "correct reports.schedules", "%v", err)}
	}
	reports, found := openForDoctor(c, cfg, "schedules")
	if reports == nil {
		return found
	}
	defer func() { _ = reports.Close() }()
	states, err := reports.Schedules().States(c.Context)
	if err != nil {
		return []finding{problem("schedules", "see the message", "%v", err)}
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if s := states[name]; s.Error != "" {
			found = append(found, problem("schedules", "mend it, then countersign report run "+name, "the report %s that was due at %s failed: %s", name,
				s.Due.Local().Format(time.DateTime), s.Error))
		}
	}
	if len(found) == 0 {
		found = append(found, ok("schedules", "%s of reports; countersign report schedules shows when they run", counted(len(all), "schedule")))
	}
	return found
}

// openForDoctor opens the reports. Without them it says why.
func openForDoctor(c *cli.Context, cfg config, check string) (*reportsdb.Reports, []finding) {
	if !exists(cfg.reportsPath()) {
		return nil, []finding{skipped(check, "countersign serve makes reports of the calls that come in")}
	}
	reports, err := reportsdb.Open(c.Context, cfg.reportsPath(), reportsdb.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, []finding{problem(check, "see the message", "%v", err)}
	}
	return reports, nil
}

// checkAudit looks whether anybody changed the audit log.
func checkAudit(c *cli.Context, cfg config) []finding {
	if !exists(cfg.auditPath()) {
		return []finding{skipped("audit", "nothing is on record yet")}
	}
	a, err := audit.Open(c.Context, cfg.auditPath(), audit.Options{})
	if err != nil {
		return []finding{problem("audit", "see the message", "%v", err)}
	}
	s, err := a.Verify(c.Context)
	if err = errors.Join(err, a.Close()); err != nil {
		return []finding{problem("audit", "find out who did that; a backup has what was there", "%v", err)}
	}
	return []finding{ok("audit", "%s, none was changed", counted(int(s.Entries), "record"))}
}
