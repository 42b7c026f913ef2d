// Package leaktest answers "did a package's tests leave goroutines behind". It is for tests only. It runs goleak with
// more patience: on a busy machine a goroutine that is about to end may need longer than goleak waits.
package leaktest

import (
	"fmt"
	"os"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end after the tests.
const patience = time.Minute

// Main is for TestMain: it runs the tests, waits for their goroutines, and exits. It fails if a test failed or a
// goroutine does not end.
func Main(m goleak.TestingM, options ...goleak.Option) {
	code := m.Run()
	options = append(options, goleak.IgnoreAnyFunction(natsLoop), goleak.IgnoreAnyFunction(natsClock))
	if code == 0 {
		if err := find(patience, options...); err != nil {
			fmt.Fprintln(os.Stderr, "all tests passed, but goroutines are left:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// natsLoop is left behind by an embedded nats-server that is shut down while it makes a stream, and with it the clock of
// all its streams.
const (
	natsLoop  = "github.com/nats-io/nats-server/v2/server.(*fileStore).flushStreamStateLoop"
	natsClock = "github.com/nats-io/nats-server/v2/server/ats.Register.func1"
)

// find looks until no goroutine is left or the time is over.
func find(within time.Duration, options ...goleak.Option) (err error) {
	for end := time.Now().Add(within); ; {
		if err = goleak.Find(options...); err == nil || time.Now().After(end) {
			return err
		}
	}
}
