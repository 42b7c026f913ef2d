package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/prompts"
	"countersign/reports/reportsdb"
	"countersign/session/guard"
	"countersign/store/audit"
	"countersign/store/customers"
	"countersign/store/journal"
	"countersign/store/sqlite"
	"countersign/store/traces"
)

func customersEraseCommand() *cli.Command {
	return &cli.Command{
		Name: "erase", Usage: "remove everything that is known of a customer, for good", ArgsUsage: "ID",
		Description: "Customer, numbers and secrets are removed; calls stay in journal and reports as calls of nobody, so that counts stay what they are; the events of these\n" +
			"calls are removed from NATS. It prints a receipt, and ends with 1 if anything remains. It works while countersign serve runs, and may be repeated. On other\n" +
			"machines with data of their own, run it there too. Backups, and the company's own system (backend), are not ours to change.\n" +
			"An id of less than 5 characters, or 8 digits, is only searched for in events, since it turns up by chance; databases are then written anew when the command runs\n" +
			"while countersign serve does not.",
		Flags: []cli.Flag{
			natsFlag(), authorFlag(),
			&cli.BoolFlag{Name: "yes", Usage: "do not ask first"},
			&cli.BoolFlag{Name: "json", Usage: "print the receipt as JSON"},
		},
		Action: customersErase,
	}
}

// receipt says what was found of a customer, and removed.
type receipt struct {
	Customer string `json:"customer"`
	// Known is false if the customer was not in the local directory.
	Known bool      `json:"known"`
	At    time.Time `json:"at"`
	// Milliseconds is how long it took.
	Milliseconds int64             `json:"ms"`
	Directory    customers.Removed `json:"directory"`
	Journal      struct {
		Calls  int `json:"calls"`
		Events int `json:"events"`
	} `json:"journal"`
	NATS struct {
		bus.Erased
		// Attempts is whether attempts at the customer's secrets were on record.
		Attempts bool `json:"attempts"`
	} `json:"nats"`
	Reports struct {
		Calls int `json:"calls"`
	} `json:"reports"`
	// Searched is what was looked through afterwards, byte by byte.
	Searched traces.Searched `json:"searched"`
	// Remains says what could not be removed, and what to do.
	Remains []string `json:"remains"`
}

func customersErase(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	e := &eraser{c: c, cfg: cfg, customer: c.Args().First(), receipt: receipt{Customer: c.Args().First(), At: time.Now().UTC(), Remains: []string{}}}
	if err := e.confirm(); err != nil {
		return err
	}
	began := time.Now()
	if err := e.run(); err != nil {
		return fmt.Errorf("%w; what was erased until then is, so repeat the command", err)
	}
	e.receipt.Milliseconds = time.Since(began).Milliseconds()
	err = auditDone(c, cfg, audit.Erased, e.alias, e.receipt.sum())
	if c.Bool("json") {
		err = errors.Join(err, json.NewEncoder(c.App.Writer).Encode(e.receipt))
	} else {
		e.receipt.print(c)
	}
	if len(e.receipt.Remains) > 0 {
		err = errors.Join(fmt.Errorf("not everything is erased; repeat the command when that is put right"), err)
	}
	return err
}

// eraser is one run of the command.
type eraser struct {
	c        *cli.Context
	cfg      config
	customer string
	receipt  receipt

	alias   string // in the audit log
	phones  []string
	traces  traces.Set
	serving bool // a service runs on these data
	guard   []byte
	state   []byte
}

// confirm asks a person, unless they said so already.
func (e *eraser) confirm() error {
	if e.c.Bool("yes") {
		return nil
	}
	fmt.Fprintf(e.c.App.ErrWriter, "Everything that is known of the customer %s will be removed for good. Repeat the id to go on: ", printable(e.customer))
	line, _ := bufio.NewReader(e.c.App.Reader).ReadString('\n')
	if strings.TrimRight(line, "\r\n") != e.customer {
		fmt.Fprintln(e.c.App.ErrWriter)
		return errors.New("that is not the id; nothing was changed (--yes does not ask)")
	}
	return nil
}

func (e *eraser) remains(format string, a ...any) {
	e.receipt.Remains = append(e.receipt.Remains, fmt.Sprintf(format, a...))
}

// run erases from the inside out: first who the customer is, so that no new call finds them; then what calls left, the journal before NATS, because the one fills
// the other; at last the files are searched.
func (e *eraser) run() error {
	defer func() { e.traces.Wipe() }()
	unlock, err := datafile.Lock(filepath.Join(e.cfg.data, "lock"))
	switch {
	case errors.Is(err, datafile.ErrInUse):
		e.serving = true
	case err != nil:
		return err
	default:
		defer unlock()
	}
	if err := e.fromDirectory(); err != nil {
		return err
	}
	calls, err := e.fromJournal()
	if err != nil {
		return err
	}
	if err := e.fromNATS(calls); err != nil {
		e.remains("NATS: %v; what it has of the customer may still be there", err)
	}
	if err := e.fromReports(calls); err != nil {
		return err
	}
	_, _ = prompts.Open(e.cfg.promptsDir()) // which removes names that were spoken, a minute later at the most
	return e.search()
}

