package whatif

import (
	"context"
	"errors"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// customers is the steps.Directory of a replayed call.
type customers struct{ *player }

var _ steps.Directory = customers{}

// ByPhone implements steps.Directory.
func (c customers) ByPhone(context.Context, string) ([]session.Customer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next > 0 { // keyed
		return c.allKeyed()
	}
	switch s := c.step; {
	case c.gone != nil:
		return nil, c.gone
	case s == nil:
		return nil, c.notRecorded()
	case s.failure != nil:
		return nil, c.fail(s.failure)
	case s.customer != nil:
		return []session.Customer{c.enrolled(*s.customer, s.identified+1)}, nil
	case s.Reason == event.ReasonNotFound:
		return nil, nil
	case s.Reason == event.ReasonSeveral:
		return make([]session.Customer, 2), nil
	}
	return nil, c.giveUp("the caller's number was not looked up")
}

// ByIdentifier implements steps.Directory.
func (c customers) ByIdentifier(context.Context, string, string) (session.Customer, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, err := c.keyed()
	if err != nil || found == nil {
		return session.Customer{}, false, err
	}
	return *found, true, nil
}

// ByKeypad implements steps.Directory.
func (c customers) ByKeypad(context.Context, string, string) ([]session.Customer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allKeyed()
}

// allKeyed are the customers whose number was keyed: those of one that fitted several include whom the next step told
// apart.
func (c customers) allKeyed() ([]session.Customer, error) {
	if s := c.step; c.gone == nil && s != nil && s.Reason == event.ReasonSeveral && c.last() == event.AttemptAccepted {
		c.unchecked = false
		all := []session.Customer{{ID: "one of several"}, {ID: "another of several"}}
		for _, later := range c.rec.steps[s.at:] {
			if later.customer != nil {
				all[0] = c.enrolled(*later.customer, later.identified+1)
				break
			}
		}
		return all, nil
	}
	found, err := c.keyed()
	if err != nil || found == nil {
		return nil, err
	}
	return []session.Customer{*found}, nil
}

// keyed is the customer whose number was keyed, or nil.
func (c customers) keyed() (*session.Customer, error) {
	c.unchecked = false
	switch {
	case c.gone != nil:
		return nil, c.gone
	case c.last() != event.AttemptAccepted:
		return nil, nil
	case c.step.customer == nil && c.step.Reason == event.ReasonSeveral:
		return nil, c.giveUp("what the caller keyed fitted several customers, and the line takes it for one's alone")
	case c.step.customer == nil:
		return nil, c.giveUp("the events do not say who the caller is")
	}
	found := c.enrolled(*c.step.customer, c.step.identified+1)
	return &found, nil
}

// enrolled enrols a customer for every question of the line, except those that had no right answer before because that
// customer was not enrolled. It is the nth that the caller was identified as.
func (c customers) enrolled(customer session.Customer, nth int) session.Customer {
	customer.Enrolled = c.line.questions
	for _, s := range c.rec.steps {
		if s.identified == nth && c.rec.notEnrolled(s) {
			notOnFile := func(kind string) bool { return kind == s.name }
			customer.Enrolled = slices.DeleteFunc(slices.Clone(customer.Enrolled), notOnFile)
		}
	}
	return customer
}

// ByID implements steps.Directory.
func (c customers) ByID(_ context.Context, id string) (session.Customer, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rec.outage {
		return session.Customer{}, false, errFailed
	}
	return c.enrolled(session.Customer{ID: id, Name: c.rec.name}, 1), true, nil
}

// Check implements steps.Directory.
func (c customers) Check(context.Context, string, string, session.Secret) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.step; s != nil && c.last() == event.AttemptRejected && c.next == len(s.Attempts) && s.failure != nil {
		return false, c.fail(s.failure) // the caller was gone when the answer had been checked
	}
	return c.last() == event.AttemptAccepted, c.gone
}

// CheckTOTP implements steps.Directory.
func (c customers) CheckTOTP(
	ctx context.Context, customer string, code session.Secret, _ time.Time,
) (int64, bool, error) {
	ok, err := c.Check(ctx, customer, "", code)
	return 0, ok, err
}

