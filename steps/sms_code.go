package steps

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// SMSCode verifies by a one-time code sent to a telephone or an address on file: a possession factor. The code exists
// only in the run of the step that sent it, so it is bound to the call, the customer and the purpose; whichever way it
// goes, and how often, it is one code with one lifetime and one count of wrong entries.
type SMSCode struct {
	Directory Directory
	Sends     Sends
	// Ways are the ways to send it, in the order in which they are tried.
	Ways []CodeWay
	// Receipts are those of text messages; nil if the gateway sends none.
	Receipts Receipts
	// Digits is the code's length, Lifetime how long it is valid; default 6 and 5 minutes (docs/policy.md#code-by-sms).
	Digits   int
	Lifetime time.Duration
	// Patience is how long a message may take; default a minute (docs/policy.md#otp-entry).
	Patience time.Duration
	// Limits.Rejections is how many wrong entries make it invalid; default 3 (docs/policy.md#otp-entry).
	Limits Limits
}

// CodeWay is one way to send a code.
type CodeWay struct {
	Way    event.Way
	Sender Sender
	// Countries are the regions (ISO 3166) of telephones that codes may go to; none means all.
	Countries []string
}

const (
	// Three silences make the time that a message may take, with reminders in between (docs/policy.md#otp-entry).
	codeSilences = 3
	codePatience = time.Minute
	// missingKey, followed by the hash key, says «I did not get it»: the code goes the next way, or the same one again.
	// resends is how often it may be sent after the first time.
	missingKey = "0"
	resends    = 2
	// anotherKey, followed by the hash key, sends it to another of the customer's numbers.
	anotherKey = "1"
)

// Name implements session.Step.
func (SMSCode) Name() string { return string(event.MethodSMSCode) }