func (e *eraser) fromDirectory() error {
	return withDirectory(e.c, func(_ config, d *customers.Directory) (err error) {
		e.alias, e.guard, e.state = d.Alias(e.customer), d.PepperKey(guardKey), d.PepperKey(stateKey)
		phones, err := d.Phones(e.c.Context, e.customer)
		if err != nil {
			return err
		}
		for _, p := range phones {
			e.phones = append(e.phones, p.E164)
		}
		e.receipt.Directory, e.traces, err = d.Erase(e.c.Context, e.customer)
		e.receipt.Known = e.receipt.Directory["customers"] > 0
		return err
	})
}

// relayWithin is how long the service may take to publish what was in the outbox, and to count what it has read from NATS.
const relayWithin = 10 * time.Second

func (e *eraser) fromJournal() (calls []string, err error) {
	if !exists(e.cfg.journalPath()) {
		return nil, nil
	}
	j, err := journal.Open(e.c.Context, e.cfg.journalPath(), journal.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close(context.WithoutCancel(e.c.Context))) }()
	found, err := j.Erase(e.c.Context, e.customer)
	if err != nil {
		return nil, err
	}
	e.receipt.Journal.Calls, e.receipt.Journal.Events = len(found.Calls), found.Events
	if found.Running > 0 && e.serving {
		e.remains("%s of the customer is going on and will name them again: repeat the command when it is over", counted(found.Running, "call"))
	}
	if found.Unpublished > 0 && e.serving { // what the relay has read already names the customer
		ctx, cancel := context.WithTimeout(e.c.Context, relayWithin)
		defer cancel()
		if err := j.AwaitPublished(ctx, found.Unpublished); err != nil {
			e.remains("events of the customer may be on their way to NATS: repeat the command when NATS has them")
		}
	}
	return found.Calls, nil
}

// fromNATS erases from the NATS that the service uses. While no service runs the embedded one is started for it.
func (e *eraser) fromNATS(calls []string) error {
	if e.cfg.NATS.URL != "" || e.c.String("nats") != "" || e.serving {
		endpoint, err := natsEndpoint(e.c, e.cfg)
		if err != nil {
			return err
		}
		return e.fromState(endpoint, calls)
	}
	if !exists(e.cfg.natsDir()) {
		return nil
	}
	embedded, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: e.cfg.natsDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer embedded.Shutdown()
	return e.fromState(embedded.Endpoint(), calls)
}

func (e *eraser) fromState(endpoint bus.Endpoint, calls []string) error {
	log := slog.New(slog.DiscardHandler)
	state, err := bus.OpenState(endpoint, bus.StateOptions{Node: e.cfg.Node, Key: e.state, Within: time.Duration(e.cfg.NATS.Timeout), Log: log})
	if err != nil {
		return err
	}
	defer state.Close()
	ready, cancel := context.WithTimeout(e.c.Context, 10*time.Second)
	defer cancel()
	if err := state.Ready(ready); err != nil {
		return err
	}
	g, err := guard.New(guard.Options{Store: state.Guard(), Key: e.guard, Rules: e.cfg.Guard, Within: time.Duration(e.cfg.NATS.Timeout), Log: log})
	if err != nil {
		return err
	}
	attempts, err := g.Attempts(e.c.Context, e.customer)
	if err != nil {
		return err
	}
	e.receipt.NATS.Attempts = attempts.Failures > 0
	if _, err := g.Unlock(e.c.Context, e.customer); err != nil {
		return err
	}
	for _, number := range e.phones {
		if _, err := g.UnlockCaller(e.c.Context, number); err != nil {
			return err
		}
	}
	if e.serving {
		if err := e.awaitReports(state); err != nil {
			return err
		}
	}
	bar := newProgress(e.c.App.ErrWriter, "erasing", "events", 0)
	defer bar.done()
	e.receipt.NATS.Erased, err = state.Erase(e.c.Context, e.customer, calls, func(done, _ int) { bar.at(done, 0) })
	return err
}

