package session

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"countersign/session/event"
)

// Options configure a Runner. Journal, Prompts and Line are required.
type Options struct {
	Journal Journal
	Prompts Prompts
	// Line picks the service line of a call. It must never return nil.
	Line func(Call) *Line
	// Placeholders are numbers that stand for none, beside those that everybody knows.
	Placeholders Placeholders
	// Guard counts attempts across calls. Default: no limits.
	Guard Guard
	// Trunks counts calls without a key. Default: nobody does.
	Trunks Trunks
	// Calls keeps results for calls that come back, Tokens redeems and issues ID&V tokens; either may be nil.
	Calls  Calls
	Tokens Tokens
	// Habits remembers how verified customers like to be asked; nil remembers nothing.
	Habits Habits
	// Customer finds a customer by id, for calls that come back and for tokens. Required with Calls or Tokens.
	Customer func(ctx context.Context, id string) (c Customer, found bool, err error)
	// Prove signs what an event says about who the caller is; nil: nobody does.
	Prove func(event.Event) (proof string, err error)
	// Test marks all events: the calls are tests of staff, with a made-up customer.
	Test bool
	// Node names this process in the source of its events. Default "countersign".
	Node string
	// MaxDuration bounds our part of a call (docs/policy.md#whole-idv); default 180 s. A slow caller gets twice as much. The
	// dialplan's dead-man transfer must come later.
	MaxDuration time.Duration
	// MaxActions bounds the number of prompts and questions (docs/policy.md#whole-idv); default 60.
	MaxActions int
	// StateTimeout bounds a call's waits for shared state, all of them together: Calls, Tokens and the Guard's. After that
	// the call goes on without. Default 750 ms.
	StateTimeout time.Duration
	// Log gets a line when a call begins, is decided and ends; the last one tells the whole story. Default: no log.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

const (
	defaultMaxDuration  = 180 * time.Second
	defaultMaxActions   = 60
	defaultStateTimeout = 750 * time.Millisecond
	// handOverTimeout bounds the transfer, which may have to wait for a prompt to end.
	handOverTimeout = 30 * time.Second
	// journalTimeout bounds the wait for the verdict to be on disk. Without that the call goes on unverified. A journal that
	// cannot be written says so at once; one that is only busy with the calls of many others gets the time.
	journalTimeout = 15 * time.Second
)

// Runner runs calls. It has no state of its own, so one Runner serves any number of calls at once.
type Runner struct {
	journal      Journal
	prompts      Prompts
	line         func(Call) *Line
	placeholders Placeholders
	guard        Guard
	trunks       Trunks
	calls        Calls
	tokens       Tokens
	habits       Habits
	customer     func(context.Context, string) (Customer, bool, error)
	prove        func(event.Event) (string, error)
	source       string
	test         bool
	maxDuration  time.Duration
	maxActions   int
	stateTimeout time.Duration
	log          *slog.Logger
	now          func() time.Time
}

// NewRunner makes a Runner.
func NewRunner(o Options) *Runner {
	r := &Runner{
		journal: o.Journal, prompts: o.Prompts, line: o.Line, source: Source(o.Node), test: o.Test, maxDuration: o.MaxDuration,
		maxActions: o.MaxActions, stateTimeout: o.StateTimeout,
		log: o.Log, now: o.Now, placeholders: o.Placeholders, guard: o.Guard, trunks: o.Trunks, calls: o.Calls,
		tokens: o.Tokens, customer: o.Customer, habits: o.Habits, prove: o.Prove,
	}
	if r.guard == nil {
		r.guard = noGuard{}
	}
	if r.trunks == nil {
		r.trunks = noTrunks{}
	}
	if o.Node == "" {
		r.source = Source("countersign")
	}
	if r.maxDuration <= 0 {
		r.maxDuration = defaultMaxDuration
	}
	if r.maxActions <= 0 {
		r.maxActions = defaultMaxActions
	}
	if r.stateTimeout <= 0 {
		r.stateTimeout = defaultStateTimeout
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r
}

// Source is a node's name in the source of its events.
func Source(node string) string { return "/countersign/" + node }

// Run takes one answered call from its greeting to its hand-over. ctx ends when the caller hangs up or the telephone
// system is gone, with that as its cause. Run may be called from any number of goroutines.
func (r *Runner) Run(ctx context.Context, call Call, ch Channel) {
	defer call.Token.Wipe()
	ctx = WithStateBudget(withCall(ctx, call.ID), r.stateTimeout)
	bounded, extend, cancel := bounded(ctx, r.maxDuration)
	defer cancel()
	earlier := r.recall(bounded, call)
	if call.NeedLevel > Unknown && earlier.Line != "" {
		call.Line = earlier.Line // a step-up stays on the line that took the call
	}
	call.First = cmp.Or(earlier.First, call.ID)
	s := &Session{
		call: call, line: r.line(call), channel: ch, prompts: r.prompts, guard: r.guard, now: r.now,
		placeholders: r.placeholders,
		actionsLeft:  r.maxActions, earlier: earlier, extend: extend,
	}
	s.language = s.line.Languages[0]
	s.events = recorder{s: s, run: r}
	log := r.log.With("call", call.ID, "line", s.line.Name)
	s.reading = s.ReadPhone(call.Caller)
	s.call.Trust = call.TrustIn(s.line.Region)
	caller := s.reading.Told
	if s.Hidden() {
		caller = ""
	}
	log.Info("call begins", "channel", call.Channel, "caller", caller)
	s.events.record(event.CallStarted{
		Channel: call.Channel, CallerLast4: caller, CallerWithheld: s.Hidden(), Attestation: s.call.Trust.attestation(),
		Continues:    earlier.First,
		DialledLast4: LastFour(call.Dialled),
	})
	v := r.decide(bounded, s, log)
	end, cause := event.EndAbandoned, ""
	if v.gone == nil {
		r.announce(bounded, s, v, log)
		r.tellWait(bounded, s, v, log)
	}
	cancel()
	if v.gone == nil {
		end, v.gone = r.handOver(ctx, s, &v, log)
	}
	var hangup *HangupError
	switch {
	case errors.As(v.gone, &hangup):
		end, cause = event.EndAbandoned, hangup.Cause
		if !v.enough(s) {
			v.reason = event.ReasonHungUp
		}
	case v.gone != nil:
		end, v.reason = event.EndReleased, event.ReasonUnavailable
	}
	r.trunkEnded(s, end)
	customer, _ := s.Customer()
	ended := event.CallEnded{
		End: end, Status: v.status(), Level: int(v.level), Reason: v.reason, Customer: customer.ID, Methods: s.methods,
		Cause:        cause,
		Milliseconds: r.now().Sub(call.Started).Milliseconds(),
	}
	s.events.record(ended)
	r.rememberHabit(ctx, s, v)
	s.events.story.end(ctx, log, call.Channel, v.step, ended)
}
