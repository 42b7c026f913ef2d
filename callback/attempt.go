package callback

import (
	"context"
	"sync/atomic"

	"countersign/internal/retry"
	"countersign/session/event"
)

// attempt is one attempt to reach a customer, from the agent's telephone to the end of the conversation.
type attempt struct {
	*Dialler
	c Callback // as it was when this process began
	r Running
	// takenOver: another process began it.
	takenOver bool
}

// run goes on from the state of the callback. It leaves the calls alone if ctx ends: FreeSWITCH keeps them, and the next
// process takes over.
func (a *attempt) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a.calls.Go(func() { a.keepLease(ctx, a.c.ID, cancel) })
	switch {
	case a.c.State != Taken:
		a.resume(ctx)
	case a.takenOver: // nobody has rung the customer; the agent takes it again
		a.o.Switch.Kill(a.r.AgentChannel)
		a.backToDue(ctx)
	default:
		a.dial(ctx)
	}
}

func (a *attempt) dial(ctx context.Context) {
	ringing, cancel := context.WithTimeout(ctx, TakenFor)
	err := a.o.Switch.RingAgent(ringing, a.r.Agent.Telephone, a.r.AgentChannel)
	cancel()
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.o.Log.Info("an agent was not reached for a callback", "callback", a.c.ID, "agent", a.r.Agent.ID, "err", err)
		a.o.Switch.Kill(a.r.AgentChannel)
		a.backToDue(ctx)
		return
	}
	// Noted before it rings: from here on this attempt counts, and its channel is never rung again.
	_, ok := a.change(ctx, a.c.ID, func(c *Callback) error {
		if !a.mine(c, Taken) {
			return errNothing
		}
		c.to(Ringing, a.o.Now(), RingingFor)
		return nil
	})
	if !ok {
		a.o.Switch.Kill(a.r.AgentChannel)
		return
	}
	ringing, cancel = context.WithTimeout(ctx, RingingFor)
	defer cancel()
	var agentGone atomic.Bool
	a.calls.Go(func() {
		for retry.Pause(ringing, pollEvery) == nil {
			if there, _, err := a.o.Switch.Exists(ringing, a.r.AgentChannel); err == nil && !there {
				agentGone.Store(true)
				cancel()
				return
			}
		}
	})
	err = a.o.Switch.RingCustomer(ringing, a.c.Number, a.r.Channel, a.r.AgentChannel)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && ringing.Err() != nil && agentGone.Load():
		a.o.Switch.Kill(a.r.Channel)
		a.end(ctx, event.CallbackAgentGone)
	case err != nil:
		a.o.Switch.Kill(a.r.Channel)
		a.end(ctx, outcomeOf(err))
	default:
		cancel()
		a.follow(ctx)
	}
}

// resume goes on with a call that another process had placed.
func (a *attempt) resume(ctx context.Context) {
	there, bridged, err := a.o.Switch.Exists(ctx, a.r.Channel)
	for ; err != nil; there, bridged, err = a.o.Switch.Exists(ctx, a.r.Channel) {
		if retry.Pause(ctx, pollEvery) != nil {
			return
		}
	}
	if there && bridged && a.c.State == Ringing { // FreeSWITCH connected them while nobody was there
		a.talks(ctx, a.c.ID, a.r.Channel)
	}
	a.follow(ctx)
}

// follow waits for the end of the customer's call.
func (a *attempt) follow(ctx context.Context) {
	for {
		if retry.Pause(ctx, pollEvery) != nil {
			return
		}
		c, err := a.o.Book.Get(a.c.ID)
		if err != nil || c.Now == nil || c.Now.Channel != a.r.Channel {
			return
		}
		there, bridged, err := a.o.Switch.Exists(ctx, a.r.Channel)
		switch {
		case err != nil: // asked again
		case there && bridged && c.State == Ringing:
			a.talks(ctx, a.c.ID, a.r.Channel)
		case there && a.o.Now().After(c.Until):
			a.o.Switch.Kill(a.r.Channel)
		case there:
		case c.State == Talking:
			a.end(ctx, event.CallbackTalked)
			return
		case c.Now.Later:
			a.end(ctx, event.CallbackLater)
			return
		case !c.Now.Answered.IsZero(), a.c.State == Taken: // in the latter this process rang, and saw the answer
			a.end(ctx, event.CallbackNoKey)
			return
		default:
			a.lost(ctx)
			return
		}
	}
}

// lost asks the agent what became of a call that ended while Countersign was away.
func (a *attempt) lost(ctx context.Context) {
	a.o.Switch.Kill(a.r.AgentChannel)
	a.change(ctx, a.c.ID, func(c *Callback) error {
		if !a.mine(c, Ringing) {
			return errNothing
		}
		c.to(Unclear, a.o.Now(), UnclearFor)
		return nil
	})
}

// end ends the attempt.
func (a *attempt) end(ctx context.Context, outcome event.CallbackOutcome) {
	if outcome != event.CallbackTalked {
		a.o.Switch.Kill(a.r.AgentChannel)
	}
	a.change(ctx, a.c.ID, func(c *Callback) error {
		if c.Now == nil || c.Now.Channel != a.r.Channel || c.State != Ringing && c.State != Talking {
			return errNothing
		}
		now, after := a.o.Now(), RetryAfter
		if outcome == event.CallbackLater {
			after = LaterAfter
		}
		c.over(outcome, now, a.o.Book.o.Windows().nextOpen(now.Add(after)))
		return nil
	})
}

// backToDue offers a callback again whose customer was not rung.
func (a *attempt) backToDue(ctx context.Context) {
	a.change(ctx, a.c.ID, func(c *Callback) error {
		if !a.mine(c, Taken) {
			return errNothing
		}
		c.Now = nil
		c.offer(a.o.Now())
		return nil
	})
}

// mine says whether a callback is still where this attempt left it.
func (a *attempt) mine(c *Callback, s State) bool {
	return c.State == s && c.Now != nil && c.Now.Channel == a.r.Channel && c.Now.By == a.name()
}
