package doctor

import (
	"context"

	"countersign/store/sqlite"
)

// databasesAreWhole reads every database from end to end.
func databasesAreWhole(ctx context.Context, o Options) (found []Finding) {
	n := 0
	for _, path := range []string{
		o.Files.Customers, o.Files.Journal, o.Files.Attempts, o.Files.Audit, o.Files.Reports,
	} {
		if path == "" || !exists(path) {
			continue
		}
		n++
		switch err := sqlite.Check(ctx, path, true); {
		case err == nil:
		case sqlite.IsDamaged(err) && (path == o.Files.Attempts || path == o.Files.Reports):
			found = append(found, note(o.command("serve")+" sets it aside at its next start and counts again", "%v", err))
		case sqlite.IsDamaged(err):
			found = append(found, problem("see the message; stop the service before", "%v", err))
		default:
			found = append(found, unreadable(o, err))
		}
	}
	switch {
	case len(found) > 0:
	case n == 0:
		found = append(found, skipped("no databases yet"))
	default:
		found = append(found, ok("%s, no damage found", counted(n, "database")))
	}
	return found
}
