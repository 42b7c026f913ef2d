package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"countersign/store/customers"
	"countersign/store/sqlite"
)

// created reports whether there is or was a database. Opening one that is gone explains what to do.
func created(path string) bool { return exists(path) || sqlite.WasCreated(path) }

// silent is the log of the parts that doctor opens: its findings say all.
var silent = slog.New(slog.DiscardHandler)

func openCustomers(ctx context.Context, o Options) (*customers.Reader, error) {
	if !exists(o.Files.Pepper) { // LoadPepper would create one
		return nil, fmt.Errorf("the pepper %s is missing", o.Files.Pepper)
	}
	pepper, err := customers.LoadPepper(o.Files.Pepper)
	if err != nil {
		return nil, err
	}
	return customers.OpenReadOnly(ctx, o.Files.Customers, customers.Options{Pepper: pepper})
}

// unreadable is the finding about a database that cannot be opened or read.
func unreadable(o Options, err error) Finding {
	var known *sqlite.OpenError
	switch {
	case errors.Is(err, sqlite.ErrOlder):
		return note(o.command("serve")+" upgrades it at its next start", "%v", err)
	case errors.As(err, &known):
		return problem("see the message", "%v", err) // it says what to do
	}
	return problem("check its permissions and the disk; if the file is damaged, restore a backup", "%v", err)
}