// Phones implements steps.Directory: a number for codes, or the caller's.
func (c customers) Phones(context.Context, string) ([]session.Phone, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	calling := []session.Phone{{E164: c.rec.number()}}
	offer := c.name == remember
	switch s := c.step; {
	case c.gone != nil:
		return nil, c.gone
	case s == nil && offer && c.rec.goneBetween == nil:
		return calling, nil // does not affect the outcome
	case s == nil:
		return nil, c.notRecorded()
	case s.failure != nil && len(s.Attempts) == 0:
		return nil, c.fail(s.failure)
	case s.Reason == event.ReasonNotEnrolled, offer && len(s.Attempts) > 0:
		return nil, nil
	case offer:
		return calling, nil
	}
	return []session.Phone{{E164: "+15550000000"}}, nil
}

// Emails implements steps.Directory. Whichever way a code went, Phones has a number for it: the code and what the
// caller keyed are the same.
func (c customers) Emails(context.Context, string) ([]session.Email, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s := c.step; {
	case c.gone != nil:
		return nil, c.gone
	case s == nil:
		return nil, c.notRecorded()
	case s.failure != nil && len(s.Attempts) == 0:
		return nil, c.fail(s.failure)
	case s.Reason == event.ReasonNotEnrolled:
		return nil, nil
	}
	return []session.Email{{Address: "somebody@example.org"}}, nil
}

// AddPhone implements steps.Directory.
func (c customers) AddPhone(context.Context, string, string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.step != nil && c.step.failure != nil:
		return c.fail(c.step.failure)
	case c.step != nil && c.step.Result == event.StepSkipped:
		return errors.ErrUnsupported
	}
	return c.gone
}

// messages is the steps.Sends, Sender and Once of a replayed call. It sends nothing.
type messages struct{ *player }

// MaySend implements steps.Sends.
func (m messages) MaySend(context.Context, session.Sending) (bool, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.step == nil || m.step.Reason != event.ReasonSendLimit || m.next > 0, time.Time{}
}

// NotSent implements steps.Sends.
func (messages) NotSent(context.Context, session.Sending) {}

// Send implements steps.Sender: the replayed caller learns the code.
func (m messages) Send(_ context.Context, message session.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unchecked = false
	m.code = slices.Clone(message.Code.Reveal())
	return m.gone
}

// Use implements steps.Once.
func (m messages) Use(context.Context, string, time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return true, m.gone
}

// earlier is what was proven before: on the same call, or in another channel.
type earlier struct{ *player }

// Recall implements session.Calls.
func (e earlier) Recall(context.Context, string) (session.Known, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rec.lost {
		return session.Known{}, false, nil
	}
	return session.Known{
		Call: earlierCall, First: e.rec.started.Continues, Channel: e.rec.started.Channel, Line: e.rec.line,
		Proven: e.proven(),
	}, true, nil
}

func (e earlier) proven() session.Proven {
	if e.rec.known == nil {
		return session.Proven{}
	}
	return *e.rec.known
}

// Remember implements session.Calls.
func (earlier) Remember(context.Context, session.Known) error { return nil }

// Redeem implements session.Tokens.
func (e earlier) Redeem(context.Context, session.Secret, string) (session.Proven, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rec.refusal != "" {
		return session.Proven{}, &session.RefusedError{Reason: e.rec.refusal}
	}
	return e.proven(), nil
}

// Issue implements session.Tokens.
func (earlier) Issue(context.Context, session.Known) (string, error) { return "", nil }

// prompts has every prompt, each a file of its name.
type prompts struct{}

// File implements session.Prompts.
func (prompts) File(_, prompt string) (string, bool) { return prompt, true }

// Replaced implements session.Prompts.
func (prompts) Replaced(string, session.Replacement) (string, bool) { return "replaced", true }

// Speak implements session.Prompts.
func (prompts) Speak(context.Context, string, string) (string, func(), error) {
	return "name", func() {}, nil
}