// Run implements session.Step. A customer with nothing on file that may receive a code is not asked.
func (c SMSCode) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	customer, identified := s.Customer()
	if !identified {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	if why := s.Decoy(event.MethodSMSCode); why != "" {
		return session.Skipped(why), nil // no message for a code that proves nothing
	}
	reach, err := c.reachable(ctx, s, customer.ID)
	if err != nil {
		return session.Outcome{}, err
	}
	if len(reach.usual) == 0 {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	sent := &code{
		step: c, customer: customer.ID, reach: reach, digits: newCode(c.Digits), until: s.Now().Add(c.Lifetime),
	}
	defer sent.digits.Wipe()
	ctx, over := context.WithCancel(ctx)
	defer over()
	switch ok, err := sent.goOn(ctx, s); {
	case err != nil:
		return session.Outcome{}, err
	case !ok:
		return session.Failed(event.ReasonSendLimit), nil
	}
	if len(sent.others()) > 0 {
		s.Say("code-other")
	}
	limits := c.Limits
	limits.FirstDigit = c.silence()
	return question{
		prompt: "ask-code", again: "ask-code-again", min: 1, max: c.Digits, limits: limits,
		noInput: "code-reminder", waits: true,
		listen: sent.listen,
		judge:  func(ctx context.Context, entry session.Secret) (attempt, error) { return sent.judge(ctx, s, entry) },
	}.ask(ctx, s, event.ReasonWrongAnswer)
}

// silence is how long a caller may be silent.
func (c SMSCode) silence() time.Duration { return cmp.Or(c.Patience, codePatience) / codeSilences }

// code is the one-time code of a run, and where it went.
type code struct {
	step     SMSCode
	customer string
	reach    reach
	digits   session.Secret
	until    time.Time
	resent   int
	// unsure says that nobody knows whether the last one was sent.
	unsure bool
	delivery
	// next is the index in reach.usual of the destination to try next; last is where the code went last.
	next int
	last destination
}

func (c *code) judge(ctx context.Context, s *session.Session, entry session.Secret) (attempt, error) {
	switch {
	case s.Now().After(c.until):
		return over(session.Failed(event.ReasonVoid)), nil
	case string(entry.Reveal()) == missingKey:
		return c.resend(ctx, s)
	case string(entry.Reveal()) == anotherKey && len(c.others()) > 0:
		return c.another(ctx, s)
	case entry.Len() != c.step.Digits:
		return noMatch, nil
	}
	return judgeSecret(ctx, s, event.MethodSMSCode, func(context.Context) (bool, error) {
		return subtle.ConstantTimeCompare(entry.Reveal(), c.digits.Reveal()) == 1, nil
	})
}

// resend sends the same code the next way. If that is not allowed (yet), the caller is simply asked again.
func (c *code) resend(ctx context.Context, s *session.Session) (attempt, error) {
	if c.resent >= resends {
		return noMatch, nil
	}
	c.resent++
	ok, err := c.goOn(ctx, s)
	return sentAgain(event.WishCode, ok, err)
}

// sentAgain is the attempt of a caller who wanted the code again.
func sentAgain(wish event.Wish, ok bool, err error) (attempt, error) {
	switch {
	case err != nil:
		return attempt{}, err
	case !ok:
		return served(wish, "code-reminder-1", "ask-code-again"), nil
	}
	return served(wish, "ask-code-again"), nil
}

// others are the customer's other numbers that the code can go to.
func (c *code) others() []destination {
	all := slices.DeleteFunc(slices.Clone(c.reach.phones), func(d destination) bool { return d.address == c.last.address })
	return all[:min(len(all), maxOthers)]
}

// another lets the caller choose another number, by its last two digits, and sends the same code there. If it cannot be
// sent there, it goes the usual ways.
func (c *code) another(ctx context.Context, s *session.Session) (attempt, error) {
	if c.resent >= resends {
		return noMatch, nil
	}
	others := c.others()
	say := func() {
		for i, to := range others {
			s.Say("code-other-number")
			s.SayDigits([]byte(to.last2()))
			s.Say("code-other-press")
			s.SayDigits([]byte{byte('1' + i)})
		}
	}
	key, class, err := oneKey{say: say, limits: c.step.Limits}.ask(ctx, s)
	switch {
	case err != nil:
		return attempt{}, err
	case class == session.OptedOut:
		return optedOut, nil
	}
	chosen := int(key) - '1'
	if chosen < 0 || chosen >= len(others) {
		return attempt{result: event.AttemptNoMatch, prompts: []string{"ask-code-again"}}, nil
	}
	c.resent++
	switch state, _, err := c.send(ctx, s, others[chosen]); {
	case err != nil, state != event.CodeNotSent:
		return sentAgain(event.WishNumber, state == event.CodeSentOff, err)
	}
	ok, err := c.goOn(ctx, s)
	return sentAgain(event.WishNumber, ok, err)
}

// goOn sends the code to the next destination that takes it, and queues what the caller hears about it. ok is false if
// only the limits keep it; the error is that nothing could be sent, or that the caller is gone.
func (c *code) goOn(ctx context.Context, s *session.Session) (ok bool, err error) {
	var failed []error
	for range c.reach.usual {
		to := c.reach.usual[c.next]
		c.next = (c.next + 1) % len(c.reach.usual)
		switch state, why, err := c.send(ctx, s, to); {
		case err != nil:
			return false, err
		case state == event.CodeSentOff:
			return true, nil
		case state == event.CodeNotSent:
			failed = append(failed, why)
		}
	}
	return false, errors.Join(failed...)
}

// send sends the code to one destination. why is the failure of a code that could not be sent; err says that the caller
// is gone.
func (c *code) send(
	ctx context.Context, s *session.Session, to destination,
) (state event.CodeState, why, err error) {
	counted := session.Sending{
		Customer: c.customer, Way: to.way.Way, To: to.address, Replaces: c.lost() || c.unsure,
	}
	told := event.CodeSent{Step: c.step.Name(), Way: to.way.Way, Last2: to.last2()}
	defer func() {
		told.State = state
		s.CodeSent(told)
	}()
	if ok, _ := c.step.Sends.MaySend(ctx, counted); !ok {
		return event.CodeLimited, nil, nil
	}
	m := session.Message{
		To: to.address, Language: s.Language(), Line: s.Line().Name, Code: c.digits, Lifetime: c.step.Lifetime,
		Over: ctx.Done(),
	}
	next := c.step.follow(&m, told, s.Now())
	if to.way.Way == event.WayCall {
		m.Audio = map[string]string{}
		for _, p := range session.CodeCallPrompts() {
			m.Audio[p] = s.File(p)
		}
	}
	// To its end, and what is not known to have failed counts: or a caller who hangs up in time orders codes without end.
	_, err = lookUpToTheEnd(ctx, s, func(ctx context.Context) (struct{}, error) {
		why = to.way.Sender.Send(ctx, m)
		return struct{}{}, nil
	})
	if why != nil {
		if maybeSent(why) {
			c.unsure = true
			s.CodeMayHaveCome()
		} else {
			c.step.Sends.NotSent(context.WithoutCancel(ctx), counted)
		}
		return event.CodeNotSent, fmt.Errorf("send a code (%s): %w", to.way.Way, why), err
	}
	to.tell(s, c.last)
	c.last, c.delivery, c.unsure = to, next, false
	return event.CodeSentOff, nil, err
}

// maybeSent says that a code may have been sent all the same.
func maybeSent(why error) bool {
	return errors.Is(why, errTooSlow) || errors.Is(why, context.DeadlineExceeded) || errors.Is(why, context.Canceled)
}

// newCode draws digits without bias.
func newCode(digits int) session.Secret {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic(err) // crypto/rand never fails, as documented
	}
	return session.NewSecret(fmt.Appendf(nil, "%0*d", digits, n))
}
