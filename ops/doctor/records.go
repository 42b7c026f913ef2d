package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"countersign/bus"
	"countersign/reports/reportsdb"
	"countersign/store/audit"
	"countersign/store/journal"
)

// outboxIsEmpty counts the events of the journal that wait for NATS.
func outboxIsEmpty(ctx context.Context, o Options) []Finding {
	if !created(o.Files.Journal) {
		return []Finding{skipped("no calls yet")}
	}
	j, err := journal.OpenReadOnly(ctx, o.Files.Journal)
	if err != nil {
		return []Finding{unreadable(o, err)}
	}
	defer j.Close()
	spilled, _, err := journal.Spilled(o.Files.Journal)
	if err != nil {
		return []Finding{unreadable(o, err)}
	}
	if spilled > 0 {
		return []Finding{problem("make room on the disk and end what locks journal.db; "+o.command("serve")+
			" writes them to the journal",
			"%d events wait in %s, because the journal could not be written", spilled, journal.SpillPath(o.Files.Journal))}
	}
	waiting, oldest, err := j.Backlog(ctx)
	switch {
	case err != nil:
		return []Finding{unreadable(o, err)}
	case waiting > 0 && time.Since(oldest) > time.Minute:
		return []Finding{note("start "+o.command("serve")+", and check NATS",
			"%d events wait for NATS, the oldest since %s", waiting, oldest.Local().Format(time.DateTime))}
	}
	return []Finding{ok("%d events wait for NATS", waiting)}
}

// auditLogIsUnchanged verifies the audit log.
func auditLogIsUnchanged(ctx context.Context, o Options) []Finding {
	a, err := audit.OpenReadOnly(ctx, o.Files.Audit) // even if missing: the notes of its heads show that it existed
	if err != nil {
		return []Finding{unreadable(o, err)}
	}
	s, err := a.Verify(ctx)
	if err = errors.Join(err, a.Close()); err != nil {
		return []Finding{problem("find out who changed it; a backup has the original", "%v", err)}
	}
	if s.Entries == 0 {
		return []Finding{skipped("no records yet")}
	}
	return []Finding{ok("%s, unchanged", counted(int(s.Entries), "record"))}
}

// eventsAreCounted checks that the reports have counted all events in NATS.
func eventsAreCounted(ctx context.Context, o Options) []Finding {
	reports, found := reportsOrWhyNot(ctx, o)
	if reports == nil {
		return found
	}
	defer func() { _ = reports.Close() }()
	endpoint, err := o.NATS()
	if err != nil {
		return nil // reported by the check of NATS
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if err := bus.AwaitCaughtUp(ctx, endpoint, reports.Consumer); err != nil {
		return []Finding{note("wait if many calls come in; otherwise start "+o.command("serve --roles calls,reporting"),
			"some events in NATS were still not counted after %s", o.Timeout)}
	}
	return []Finding{ok("all events of NATS are counted")}
}

// scheduledReportsSucceeded checks the last run of each scheduled report.
func scheduledReportsSucceeded(ctx context.Context, o Options) (found []Finding) {
	for _, folder := range o.ReportFolders {
		if !exists(folder) {
			found = append(found, problem("create it, or change the folder in reports.schedules",
				"the folder %s, where reports are to be written, does not exist", folder))
		}
	}
	reports, whyNot := reportsOrWhyNot(ctx, o)
	if reports == nil {
		return append(found, whyNot...)
	}
	defer func() { _ = reports.Close() }()
	states, err := reports.ScheduleStates(ctx)
	if err != nil {
		return []Finding{unreadable(o, err)}
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if s := states[name]; s.Error != "" {
			found = append(found, problem("fix the cause, then "+o.command("report run "+name),
				"the report %s that was due at %s failed: %s", name, s.Due.Local().Format(time.DateTime), s.Error))
		}
	}
	if len(found) == 0 {
		found = append(found, ok("%s; %s shows when they run", counted(o.Schedules, "schedule"),
			o.command("report schedules")))
	}
	return found
}

func reportsOrWhyNot(ctx context.Context, o Options) (*reportsdb.Reader, []Finding) {
	if !created(o.Files.Reports) {
		return nil, []Finding{skipped("no reports yet: %s counts the calls that come in", o.command("serve"))}
	}
	reports, err := reportsdb.OpenReadOnly(ctx, o.Files.Reports)
	if err != nil {
		return nil, []Finding{unreadable(o, err)}
	}
	return reports, nil
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
