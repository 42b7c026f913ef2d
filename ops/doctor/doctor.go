// Package doctor answers "what does Countersign need on this machine, and what must an operator do?". It checks files,
// databases and services on the network, by using them: it writes to the disk and to NATS, reads that back and removes
// it. It starts, stops and repairs nothing.
package doctor

import (
	"context"
	"fmt"
	"time"

	"countersign/backend"
	"countersign/backend/email"
	"countersign/backend/recogniser"
	"countersign/backend/sms"
	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/freeswitch"
	"countersign/prompts"
	"countersign/store/customers"
)

// defaultTimeout bounds the wait for each answer from the network, unless Options say otherwise.
const defaultTimeout = 3 * time.Second

// State says how bad a finding is.
type State string

// The states of a finding.
const (
	OK      State = "ok"
	Note    State = "note"    // works, could be better
	Problem State = "problem" // must be fixed
	Skipped State = "skipped" // could not be checked
)

// Finding is one thing that a check found.
type Finding struct {
	Check  string `json:"check"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	// Do says what to do about it.
	Do string `json:"do,omitempty"`
}

func ok(format string, a ...any) Finding {
	return Finding{State: OK, Detail: fmt.Sprintf(format, a...)}
}

func note(do, format string, a ...any) Finding {
	return Finding{State: Note, Detail: fmt.Sprintf(format, a...), Do: do}
}

func problem(do, format string, a ...any) Finding {
	return Finding{State: Problem, Detail: fmt.Sprintf(format, a...), Do: do}
}

func skipped(format string, a ...any) Finding {
	return Finding{State: Skipped, Detail: fmt.Sprintf(format, a...)}
}

// Files are the paths of this machine's databases and its pepper. They need not exist.
type Files struct{ Customers, Pepper, Journal, Attempts, Audit, Reports, Lines, Trunks string }

// Options are the settings of the service on this machine.
type Options struct {
	// Data is the folder of --data. Flags are the common flags of commands that an operator is told to run, such as
	// "--data /var/lib/countersign", if they need any.
	Data  string
	Flags string
	Files Files
	// Settings is the file of the settings, or "". Keys are other files that nobody else may read, Certificates the private
	// keys of certificates.
	Settings           string
	Keys, Certificates []string
	// Hash is customers.hash.
	Hash string

	// Share is what this machine does for the customers of several machines, StaleAfter how old those of a replica may be.
	Share      customers.Role
	StaleAfter time.Duration

	// Prompts is the folder of the prompts. OwnPrompts: the operator fills it.
	Prompts    string
	OwnPrompts bool
	Voices     prompts.Voices

	// Socket is where the service listens for FreeSWITCH, HOST:PORT.
	Socket string
	// FreeSWITCH is its configuration folder; empty: look in the usual places.
	FreeSWITCH   string
	EventSockets []freeswitch.Server

	// NATS returns its endpoint, or the error in its settings.
	NATS func() (bus.Endpoint, error)
	// EmbeddedNATS is the address of the NATS inside the service; empty with an external one.
	EmbeddedNATS string
	// State calls use with the shared state in NATS, or returns an error.
	State func(ctx context.Context, use func(context.Context, *bus.State) error) error
	// SamePepper compares this machine's pepper with that of the others, by keys derived from it. It writes nothing to
	// NATS.
	SamePepper func(ctx context.Context, s *bus.State, key func(label string) []byte) (bool, error)

	// OpenAPI is where the API listens, if other machines reach it there. UnscopedKeys are those whose settings do not say
	// what they may do.
	OpenAPI      string
	UnscopedKeys []string

	Backend backend.Settings // no URL: none
	SMS     sms.Settings     // no URL: none
	Email   email.Settings   // no server: none
	Speech  recogniser.Settings
	// Webhooks by name.
	Webhooks map[string]webhook.Settings
	// CodeCalls: code_calls.dial is set.
	CodeCalls bool
	// Page says that customers have a page of their own.
	Page bool
	// Queues are those of wallboard.queues.
	Queues []string
	// Region is line.region.
	Region string
	// Schedules is how many reports are scheduled, ReportFolders where they are written.
	Schedules     int
	ReportFolders []string

	// Timeout bounds the wait for each answer from the network. Default 3 s.
	Timeout time.Duration

	// userOfFreeSWITCH is who runs FreeSWITCH. For tests; default: who does on this machine.
	userOfFreeSWITCH func(conf string) (uid int, known bool)
}

// command is a command of ours, for an operator to copy.
func (o Options) command(args string) string {
	if o.Flags != "" {
		args += " " + o.Flags
	}
	return "countersign " + args
}

// check checks one thing. It may return several findings.
type check struct {
	name string
	run  func(context.Context, Options) []Finding
	// asksNATS: skip it when NATS does not answer; it would only wait.
	asksNATS bool
}

// checks are all checks, in the order of their findings.
var checks = []check{
	{name: "data", run: dataFolderIsWritable},
	{name: "customers", run: customersAreOnFile},
	{name: "backend", run: backendAnswers},
	{name: "sms", run: gatewayIsBounded},
	{name: "email", run: mailServerTakesLogin},
	{name: "speech", run: recognisersUnderstand},
	{name: "databases", run: databasesAreWhole},
	{name: "journal", run: outboxIsEmpty},
	{name: "audit", run: auditLogIsUnchanged},
	{name: "schedules", run: scheduledReportsSucceeded},
	{name: "prompts", run: promptsArePlayable},
	{name: "socket", run: serviceListens},
	{name: "api", run: apiIsGuarded},
	{name: natsCheck, run: natsAnswers},
	{name: "pepper", run: pepperIsTheSame, asksNATS: true},
	{name: "source", run: customersArePublished, asksNATS: true},
	{name: "lines", run: linesCompile, asksNATS: true},
	{name: "reports", run: eventsAreCounted, asksNATS: true},
	{name: "webhooks", run: webhooksAreDelivered, asksNATS: true},
	{name: "freeswitch", run: dialplanIsInstalled},
	{name: "trunks", run: trunksBringKeys},
	{name: "recordings", run: recordingsCanBeMasked},
	{name: "step-up", run: eventSocketsTakeCommands},
	{name: "keys", run: keysAreClosed},
	{name: "network", run: listenersAreClosed},
	{name: "password", run: eventSocketsAreGuarded},
	{name: "clock", run: clockIsSet},
}

// Run makes all checks.
func Run(ctx context.Context, o Options) (all []Finding) {
	natsAway := false
	for _, c := range checks {
		if c.asksNATS && natsAway {
			c.run = skip
		}
		found := c.findings(ctx, o)
		all = append(all, found...)
		if c.name == natsCheck {
			natsAway = found[0].State != OK
		}
	}
	return all
}

func skip(context.Context, Options) []Finding { return []Finding{skipped("NATS does not answer")} }

// findings runs the check.
func (c check) findings(ctx context.Context, o Options) []Finding {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.userOfFreeSWITCH == nil {
		o.userOfFreeSWITCH = userOfFreeSWITCH
	}
	found := c.run(ctx, o)
	for i := range found {
		found[i].Check = c.name
	}
	return found
}

// Problems is how many of the findings must be fixed.
func Problems(all []Finding) (n int) {
	for _, f := range all {
		if f.State == Problem {
			n++
		}
	}
	return n
}