// fromReports first gives the reports all that the journal has of the calls. They are complete then and still count, and whatever the service holds of their events in its hands
// is a duplicate: NATS takes events that are deleted for acknowledged, so it cannot be waited for.
func (e *eraser) fromReports(calls []string) (err error) {
	if !exists(e.cfg.reportsPath()) {
		return nil
	}
	r, err := reportsdb.Open(e.c.Context, e.cfg.reportsPath(), reportsdb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if len(calls) > 0 {
		if err := countFromJournal(e.c.Context, e.cfg, r, journal.ExportOptions{Calls: calls}); err != nil {
			return err
		}
	}
	e.receipt.Reports.Calls, err = r.Erase(e.c.Context, e.customer)
	return err
}

// awaitReports waits until the reports have counted what they have read from NATS already, of calls on other machines too.
func (e *eraser) awaitReports(state *bus.State) (err error) {
	if !exists(e.cfg.reportsPath()) {
		return nil
	}
	r, err := reportsdb.Open(e.c.Context, e.cfg.reportsPath(), reportsdb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	consumer, err := r.Consumer(e.c.Context)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.c.Context, relayWithin)
	defer cancel()
	return state.AwaitConsumer(ctx, consumer)
}

// search proves it: logs of databases are emptied, databases that still hold traces of what was deleted are written anew, and then no file may.
func (e *eraser) search() error {
	var databases []string
	for _, path := range []string{e.cfg.directoryPath(), e.cfg.journalPath(), e.cfg.reportsPath()} {
		if exists(path) {
			databases = append(databases, path)
		}
	}
	rewrite := func(path string, vacuum bool) {
		if err := sqlite.Rewrite(e.c.Context, path, vacuum); err != nil {
			e.remains("%s: %v; it may still hold traces of what was deleted", path, err)
		}
	}
	for _, path := range databases {
		rewrite(path, false)
	}
	first, err := traces.Search(e.c.Context, e.traces, e.cfg.data)
	if err != nil {
		return err
	}
	for _, path := range databases {
		// What is deleted is overwritten; copies may be left where SQLite moved rows. Of a short id nobody can tell, and calls do not wait to make sure of it.
		if slices.Contains(first.Found, path) || !e.serving && !traces.Traceable(e.customer) {
			rewrite(path, true)
		}
	}
	if e.receipt.Searched, err = traces.Search(e.c.Context, e.traces, e.cfg.data); err != nil {
		return err
	}
	for _, path := range e.receipt.Searched.Found {
		switch inside, _ := filepath.Rel(e.cfg.natsDir(), path); {
		case fs.ValidPath(filepath.ToSlash(inside)):
			e.remains("%s holds events that ran out already; NATS removes the file when all events in it have run out, and nats stream purge does at once", path)
		default:
			e.remains("%s still names the customer", path)
		}
	}
	for _, path := range e.receipt.Searched.Compressed {
		e.remains("%s is compressed and cannot be searched: it may name the customer; look into it, and delete it or move it out of %s", path, e.cfg.data)
	}
	return nil
}

// sum is the receipt without who it is about.
func (r receipt) sum() string {
	rows := 0
	for _, n := range r.Directory {
		rows += n
	}
	s := fmt.Sprintf("directory: %s; journal: %s; nats: %s; reports: %s", counted(rows, "row"), counted(r.Journal.Calls, "call"),
		counted(r.NATS.Events, "event"), counted(r.Reports.Calls, "call"))
	if len(r.Remains) > 0 {
		s += "; not everything"
	}
	return s
}

func (r receipt) print(c *cli.Context) {
	if !r.Known {
		fmt.Fprintf(c.App.Writer, "there is no customer %q in the directory; everything else was searched\n", r.Customer)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "erased\t%s\t%s, in %s\n", printable(r.Customer), r.At.Local().Format(time.DateTime), seconds(r.Milliseconds))
	d := r.Directory
	fmt.Fprintf(w, "directory\t%s\t%s, %s, %s\n", counted(d["customers"], "customer"), counted(d["phones"], "phone"), counted(d["identifiers"], "identifier"),
		counted(d["credentials"]+d["sealed"], "secret"))
	fmt.Fprintf(w, "journal\t%s\t%s now name nobody\n", counted(r.Journal.Calls, "call"), counted(r.Journal.Events, "event"))
	attempts := "no attempts"
	if r.NATS.Attempts {
		attempts = "attempts"
	}
	fmt.Fprintf(w, "NATS\t%s\t%s, %s, %s\n", counted(r.NATS.Events, "event"), counted(r.NATS.Calls, "remembered call"), counted(r.NATS.Tokens, "token"), attempts)
	fmt.Fprintf(w, "reports\t%s\tnow of nobody\n", counted(r.Reports.Calls, "call"))
	fmt.Fprintf(w, "searched\t%s\t%d MB, %s\n", counted(r.Searched.Files, "file"), r.Searched.Bytes>>20, counted(len(r.Searched.Found), "trace"))
	_ = w.Flush()
	for _, s := range r.Remains {
		fmt.Fprintln(c.App.Writer, "remains: "+printable(s))
	}
}
