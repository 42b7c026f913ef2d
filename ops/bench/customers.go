package bench

import (
	"context"
	"io"
	"runtime"

	"countersign/store/customers"
)

// How many customers there are, so that nobody calls again before the last call is over.
const (
	customersHMAC     = 5000
	customersOfCore   = 1000
	customersArgon2id = 200 // each takes two cores' twelfth of a second to store
)

// CustomersFor is how many made-up customers this machine needs.
func CustomersFor(scheme string) int {
	if scheme == customers.SchemeArgon2id {
		return customersArgon2id
	}
	return max(customersHMAC, customersOfCore*runtime.GOMAXPROCS(0))
}

// Fill imports n customers of a script, and stores each secret as the directory is set to, which an import leaves for
// later.
func Fill(ctx context.Context, d *customers.Directory, s *Script, n int) error {
	in, out := io.Pipe()
	go func() { out.CloseWithError(s.WriteCustomers(out, n)) }()
	defer in.Close()
	if _, err := d.Import(ctx, in, customers.ImportOptions{}); err != nil {
		return err
	}
	for {
		wrapped, err := d.WrapNext(ctx, n)
		if err != nil || wrapped < n {
			return err
		}
	}
}
