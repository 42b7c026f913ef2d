// Package erase answers "what is on record about this customer, and is it gone": it removes a customer from every
// store, from the stream of events and from the files of one machine, and returns a receipt. Calls stay, anonymised, so
// that counts do not change. It does not reach the files of other machines, backups, or the company's own systems.
package erase

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/prompts"
	"countersign/reports/reportsdb"
	"countersign/session/guard"
	"countersign/store/audit"
	"countersign/store/customers"
	"countersign/store/traces"
)

// Options say where a customer may be on record.
type Options struct {
	Files Files
	// Directory has the customers. Run closes it before it searches the files.
	Directory *customers.Directory
	// Endpoint is the NATS of the service. External means that it runs without the service; otherwise Run starts the
	// embedded one if needed.
	Endpoint func() (bus.Endpoint, error)
	External bool
	// Shared opens the state that machines share. Run closes it.
	Shared func(at bus.Endpoint) (*bus.State, *guard.Guard, error)
	// Count counts everything the journal has of calls in the reports.
	Count func(ctx context.Context, to *reportsdb.Reports, calls []string) error
	// Forget removes the note that a customer was erased, after Run found nobody. The directory is closed by then.
	Forget func(ctx context.Context, customer string) error
	// Published, if set, returns once the replicas of the customers can hear of the erasure, and NATS has nothing of the
	// customer for them. serving says that a service runs, which publishes it. The directory is closed by then.
	Published func(ctx context.Context, at bus.Endpoint, serving bool) error
	// Audit adds an entry to the audit log, in the name of the author.
	Audit func(ctx context.Context, e audit.Entry) error
	// Progress, if set, gets the number of events erased so far.
	Progress func(events int)
}

// Files are the files of a machine. A missing one holds nothing.
type Files struct {
	// Data is the folder to search at the end, Lock the file that a running service holds.
	Data, Lock string
	// Directory, Journal and Reports are databases.
	Directory, Journal, Reports string
	// NATS is the folder of the embedded NATS, Prompts that of recordings.
	NATS, Prompts string
}

// ErrNobody is an id of which nothing was found. Nothing was changed.
var ErrNobody = errors.New("nothing is known about this id")

// Run erases a customer, who need not be in the directory, and adds an entry to the audit log. It may be repeated.
// ErrNobody comes with a receipt. A nil receipt means that it stopped, and the error whether something is erased
// already; an error with a receipt means that the audit log has no entry.
func Run(ctx context.Context, customer string, o Options) (*Receipt, error) {
	began := time.Now()
	receipt := &Receipt{Customer: customer, At: began.UTC(), Remains: []string{}}
	e := &eraser{Options: o, customer: customer, receipt: receipt}
	defer func() { e.traces.Wipe() }()
	if err := e.run(ctx); err != nil {
		if e.begun {
			err = fmt.Errorf("%w; some data is erased already: repeat the command", err)
		}
		return nil, err
	}
	e.receipt.Milliseconds = time.Since(began).Milliseconds()
	if e.receipt.Nobody() {
		return e.receipt, errors.Join(ErrNobody, o.Forget(ctx, customer))
	}
	return e.receipt, o.Audit(ctx, audit.Entry{Action: audit.Erased, Object: e.alias, Detail: e.receipt.sum()})
}

// eraser is one run.
type eraser struct {
	Options
	customer string
	receipt  *Receipt

	alias   string // in the audit log
	phones  []string
	traces  traces.Set
	serving bool // a service runs on these files
	begun   bool // something is erased
}

func (e *eraser) remains(format string, a ...any) {
	e.receipt.Remains = append(e.receipt.Remains, fmt.Sprintf(format, a...))
}

// run erases from the inside out: first the directory, so that no new call finds the customer; then the traces of
// calls, the journal before NATS, because the journal fills NATS; at last it searches the files.
func (e *eraser) run(ctx context.Context) error {
	unlock, err := e.lock()
	if err != nil {
		return errors.Join(err, e.Directory.Close())
	}
	defer unlock()
	j, err := e.openJournal(ctx) // first: a journal that cannot be changed is no reason to stop half-way
	if err != nil {
		return errors.Join(err, e.Directory.Close())
	}
	if err := errors.Join(e.fromDirectory(ctx), e.Directory.Close()); err != nil {
		return errors.Join(err, closeJournal(ctx, j))
	}
	e.begun = true
	calls, err := e.fromJournal(ctx, j)
	if err := errors.Join(err, closeJournal(ctx, j)); err != nil {
		return err
	}
	if err := e.fromNATS(ctx, calls); err != nil {
		e.remains("NATS: %v; it may still have data of the customer", err)
	}
	if err := e.fromReports(ctx, calls); err != nil {
		return err
	}
	_, _ = prompts.Open(e.Files.Prompts) // removes spoken names, after a minute at most
	return e.search(ctx)
}

// lock keeps a service from starting meanwhile, or notes that one runs.
func (e *eraser) lock() (unlock func(), err error) {
	unlock, err = datafile.Lock(e.Files.Lock)
	if errors.Is(err, datafile.ErrInUse) {
		e.serving = true
		return func() {}, nil
	}
	return unlock, err
}

func (e *eraser) fromDirectory(ctx context.Context) error {
	e.alias = e.Directory.Alias(e.customer)
	erased, err := e.Directory.Erased(ctx)
	if err != nil {
		return err
	}
	e.receipt.Before = erased != nil && erased(e.customer, time.Time{})
	phones, err := e.Directory.Phones(ctx, e.customer)
	if err != nil {
		return err
	}
	for _, p := range phones {
		e.phones = append(e.phones, p.E164)
	}
	e.receipt.Directory, e.traces, err = e.Directory.Erase(ctx, e.customer)
	e.receipt.Known = e.receipt.Directory["customers"]+e.receipt.Directory["habits"] > 0 // a CRM's customer has habits alone
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
