package doctor

import (
	"context"
	"errors"
	"os"

	"countersign/bus"
	"countersign/store/customers"
)

func customersAreOnFile(ctx context.Context, o Options) (found []Finding) {
	switch hasBackend := o.Backend.URL != ""; {
	case created(o.Files.Customers):
	case hasBackend:
		return []Finding{ok("in the backend, none here")}
	default:
		return []Finding{noCustomers(o)}
	}
	info, err := os.Stat(o.Files.Pepper)
	if err != nil {
		return []Finding{problem("restore it from a backup: the stored PINs cannot be checked without it",
			"the pepper %s is missing", o.Files.Pepper)}
	}
	if info.Mode().Perm()&0o077 != 0 {
		found = append(found, problem("chmod 600 "+o.Files.Pepper, "others can read the pepper"))
	}
	d, err := openCustomers(ctx, o)
	if err != nil {
		return append(found, unreadable(o, err))
	}
	defer d.Close()
	count, err := d.Count(ctx)
	unwrapped, err2 := d.Unwrapped(ctx)
	if err := errors.Join(err, err2); err != nil {
		return append(found, unreadable(o, err))
	}
	found = append(append(found, countOf(count, o)), hashing(unwrapped, o)...)
	found = append(found, peppersInUse(ctx, d, o)...)
	return append(found, replicaIsFresh(ctx, d, o)...)
}

func countOf(count int, o Options) Finding {
	switch {
	case count > 0:
		return ok("%d on file", count)
	case o.Backend.URL != "":
		return ok("in the backend, none here")
	}
	return noCustomers(o)
}

func noCustomers(o Options) Finding {
	return note(o.command("customers import FILE"), "no customers yet: every caller goes to an agent")
}

// peppersInUse says how far a change of the pepper is (docs/operations.md#rotating-keys).
func peppersInUse(ctx context.Context, d *customers.Reader, o Options) []Finding {
	if !d.Peppers().Several() {
		return nil
	}
	n, err := d.UnderOlderPeppers(ctx)
	switch {
	case err != nil:
		return []Finding{unreadable(o, err)}
	case n > 0:
		return []Finding{note("nothing: each moves with its next right answer; a new PIN moves it at once",
			"peppers %s; %s with secrets that are not under the one in use", d.Peppers(), counted(n, "customer"))}
	}
	return []Finding{ok("peppers %s; all secrets are under the one in use", d.Peppers())}
}

// hashing checks how PINs are stored.
func hashing(unwrapped int, o Options) (found []Finding) {
	if unwrapped > 0 && o.Hash == customers.SchemeArgon2id {
		found = append(found, note(o.command("serve")+" wraps them in the background",
			"%s with secrets that are not wrapped in argon2id yet", counted(unwrapped, "customer")))
	}
	if o.Hash == customers.SchemeHMAC {
		found = append(found, note("set customers.hash to argon2id unless every millisecond counts",
			"PINs are stored as HMAC only: with both the database and the pepper, a thief can try them all"))
	}
	return found
}

// pepperIsTheSame compares this machine's pepper with that of the others.
func pepperIsTheSame(ctx context.Context, o Options) []Finding {
	if !created(o.Files.Customers) {
		return nil
	}
	d, err := openCustomers(ctx, o)
	if err != nil {
		return nil // reported by the check of the customers
	}
	defer d.Close()
	same := false
	err = o.State(ctx, func(ctx context.Context, s *bus.State) (err error) {
		same, err = o.SamePepper(ctx, s, d.PepperKey)
		return err
	})
	switch {
	case err != nil:
		return nil // reported by the check of NATS
	case !same:
		return []Finding{problem("give all machines the same pepper (customers.pepper) and the same tokens.key; then "+
			"remove the key \"fingerprint\" from the bucket guard", "another machine on this NATS has another pepper")}
	}
	return []Finding{ok("no machine on this NATS has another pepper")}
}
