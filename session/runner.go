package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"countersign/session/event"
)

// Options are what a Runner needs. Journal, Prompts and Line are required.
type Options struct {
	Journal Journal
	Prompts Prompts
	// Line picks the service line of a call. It must return one for every call.
	Line func(Call) *Line
	// Node names this process in the source of its events. Default "countersign".
	Node string
	// MaxDuration bounds what we do on a call before it is handed on; default 180 s (policy.md, "Whole ID&V"). The dialplan's dead-man
	// transfer must come later.
	MaxDuration time.Duration
	// MaxActions bounds how often a call is spoken to; default 60 (policy.md).
	MaxActions int
	// Log gets a line when a call begins, is decided and ends. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

const (
	defaultMaxDuration = 180 * time.Second
	defaultMaxActions  = 60
	// handOverTimeout bounds the transfer. A prompt may still be playing when the call has taken too long: the transfer waits behind it.
	handOverTimeout = 30 * time.Second
	// journalTimeout is how long a call waits for its verdict to be on disk before it is handed on all the same.
	journalTimeout = 500 * time.Millisecond
)

// Runner runs calls. It keeps no state of a call, so one Runner serves any number of calls at once.
type Runner struct {
	journal     Journal
	prompts     Prompts
	line        func(Call) *Line
	source      string
	maxDuration time.Duration
	maxActions  int
	log         *slog.Logger
	now         func() time.Time
}

// NewRunner makes a Runner.
func NewRunner(o Options) *Runner {
	r := &Runner{
		journal: o.Journal, prompts: o.Prompts, line: o.Line, source: Source(o.Node), maxDuration: o.MaxDuration, maxActions: o.MaxActions,
		log: o.Log, now: o.Now,
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
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r
}

// Source is how a node names itself in its events.
func Source(node string) string { return "/countersign/" + node }

// Run takes one answered call from its greeting to its hand-over, and returns when our part of it is over. ctx ends when the caller hangs up
// or the telephone system is gone, with that as its cause. Run may be called from any number of goroutines.
func (r *Runner) Run(ctx context.Context, call Call, ch Channel) {
	s := &Session{call: call, line: r.line(call), channel: ch, prompts: r.prompts, now: r.now, actionsLeft: r.maxActions}
	s.events = recorder{s: s, run: r}
	log := r.log.With("call", call.ID, "line", s.line.Name)
	log.Info("call begins", "channel", call.Channel, "caller", LastFour(call.Caller))
	s.events.record(event.CallStarted{
		Channel: call.Channel, CallerLast4: LastFour(call.Caller), CallerWithheld: call.Withheld, DialledLast4: LastFour(call.Dialled),
	})

	bounded, cancel := context.WithTimeoutCause(ctx, r.maxDuration, ErrTooLong)
	v := r.decide(bounded, s, log)
	end, cause := event.EndAbandoned, ""
	if v.gone == nil {
		r.announce(bounded, s, v, log)
	}
	cancel()
	if v.gone == nil {
		end, v.gone = r.handOver(ctx, s, v, log)
	}
	var hangup *HangupError
	switch {
	case errors.As(v.gone, &hangup):
		end, cause = event.EndAbandoned, hangup.Cause
		if v.status() != event.StatusVerified {
			v.reason = event.ReasonHungUp
		}
	case v.gone != nil:
		end, v.reason = event.EndReleased, event.ReasonUnavailable
	}
	customer, _ := s.Customer()
	s.events.record(event.CallEnded{
		End: end, Status: v.status(), Level: int(v.level), Reason: v.reason, Customer: customer.ID, Methods: s.methods, Cause: cause,
		Milliseconds: r.now().Sub(call.Started).Milliseconds(),
	})
	log.Info("call ends", "end", end, "status", v.status(), "reason", v.reason)
}

// verdict is what a call has come to.
type verdict struct {
	level    Level
	required Level
	reason   event.Reason
	step     string // where it ended, if it did not go well
	gone     error  // the caller or the line is gone: there is nobody left to hand on
}

// status never says more than was proven: a line that asks for level 3 does not call level 2 verified.
func (v verdict) status() event.Status {
	if v.level >= Verified && v.level < v.required {
		return event.StatusIdentified
	}
	return v.level.Status()
}

// decide runs the line's steps until its level is reached or there is nothing left to try, and journals the verdict.
func (r *Runner) decide(ctx context.Context, s *Session, log *slog.Logger) verdict {
	v := verdict{required: s.line.Level}
	if v.required < Verified {
		v.required = Verified
	}
	v.reason, v.step, v.gone = r.walk(ctx, s, v.required, log)
	v.level = s.Level()
	if v.gone != nil {
		return v
	}
	customer, _ := s.Customer()
	pop := s.line.popURL(s.call.ID, customer.ID, v.status())
	if v.status() == event.StatusVerified {
		v.reason = event.ReasonOK
		s.events.record(event.Verified{
			Customer: customer.ID, Name: customer.Name, Methods: s.methods, Status: v.status(), Level: int(v.level), PopURL: pop,
		})
	} else {
		s.events.record(event.Failed{
			Step: v.step, Reason: v.reason, Status: v.status(), Level: int(v.level), Customer: customer.ID, PopURL: pop,
		})
	}
	log.Info("call decided", "status", v.status(), "level", int(v.level), "reason", v.reason, "step", v.step)
	return v
}

// walk goes through greeting, identification and verification. gone is set when the caller or the line is no longer there.
func (r *Runner) walk(ctx context.Context, s *Session, required Level, log *slog.Logger) (why event.Reason, at string, gone error) {
	why = event.ReasonNotEnrolled // a line without a question that this customer could answer
	try := func(step Step) (goOn bool) {
		if step == nil {
			return true
		}
		out, err := r.step(ctx, s, step, log)
		switch {
		case err != nil && isGone(err):
			gone, at = err, step.Name()
			return false
		case errors.Is(err, ErrTooLong), errors.Is(err, ErrTooManyActions):
			why, at = event.ReasonTooLong, step.Name()
			return false
		case err != nil:
			why, at = event.ReasonUnavailable, step.Name()
			return false
		}
		if out.Reason != "" {
			why, at = out.Reason, step.Name()
		}
		return out.Result != event.StepOptedOut
	}
	if !try(s.line.Greeting) {
		return why, at, gone
	}
	for _, step := range s.line.Identify {
		if s.customer != nil {
			break
		}
		if !try(step) {
			return why, at, gone
		}
	}
	if s.customer == nil {
		return why, at, nil
	}
	for _, step := range s.line.Verify {
		if s.Level() >= required {
			break
		}
		if !try(step) {
			return why, at, gone
		}
	}
	return why, at, nil
}

// step runs one step, journals it, and takes over what it learned.
func (r *Runner) step(ctx context.Context, s *Session, step Step, log *slog.Logger) (out Outcome, err error) {
	started := r.now()
	s.attempts = nil
	s.events.record(event.StepStarted{Step: step.Name()})
	out, err = runStep(ctx, s, step)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause // why the context ended, whatever the step made of it
	}
	if out.Result == "" {
		out.Result = event.StepPassed
	}
	switch {
	case err != nil && isGone(err):
		out = Outcome{Result: event.StepAbandoned, Reason: event.ReasonHungUp}
		if !isHangup(err) {
			out = Outcome{Result: event.StepError, Reason: event.ReasonUnavailable}
		}
	case errors.Is(err, ErrTooLong), errors.Is(err, ErrTooManyActions):
		out = Outcome{Result: event.StepFailed, Reason: event.ReasonTooLong}
	case err != nil:
		out = Outcome{Result: event.StepError, Reason: event.ReasonUnavailable}
		log.Error("step broke", "step", step.Name(), "err", err)
	}
	s.events.record(event.StepFinished{
		Step: step.Name(), Result: out.Result, Reason: out.Reason, Milliseconds: r.now().Sub(started).Milliseconds(), Attempts: s.attempts,
	})
	if err == nil {
		s.learn(out)
	}
	return out, err
}

// runStep turns a panic in a step into an error: it ends that call at an agent and nothing else.
func runStep(ctx context.Context, s *Session, step Step) (out Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = Outcome{}, fmt.Errorf("panic in step %s: %v\n%s", step.Name(), p, debug.Stack())
		}
	}()
	return step.Run(ctx, s)
}

