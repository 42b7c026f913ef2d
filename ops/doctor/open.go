package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"countersign/reports/reportsdb"
	"countersign/store/audit"
	"countersign/store/customers"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

// silent is the log of what doctor opens: what is worth saying is a finding.
var silent = slog.New(slog.DiscardHandler)

func openCustomers(ctx context.Context, o Options) (*customers.Directory, error) {
	if !exists(o.Files.Pepper) { // LoadPepper would make one
		return nil, fmt.Errorf("the pepper %s is missing", o.Files.Pepper)
	}
	pepper, err := customers.LoadPepper(o.Files.Pepper)
	if err != nil {
		return nil, err
	}
	return customers.Open(ctx, o.Files.Customers, customers.Options{Pepper: pepper, Scheme: o.Hash, Log: silent})
}

func openJournal(ctx context.Context, o Options) (*journal.Journal, error) {
	return journal.Open(ctx, o.Files.Journal, journal.Options{})
}

func openAudit(ctx context.Context, o Options) (*audit.Log, error) {
	return audit.Open(ctx, o.Files.Audit, audit.Options{})
}

func openReports(ctx context.Context, o Options) (*reportsdb.Reports, error) {
	return reportsdb.Open(ctx, o.Files.Reports, reportsdb.Options{Log: silent})
}

// unreadable is the finding about a database that cannot be opened or read.
func unreadable(err error) Finding {
	do := "check its permissions and the disk; if the file is damaged, restore a backup"
	var known *sqlite.OpenError
	if errors.As(err, &known) {
		do = "see the message" // it says what to do
	}
	return problem(do, "%v", err)
}