// learn is the only place where a caller becomes somebody, or proves it.
func (s *Session) learn(out Outcome) {
	if out.Result != event.StepPassed {
		return
	}
	if out.Customer != nil && s.customer == nil {
		s.customer = out.Customer
		s.methods = append(s.methods, out.Method)
		level := s.Level()
		s.events.record(event.Identified{
			Customer: out.Customer.ID, Name: out.Customer.Name, Method: out.Method, Status: level.Status(), Level: int(level),
			PopURL: s.line.popURL(s.call.ID, out.Customer.ID, level.Status()),
		})
	}
	if out.Proven != NoFactor && s.customer != nil {
		s.proven = append(s.proven, out.Proven)
		s.methods = append(s.methods, out.Method)
	}
}

// announce tells the caller how it went. Nothing that goes wrong here may keep them from the person they are going to.
func (r *Runner) announce(ctx context.Context, s *Session, v verdict, log *slog.Logger) {
	step := s.line.Failure
	if v.status() == event.StatusVerified {
		step = s.line.Confirmation
	}
	s.queued = s.queued[:0]
	if step == nil || v.reason == event.ReasonTooLong || ctx.Err() != nil {
		return
	}
	_, _ = r.step(ctx, s, step, log)
}

// handOver sends the call on. gone is set if there was nobody left to send.
func (r *Runner) handOver(ctx context.Context, s *Session, v verdict, log *slog.Logger) (end event.End, gone error) {
	if err := context.Cause(ctx); err != nil {
		return event.EndReleased, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, handOverTimeout, ErrTooLong)
	defer cancel()
	syncing, done := context.WithTimeout(ctx, journalTimeout)
	if err := r.journal.Sync(syncing); err != nil && ctx.Err() == nil {
		log.Error("the verdict is not on disk yet, the call goes on all the same", "err", err)
	}
	done()
	outcome, to := s.line.Routes.For(v.status())
	if err := s.channel.Transfer(ctx, s.handover(v, to)); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		if !isHangup(err) {
			log.Error("transfer failed, the dialplan takes the caller on", "to", to.String(), "err", err)
		}
		return event.EndReleased, err
	}
	s.events.record(event.Routed{Outcome: outcome, Destination: to.String(), Status: v.status(), Level: int(v.level), Reason: v.reason})
	return event.EndRouted, nil
}

// handover is the result as the next application and the next leg see it (design.md §3.3).
func (s *Session) handover(v verdict, to Destination) Handover {
	customer, _ := s.Customer()
	methods := make([]string, len(s.methods))
	for i, m := range s.methods {
		methods[i] = string(m)
	}
	level := strconv.Itoa(int(v.level))
	return Handover{
		To: to,
		Variables: []Variable{
			{"cs_call", s.call.ID}, {"cs_status", string(v.status())}, {"cs_level", level}, {"cs_reason", string(v.reason)},
			{"cs_methods", strings.Join(methods, ",")}, {"cs_customer", customer.ID},
		},
		Headers: []Variable{
			{"X-Countersign-Call", s.call.ID}, {"X-Countersign-Status", string(v.status())}, {"X-Countersign-Level", level},
			{"X-Countersign-Customer", customer.ID},
		},
	}
}

func isHangup(err error) bool {
	var h *HangupError
	return errors.As(err, &h)
}

// isGone says that there is no caller left on our side of the line.
func isGone(err error) bool {
	return isHangup(err) || errors.Is(err, ErrLineLost) || errors.Is(err, ErrDraining)
}
